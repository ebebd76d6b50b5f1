#include "sim/world.h"

#include "base/mem.h"
#include "reactor/reactor.h"

static void on_due(struct timer *t)
{
	struct sim_world *w = container_of(t, struct sim_world, next);

	sim_model_advance(w->model, sim_world_now(w));
	sim_world_touch(w);
}

void sim_world_init(struct sim_world *w, struct reactor *r, struct sim_model *m)
{
	w->reactor = r;
	w->model = m;
	w->state_path = NULL;
	w->zero = reactor_now(r) - sim_model_now(m);
	timer_init(&w->next, r, on_due);
	sim_world_touch(w);
}

void sim_world_fini(struct sim_world *w)
{
	timer_disarm(&w->next);
}

int64_t sim_world_now(const struct sim_world *w)
{
	return reactor_now(w->reactor) - w->zero;
}

void sim_world_touch(struct sim_world *w)
{
	int64_t at = sim_model_next_event(w->model);

	if (at == INT64_MAX)
		timer_disarm(&w->next);
	else if (!timer_armed(&w->next) || w->next.at != w->zero + at)
		timer_arm_at(&w->next, w->zero + at);
}
