#include "sim/model_impl.h"

#include <string.h>

/* creating -> available <-> (in-use while it has attachments)
 *     |           |
 *     |-> error ->|-> deleting -> deleted -> forgotten
 *     '-> deleted (vanished) */

struct sim_volume *sim_volume_new(struct sim_model *m, int64_t now)
{
	struct sim_volume *v = xcalloc(1, sizeof(*v));

	do {
		sim_id_new(m, "vol-", v->id);
	} while (map_get(&m->volumes, v->id));
	v->seq = ++m->seq;
	v->created_at = v->visible_at = now;
	v->available_at = v->failed_at = v->deleting_at = v->deleted_at = SIM_NEVER;
	list_init(&v->live);
	list_init(&v->past);
	return v;
}

void sim_volume_free(struct sim_volume *v)
{
	sim_tags_fini(&v->tags);
	free(v->client_token);
	free(v->kms_key_id);
	free(v->story.v);
	free(v);
}

static bool attached_at(const struct list *list, int64_t at)
{
	list_for_each(l, list)
		if (sim_attachment_status(list_entry(l, struct sim_attachment, on_volume), at))
			return true;
	return false;
}

const char *sim_volume_status(const struct sim_volume *v, int64_t at)
{
	if (at < v->visible_at)
		return NULL;
	if (at >= v->deleted_at)
		return "deleted";
	if (at >= v->deleting_at)
		return "deleting";
	if (at >= v->failed_at)
		return "error";
	if (at < v->available_at)
		return "creating";
	return attached_at(&v->live, at) || attached_at(&v->past, at) ? "in-use" : "available";
}

static struct sim_story_line *story_line(struct sim_story *s)
{
	if (s->n == SIM_STORY_MAX) {
		memmove(s->v, s->v + 1, (s->n - 1) * sizeof(*s->v));
		s->n--;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 8;
		s->v = xrealloc(s->v, s->cap * sizeof(*s->v));
	}
	return &s->v[s->n++];
}

void sim_story_add(struct sim_model *m, struct sim_volume *v, const char *what,
		   const struct sim_attachment *a)
{
	struct sim_story_line *line = story_line(&v->story);

	line->at = m->now;
	line->what = what;
	line->instance_id = a ? a->instance->id : NULL;
	memcpy(line->device, a ? a->device : "", a ? SIM_DEVICE_SIZE : 1);
	sim_trace_add(m, (uint64_t)m->now);
	sim_trace_text(m, v->id);
	sim_trace_text(m, what);
}

void sim_volume_forget(struct sim_model *m, struct sim_volume *v)
{
	sim_event_clear(m, &v->event);
	list_for_each_safe(l, &v->past)
		sim_attachment_free(m, list_entry(l, struct sim_attachment, on_volume));
	map_del(&m->volumes, v->id);
	sim_order_remove(&m->volume_order, v->seq);
	sim_volume_free(v);
}

static void forget(struct sim_model *m, struct sim_event *e)
{
	sim_volume_forget(m, container_of(e, struct sim_volume, event));
}

void sim_volume_gone(struct sim_model *m, struct sim_volume *v)
{
	v->deleted_at = m->now;
	sim_times_done(m, v->create_time, "deleted");
	sim_times_done(m, v->delete_time, "deleted");
	if (!v->root) {
		m->n_volumes--;
		m->storage[sim_volume_type_index(v->type)] -= v->size;
	}
	if (v->backed && m->hooks.deleted)
		m->hooks.deleted(m->hooks.ctx, v->id);
	v->backed = false;
	sim_event_set(m, &v->event, m->now + m->config.keep_ms, forget);
}

static void created(struct sim_model *m, struct sim_event *e)
{
	struct sim_volume *v = container_of(e, struct sim_volume, event);

	if (v->fate == SIM_FATE_VANISH) {
		sim_story_add(m, v, "vanished", NULL);
		sim_volume_gone(m, v);
		return;
	}
	if (v->fate == SIM_FATE_ERROR) {
		v->failed_at = m->now;
		sim_times_done(m, v->create_time, "error");
		sim_story_add(m, v, "error", NULL);
		return;
	}
	v->available_at = m->now;
	sim_times_done(m, v->create_time, "available");
	v->backed = true;
	if (m->hooks.created)
		m->hooks.created(m->hooks.ctx, v->id, v->size);
	sim_story_add(m, v, "available", NULL);
}

void sim_volume_start(struct sim_model *m, struct sim_volume *v)
{
	map_put(&m->volumes, v->id, v);
	sim_order_add(&m->volume_order, v->seq, v);
	m->n_volumes++;
	m->storage[sim_volume_type_index(v->type)] += v->size;
	v->create_time = sim_times_asked(m, SIM_TIMED_CREATE, v, NULL);
	sim_story_add(m, v, "create", NULL);
	sim_event_set(m, &v->event, m->now + sim_state_time(m, SIM_TIMED_CREATE), created);
}

static void deleted(struct sim_model *m, struct sim_event *e)
{
	struct sim_volume *v = container_of(e, struct sim_volume, event);

	sim_story_add(m, v, "deleted", NULL);
	sim_volume_gone(m, v);
}

void sim_volume_delete(struct sim_model *m, struct sim_volume *v)
{
	v->deleting_at = m->now;
	v->delete_time = sim_times_asked(m, SIM_TIMED_DELETE, v, NULL);
	sim_story_add(m, v, "delete", NULL);
	sim_event_set(m, &v->event, m->now + sim_state_time(m, SIM_TIMED_DELETE), deleted);
}

bool sim_volume_rearm(struct sim_model *m, struct sim_volume *v, int64_t at, uint64_t seq)
{
	if (v->deleted_at != SIM_NEVER)
		sim_event_restore(m, &v->event, at, seq, forget);
	else if (v->deleting_at != SIM_NEVER)
		sim_event_restore(m, &v->event, at, seq, deleted);
	else if (v->available_at == SIM_NEVER && v->failed_at == SIM_NEVER)
		sim_event_restore(m, &v->event, at, seq, created);
	else
		return false;
	return true;
}

struct sim_volume *sim_volume_find(struct sim_call *c, const char *id)
{
	struct sim_volume *v;

	if (sim_id_check(c, id, "volume") < 0)
		return NULL;
	v = map_get(&c->m->volumes, id);
	if (!v || c->now < v->visible_at || c->now >= v->deleted_at) {
		sim_refuse(c, "InvalidVolume.NotFound", "The volume '%s' does not exist.", id);
		return NULL;
	}
	return v;
}
