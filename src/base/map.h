/* Hash map from byte strings to pointers (uthash inside). Keys are copied;
 * values belong to the caller. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

struct map_entry;

struct map {
	struct map_entry *head;	/* insertion order */
};

/* A zeroed struct map is empty. */
void map_init(struct map *m);
void map_fini(struct map *m);	/* frees the entries, not the values */
size_t map_count(const struct map *m);

void *map_get(const struct map *m, const char *key);	/* NULL: absent */
void *map_getn(const struct map *m, const void *key, size_t n);
/* Sets, replacing; returns the value that was there before, or NULL. */
void *map_put(struct map *m, const char *key, void *value);
void *map_putn(struct map *m, const void *key, size_t n, void *value);
void *map_del(struct map *m, const char *key);	/* the value removed, or NULL */
void *map_deln(struct map *m, const void *key, size_t n);

/* Iteration in insertion order; the body may delete the current entry.
 * void *v; const char *k; struct map_iter it = {0};
 * while (map_next(&m, &it, &k, &v)) … */
struct map_iter {
	struct map_entry *next;
	int started;
};
int map_next(const struct map *m, struct map_iter *it, const char **key, void **value);

#endif
