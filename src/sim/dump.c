/* The model as JSON and the story of a volume, for people and checkers. */
#include "sim/model_impl.h"

#include <string.h>

#include "base/encode.h"

static void key_text(struct buf *b, const char *key, const char *value)
{
	if (b->len && !strchr("{[", b->data[b->len - 1]))
		buf_addc(b, ',');
	encode_json(b, str_c(key));
	buf_addc(b, ':');
	if (value)
		encode_json(b, str_c(value));
	else
		buf_adds(b, "null");
}

static void key_int(struct buf *b, const char *key, int64_t value)
{
	if (b->len && !strchr("{[", b->data[b->len - 1]))
		buf_addc(b, ',');
	encode_json(b, str_c(key));
	buf_printf(b, ":%lld", (long long)value);
}

/* Times that were never reached are left out. */
static void key_time(struct buf *b, const char *key, int64_t at)
{
	if (at != SIM_NEVER)
		key_int(b, key, at);
}

static void open_item(struct buf *b, char c)
{
	if (b->len && !strchr("{[:", b->data[b->len - 1]))
		buf_addc(b, ',');
	buf_addc(b, c);
}

static void dump_attachments(const struct sim_model *m, const struct list *list, struct buf *b)
{
	list_for_each(l, list) {
		const struct sim_attachment *a =
			list_entry(l, struct sim_attachment, on_volume);

		open_item(b, '{');
		key_text(b, "instance", a->instance->id);
		key_text(b, "device", a->device);
		key_text(b, "status", cstr_or(sim_attachment_status(a, m->now), "detached"));
		key_time(b, "attaching_ms", a->attaching_at);
		key_time(b, "attached_ms", a->attached_at);
		key_time(b, "detaching_ms", a->detaching_at);
		key_time(b, "busy_ms", a->busy_at);
		key_time(b, "detached_ms", a->detached_at);
		buf_addc(b, '}');
	}
}

static void dump_tags(const struct sim_tags *t, struct buf *b)
{
	buf_adds(b, ",\"tags\":{");
	for (size_t i = 0; i < t->n; i++)
		key_text(b, t->v[i].key, t->v[i].value);
	buf_addc(b, '}');
}

static void dump_volume(const struct sim_model *m, const struct sim_volume *v, struct buf *b)
{
	open_item(b, '{');
	key_text(b, "id", v->id);
	key_text(b, "status", cstr_or(sim_volume_status(v, m->now), "creating"));
	key_text(b, "type", v->type->name);
	key_text(b, "zone", v->zone->name);
	key_int(b, "size", v->size);
	key_int(b, "root", v->root);
	key_time(b, "created_ms", v->created_at);
	key_time(b, "available_ms", v->available_at);
	key_time(b, "failed_ms", v->failed_at);
	key_time(b, "deleting_ms", v->deleting_at);
	key_time(b, "deleted_ms", v->deleted_at);
	dump_tags(&v->tags, b);
	buf_adds(b, ",\"attachments\":[");
	dump_attachments(m, &v->past, b);
	dump_attachments(m, &v->live, b);
	buf_adds(b, "]}");
}

static void dump_instance(const struct sim_instance *i, struct buf *b)
{
	open_item(b, '{');
	key_text(b, "id", i->id);
	key_text(b, "type", i->type);
	key_text(b, "zone", i->zone->name);
	key_text(b, "state", i->state->name);
	key_int(b, "attachments", (int64_t)i->n_live);
	buf_addc(b, '}');
}

void sim_model_dump_json(const struct sim_model *m, struct buf *out)
{
	open_item(out, '{');
	key_int(out, "now_ms", m->now);
	key_text(out, "region", m->region);
	buf_adds(out, ",\"instances\":[");
	for (size_t i = 0; i < m->instance_order.len; i++)
		if (m->instance_order.v[i])
			dump_instance(m->instance_order.v[i], out);
	buf_adds(out, "],\"volumes\":[");
	for (size_t i = 0; i < m->volume_order.len; i++)
		if (m->volume_order.v[i])
			dump_volume(m, m->volume_order.v[i], out);
	buf_adds(out, "]}");
}

void sim_model_story(const struct sim_model *m, const char *volume_id, struct buf *out)
{
	const struct sim_volume *v = map_get(&m->volumes, volume_id);

	for (size_t i = 0; v && i < v->story.n; i++) {
		const struct sim_story_line *line = &v->story.v[i];

		buf_printf(out, "%lld %s", (long long)line->at, line->what);
		if (line->instance_id)
			buf_printf(out, " %s %s", line->instance_id, line->device);
		buf_addc(out, '\n');
	}
}
