#include "base/heap.h"

#include <string.h>

#include "base/mem.h"

void heap_init(struct heap *h, heap_less *less)
{
	memset(h, 0, sizeof(*h));
	h->less = less;
}

void heap_fini(struct heap *h)
{
	free(h->nodes);
	heap_init(h, h->less);
}

static void place(struct heap *h, struct heap_node *n, size_t i)
{
	h->nodes[i] = n;
	n->pos = i + 1;
}

static void sift_up(struct heap *h, struct heap_node *n)
{
	size_t i = n->pos - 1;

	while (i > 0) {
		size_t up = (i - 1) / 2;

		if (!h->less(n, h->nodes[up]))
			break;
		place(h, h->nodes[up], i);
		i = up;
	}
	place(h, n, i);
}

static void sift_down(struct heap *h, struct heap_node *n)
{
	size_t i = n->pos - 1;

	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid >= h->len)
			break;
		if (kid + 1 < h->len && h->less(h->nodes[kid + 1], h->nodes[kid]))
			kid++;
		if (!h->less(h->nodes[kid], n))
			break;
		place(h, h->nodes[kid], i);
		i = kid;
	}
	place(h, n, i);
}

void heap_push(struct heap *h, struct heap_node *n)
{
	if (h->len == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->nodes = xrealloc(h->nodes, h->cap * sizeof(*h->nodes));
	}
	place(h, n, h->len++);
	sift_up(h, n);
}

void heap_remove(struct heap *h, struct heap_node *n)
{
	struct heap_node *last;
	size_t i;

	if (n->pos == 0)
		return;
	i = n->pos - 1;
	n->pos = 0;
	last = h->nodes[--h->len];
	if (last == n)
		return;
	place(h, last, i);
	heap_moved(h, last);
}

void heap_moved(struct heap *h, struct heap_node *n)
{
	sift_up(h, n);
	sift_down(h, n);
}

struct heap_node *heap_top(const struct heap *h)
{
	return h->len ? h->nodes[0] : NULL;
}
