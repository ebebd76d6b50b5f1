#include "sim/model_impl.h"

#include <stdio.h>

/* attaching -> attached -> detaching -> (busy) -> detached -> forgotten
 *     '----------------------^ */

const char *sim_attachment_status(const struct sim_attachment *a, int64_t at)
{
	if (at < a->attaching_at || at >= a->detached_at)
		return NULL;
	if (at >= a->busy_at)
		return "busy";
	if (at >= a->detaching_at)
		return "detaching";
	return at >= a->attached_at ? "attached" : "attaching";
}

struct sim_attachment *sim_attachment_new(struct sim_model *m, struct sim_volume *v,
					  struct sim_instance *i, const char *device)
{
	struct sim_attachment *a = xcalloc(1, sizeof(*a));

	a->volume = v;
	a->instance = i;
	snprintf(a->device, sizeof(a->device), "%s", device);
	a->seq = ++m->seq;
	a->attaching_at = m->now;
	a->attached_at = a->detaching_at = a->busy_at = a->detached_at = SIM_NEVER;
	list_add_tail(&v->live, &a->on_volume);
	list_add_tail(&i->live, &a->on_instance);
	i->n_live++;
	return a;
}

void sim_attachment_free(struct sim_model *m, struct sim_attachment *a)
{
	sim_event_clear(m, &a->event);
	list_del(&a->on_volume);
	list_del(&a->on_instance);
	free(a);
}

void sim_attachment_settle(struct sim_model *m, struct sim_attachment *a)
{
	a->attached_at = m->now;
	sim_times_done(m, a->attach_time, "attached");
	sim_story_add(m, a->volume, "attached", a);
}

static void attached(struct sim_model *m, struct sim_event *e)
{
	struct sim_attachment *a = container_of(e, struct sim_attachment, event);

	if (m->hooks.attach && !m->hooks.attach(m->hooks.ctx, a->volume->id, a->instance->id,
						a->device)) {
		sim_event_set(m, e, m->now + SIM_HOOK_RETRY_MS, attached);
		return;
	}
	a->backed = true;
	sim_attachment_settle(m, a);
}

void sim_attachment_start(struct sim_model *m, struct sim_attachment *a)
{
	a->attach_time = sim_times_asked(m, SIM_TIMED_ATTACH, a->volume, a->instance);
	sim_story_add(m, a->volume, "attach", a);
	if (!a->stuck)
		sim_event_set(m, &a->event, m->now + sim_state_time(m, SIM_TIMED_ATTACH), attached);
}

static void forget(struct sim_model *m, struct sim_event *e)
{
	sim_attachment_free(m, container_of(e, struct sim_attachment, event));
}

void sim_attachment_retire(struct sim_attachment *a)
{
	list_del(&a->on_volume);
	list_add_tail(&a->volume->past, &a->on_volume);
	list_del(&a->on_instance);
	list_add_tail(&a->instance->past, &a->on_instance);
	a->instance->n_live--;
}

void sim_attachment_drop(struct sim_model *m, struct sim_attachment *a)
{
	a->detached_at = m->now;
	sim_times_done(m, a->attach_time, "detached");
	sim_times_done(m, a->detach_time, "detached");
	sim_attachment_retire(a);
	sim_story_add(m, a->volume, "detached", a);
	sim_event_set(m, &a->event, m->now + m->config.keep_ms, forget);
}

/* The guest lets go of it; false while it does not. */
static bool release(struct sim_model *m, struct sim_attachment *a)
{
	if (a->backed && m->hooks.detach &&
	    !m->hooks.detach(m->hooks.ctx, a->volume->id, a->instance->id, a->force))
		return false;
	a->backed = false;
	return true;
}

void sim_attachment_release(struct sim_model *m, struct sim_attachment *a)
{
	a->force = true;
	release(m, a);
}

static void detached(struct sim_model *m, struct sim_event *e)
{
	struct sim_attachment *a = container_of(e, struct sim_attachment, event);

	if (release(m, a)) {
		sim_attachment_drop(m, a);
		return;
	}
	if (a->busy_at == SIM_NEVER) {
		a->busy_at = m->now;
		sim_story_add(m, a->volume, "busy", a);
	}
	sim_event_set(m, e, m->now + SIM_HOOK_RETRY_MS, detached);
}

void sim_attachment_detach(struct sim_model *m, struct sim_attachment *a, bool force)
{
	bool first = a->detaching_at == SIM_NEVER;

	a->force |= force;
	if (first) {
		a->detaching_at = m->now;
		a->detach_time = sim_times_asked(m, SIM_TIMED_DETACH, a->volume, a->instance);
	}
	sim_story_add(m, a->volume, force ? "detach by force" : "detach", a);
	sim_event_clear(m, &a->event);
	if (a->stuck && !force)
		return;
	sim_event_set(m, &a->event, m->now + sim_state_time(m, SIM_TIMED_DETACH), detached);
}

bool sim_attachment_rearm(struct sim_model *m, struct sim_attachment *a, int64_t at,
			  uint64_t seq)
{
	if (a->detached_at != SIM_NEVER)
		sim_event_restore(m, &a->event, at, seq, forget);
	else if (a->detaching_at != SIM_NEVER)
		sim_event_restore(m, &a->event, at, seq, detached);
	else if (a->attached_at == SIM_NEVER)
		sim_event_restore(m, &a->event, at, seq, attached);
	else
		return false;
	return true;
}
