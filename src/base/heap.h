/* Intrusive binary min-heap. The owner embeds a struct heap_node. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap_node {
	size_t pos;	/* 1-based place in the heap; 0 = not in it */
};

typedef bool heap_less(const struct heap_node *a, const struct heap_node *b);

struct heap {
	struct heap_node **nodes;
	size_t len, cap;
	heap_less *less;
};

void heap_init(struct heap *h, heap_less *less);
void heap_fini(struct heap *h);	/* frees the table, not the nodes */
void heap_push(struct heap *h, struct heap_node *n);
void heap_remove(struct heap *h, struct heap_node *n);	/* no-op if not in it */
void heap_moved(struct heap *h, struct heap_node *n);	/* its key has changed */
struct heap_node *heap_top(const struct heap *h);	/* NULL when empty */

#endif
