/* Memory that lives as long as one call: many allocations, one release. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/mem.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;	/* newest first; NULL when empty */
	size_t used;			/* bytes handed out */
};

/* A zeroed struct arena is an empty one. */
void arena_init(struct arena *a);
void arena_fini(struct arena *a);	/* releases everything; a is empty again */

/* Zeroed, aligned for any type; never NULL. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t n, size_t size);
char *arena_str(struct arena *a, const char *s);	/* NULL stays NULL */
char *arena_strn(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
