#include "sim/model_impl.h"

#include <string.h>

void sim_order_add(struct sim_order *o, uint64_t seq, void *object)
{
	if (o->len == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 64;
		o->v = xrealloc(o->v, o->cap * sizeof(*o->v));
		o->seq = xrealloc(o->seq, o->cap * sizeof(*o->seq));
	}
	o->v[o->len] = object;
	o->seq[o->len++] = seq;
}

size_t sim_order_after(const struct sim_order *o, uint64_t seq)
{
	size_t low = 0, high = o->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (o->seq[mid] <= seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void compact(struct sim_order *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->len; i++) {
		if (!o->v[i])
			continue;
		o->v[kept] = o->v[i];
		o->seq[kept++] = o->seq[i];
	}
	o->len = kept;
	o->holes = 0;
}

void sim_order_remove(struct sim_order *o, uint64_t seq)
{
	size_t i = sim_order_after(o, seq);

	if (i == 0 || o->seq[i - 1] != seq || !o->v[i - 1])
		return;
	o->v[i - 1] = NULL;
	if (++o->holes > 32 && o->holes > o->len / 2)
		compact(o);
}

void sim_order_fini(struct sim_order *o)
{
	free(o->v);
	free(o->seq);
	memset(o, 0, sizeof(*o));
}
