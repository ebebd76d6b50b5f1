#include "sim/model_impl.h"

static bool event_less(const struct heap_node *a, const struct heap_node *b)
{
	const struct sim_event *x = container_of(a, const struct sim_event, node);
	const struct sim_event *y = container_of(b, const struct sim_event, node);

	return x->at != y->at ? x->at < y->at : x->seq < y->seq;
}

void sim_events_init(struct sim_model *m)
{
	heap_init(&m->events, event_less);
}

void sim_event_restore(struct sim_model *m, struct sim_event *e, int64_t at, uint64_t seq,
		       void (*fire)(struct sim_model *m, struct sim_event *e))
{
	heap_remove(&m->events, &e->node);
	e->at = at;
	e->seq = seq;
	e->fire = fire;
	heap_push(&m->events, &e->node);
}

void sim_event_set(struct sim_model *m, struct sim_event *e, int64_t at,
		   void (*fire)(struct sim_model *m, struct sim_event *e))
{
	sim_event_restore(m, e, at, ++m->seq, fire);
}

void sim_event_clear(struct sim_model *m, struct sim_event *e)
{
	heap_remove(&m->events, &e->node);
}

int64_t sim_model_next_event(const struct sim_model *m)
{
	struct heap_node *top = heap_top(&m->events);

	return top ? container_of(top, struct sim_event, node)->at : SIM_NEVER;
}

void sim_model_advance(struct sim_model *m, int64_t now)
{
	while (sim_model_next_event(m) <= now) {
		struct sim_event *e = container_of(heap_top(&m->events), struct sim_event, node);

		heap_remove(&m->events, &e->node);
		if (e->at > m->now)
			m->now = e->at;
		e->fire(m, e);
	}
	if (now > m->now)
		m->now = now;
}
