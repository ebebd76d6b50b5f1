#include "base/map.h"

#include <string.h>

#include "base/mem.h"

#define HASH_FUNCTION HASH_SFH
#define uthash_fatal(msg) abort()
#include <uthash.h>

struct map_entry {
	UT_hash_handle hh;
	void *value;
	size_t n;
	char key[];	/* n bytes and a NUL */
};

void map_init(struct map *m)
{
	m->head = NULL;
}

void map_fini(struct map *m)
{
	struct map_entry *e = m->head;

	/* HASH_CLEAR frees the table only and leaves the chain walkable. */
	HASH_CLEAR(hh, m->head);
	while (e) {
		struct map_entry *next = e->hh.next;

		free(e);
		e = next;
	}
}

size_t map_count(const struct map *m)
{
	return HASH_COUNT(m->head);
}

static struct map_entry *find(const struct map *m, const void *key, size_t n)
{
	struct map_entry *e = NULL;

	HASH_FIND(hh, m->head, key, n, e);
	return e;
}

void *map_getn(const struct map *m, const void *key, size_t n)
{
	struct map_entry *e = find(m, key, n);

	return e ? e->value : NULL;
}

void *map_get(const struct map *m, const char *key)
{
	return map_getn(m, key, strlen(key));
}

void *map_putn(struct map *m, const void *key, size_t n, void *value)
{
	struct map_entry *e = find(m, key, n);
	void *old = NULL;

	if (e) {
		old = e->value;
		e->value = value;
		return old;
	}
	e = xcalloc(1, sizeof(*e) + n + 1);
	e->value = value;
	e->n = n;
	if (n)
		memcpy(e->key, key, n);
	HASH_ADD_KEYPTR(hh, m->head, e->key, e->n, e);
	return NULL;
}

void *map_put(struct map *m, const char *key, void *value)
{
	return map_putn(m, key, strlen(key), value);
}

void *map_deln(struct map *m, const void *key, size_t n)
{
	struct map_entry *e = find(m, key, n);
	void *old;

	if (!e)
		return NULL;
	old = e->value;
	HASH_DEL(m->head, e);
	free(e);
	return old;
}

void *map_del(struct map *m, const char *key)
{
	return map_deln(m, key, strlen(key));
}

int map_next(const struct map *m, struct map_iter *it, const char **key, void **value)
{
	struct map_entry *e = it->started ? it->next : m->head;

	it->started = 1;
	if (!e)
		return 0;
	it->next = e->hh.next;
	if (key)
		*key = e->key;
	if (value)
		*value = e->value;
	return 1;
}
