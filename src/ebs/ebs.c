#include "ebs/ebs.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/defect.h"
#include "base/mem.h"
#include "ebs/impl.h"

#define HOUR_MS (3600 * 1000)

struct ebs *ebs_new(struct reactor *r, struct ec2 *ec2, const struct ebs_options *options)
{
	struct ebs *e = xcalloc(1, sizeof(*e));

	e->reactor = r;
	e->started = reactor_now(r);
	e->ec2 = ec2;
	e->linger_ms = options && options->linger_ms ? options->linger_ms : EBS_LINGER_MS;
	list_init(&e->zone_waiters);
	e->volumes = poller_new(r, ec2, &poll_volumes);
	e->instances = poller_new(r, ec2, &poll_instances);
	device_names_init(&e->names);
	map_init(&e->jobs);
	map_init(&e->by_volume);
	list_init(&e->all_jobs);
	memo_init(&e->created, 10000, e->linger_ms);
	memo_init(&e->tokens, 10000, 12 * HOUR_MS);
	memo_init(&e->deleted, 10000, e->linger_ms);
	memo_init(&e->young, 10000, 60 * 1000);
	memo_init(&e->detached, 10000, e->linger_ms);
	memo_init(&e->max_iops, 1000, 12 * HOUR_MS);
	return e;
}

void ebs_stop(struct ebs *e)
{
	e->stopped = true;
	list_for_each(l, &e->all_jobs)
		op_cancel(&list_entry(l, struct job, link)->op, GRPC_UNAVAILABLE,
			  "shutting down");
	zones_stop(e);
	poller_stop(e->volumes);
	poller_stop(e->instances);
	ec2_stop(e->ec2);
}

bool ebs_idle(const struct ebs *e)
{
	return list_empty(&e->all_jobs) && poller_idle(e->volumes) &&
	       poller_idle(e->instances) && !e->zones_call;
}

void ebs_free(struct ebs *e)
{
	if (!e)
		return;
	assert(ebs_idle(e));
	poller_free(e->volumes);
	poller_free(e->instances);
	device_names_fini(&e->names);
	map_fini(&e->jobs);
	map_fini(&e->by_volume);
	memo_fini(&e->created);
	memo_fini(&e->tokens);
	memo_fini(&e->deleted);
	memo_fini(&e->young);
	memo_fini(&e->detached);
	memo_fini(&e->max_iops);
	arena_fini(&e->zones_arena);
	free(e);
}

void ebs_dump_json(const struct ebs *e, struct buf *out)
{
	buf_printf(out, "{\"jobs\":%zu,\"nodes\":%zu,\"volumes\":", e->n_jobs,
		   map_count(&e->names.nodes));
	poller_dump_json(e->volumes, out);
	buf_adds(out, ",\"instances\":");
	poller_dump_json(e->instances, out);
	buf_adds(out, "}");
}

bool ebs_is_young(const struct ebs *e, const char *volume_id, int64_t at)
{
	int64_t now = ebs_now(e), age = memo_age(&e->young, volume_id, now);

	return !DEFECT(young_absence_believed) && age != INT64_MAX && age - (now - at) < SETTLE_MS;
}

bool ebs_is_new_here(const struct ebs *e, int64_t at)
{
	return !DEFECT(young_absence_believed) && at - e->started < SETTLE_MS;
}

/* ---- EC2's clock ---- */

int64_t ebs_clock(const struct ebs *e)
{
	return e->ec2_told ? e->ec2_told + (ebs_now(e) - e->ec2_told_at) : 0;
}

void ebs_clock_saw(struct ebs *e, int64_t ec2_ms)
{
	if (ec2_ms <= ebs_clock(e))
		return;
	e->ec2_told = ec2_ms;
	e->ec2_told_at = ebs_now(e);
}

/* ---- ids ---- */

static bool is_id(const char *id, const char *prefix)
{
	size_t n = strlen(prefix), hex;

	if (!id || strncmp(id, prefix, n) != 0)
		return false;
	hex = strspn(id + n, "0123456789abcdef");
	return (hex == 8 || hex == 17) && id[n + hex] == '\0';
}

bool ebs_is_volume_id(const char *id)
{
	return is_id(id, "vol-");
}

bool ebs_is_instance_id(const char *id)
{
	return is_id(id, "i-");
}

/* ---- reading a volume ---- */

static const struct ec2_attachment *attachment_of(const struct ec2_volume *v,
						  const char *instance_id)
{
	for (size_t i = 0; i < v->attachments.n; i++)
		if (cstr_eq(v->attachments.v[i].instance_id, instance_id))
			return &v->attachments.v[i];
	return NULL;
}

static void read_others(struct volume_view *view, const struct ec2_volume *v,
			const char *instance_id)
{
	for (size_t i = 0; i < v->attachments.n; i++) {
		const struct ec2_attachment *at = &v->attachments.v[i];

		if (instance_id && cstr_eq(at->instance_id, instance_id))
			continue;
		if (cstr_eq(at->status, "detached"))
			continue;
		if (cstr_eq(at->status, "detaching") || cstr_eq(at->status, "busy")) {
			view->leaving = true;
			continue;
		}
		snprintf(view->holder, sizeof(view->holder), "%s",
			 cstr_or(at->instance_id, cstr_or(at->associated_resource, "?")));
	}
}

void volume_view_read(struct volume_view *view, const struct ec2_volume *v,
		      const char *instance_id)
{
	const struct ec2_attachment *at;

	memset(view, 0, sizeof(*view));
	if (!v)
		return;
	view->exists = true;
	view->multi = v->multi_attach_enabled == YES;
	snprintf(view->status, sizeof(view->status), "%s", cstr_or(v->status, ""));
	read_others(view, v, instance_id);
	at = instance_id ? attachment_of(v, instance_id) : NULL;
	if (!at || cstr_eq(at->status, "detached"))
		return;
	snprintf(view->here, sizeof(view->here), "%s", cstr_or(at->status, "?"));
	snprintf(view->device, sizeof(view->device), "%s", cstr_or(at->device, ""));
	view->attach_time = at->attach_time;
}

static void copy_tags(struct arena *a, struct ec2_tags *to, const struct ec2_tags *from)
{
	to->n = from->n;
	to->v = arena_array(a, from->n, sizeof(*to->v));
	for (size_t i = 0; i < from->n; i++) {
		to->v[i].key = arena_str(a, from->v[i].key);
		to->v[i].value = arena_str(a, from->v[i].value);
	}
}

static void copy_attachment(struct arena *a, struct ec2_attachment *to,
			    const struct ec2_attachment *from)
{
	*to = *from;
	to->volume_id = arena_str(a, from->volume_id);
	to->instance_id = arena_str(a, from->instance_id);
	to->device = arena_str(a, from->device);
	to->status = arena_str(a, from->status);
	to->associated_resource = arena_str(a, from->associated_resource);
	to->instance_owning_service = arena_str(a, from->instance_owning_service);
}

void volume_copy(struct arena *a, struct ec2_volume *to, const struct ec2_volume *from)
{
	*to = *from;
	to->volume_id = arena_str(a, from->volume_id);
	to->status = arena_str(a, from->status);
	to->availability_zone = arena_str(a, from->availability_zone);
	to->availability_zone_id = arena_str(a, from->availability_zone_id);
	to->volume_type = arena_str(a, from->volume_type);
	to->snapshot_id = arena_str(a, from->snapshot_id);
	to->source_volume_id = arena_str(a, from->source_volume_id);
	to->kms_key_id = arena_str(a, from->kms_key_id);
	to->outpost_arn = arena_str(a, from->outpost_arn);
	copy_tags(a, &to->tags, &from->tags);
	to->attachments.v = arena_array(a, from->attachments.n, sizeof(*to->attachments.v));
	for (size_t i = 0; i < from->attachments.n; i++)
		copy_attachment(a, &to->attachments.v[i], &from->attachments.v[i]);
}
