/* Objects of the model as EC2 shows them, as of a time. Everything is copied: an
 * answer outlives what it tells of. */
#include "sim/model_impl.h"

#include <ctype.h>
#include <string.h>

static int64_t wall(const struct sim_model *m, int64_t at)
{
	return m->config.epoch_ms + at;
}

int64_t sim_read_time(struct sim_call *c)
{
	const struct sim_rule *stale = sim_rule_hit(c, SIM_FAULT_STALE);
	int64_t back;

	if (!stale)
		return c->now;
	back = (int64_t)sim_rng_below(&c->m->rng, (uint64_t)stale->f.delay_ms + 1);
	return c->now - back;
}

void sim_view_attachment(const struct sim_model *m, const struct sim_attachment *a,
			 const char *status, struct arena *arena, struct ec2_attachment *ret)
{
	ret->volume_id = arena_str(arena, a->volume->id);
	ret->instance_id = arena_str(arena, a->instance->id);
	ret->device = arena_str(arena, a->device);
	ret->status = status;
	ret->attach_time = wall(m, a->attaching_at);
	ret->ebs_card_index = a->card;
	ret->delete_on_termination = a->volume->root ? YES : NO;
}

static size_t view_attachments(const struct sim_model *m, const struct list *list, int64_t at,
			       struct arena *arena, struct ec2_attachment *ret)
{
	size_t n = 0;

	list_for_each(l, list) {
		const struct sim_attachment *a =
			list_entry(l, struct sim_attachment, on_volume);
		const char *status = sim_attachment_status(a, at);

		if (!status)
			continue;
		if (ret)
			sim_view_attachment(m, a, status, arena, &ret[n]);
		n++;
	}
	return n;
}

void sim_view_volume(const struct sim_model *m, const struct sim_volume *v, int64_t at,
		     struct arena *arena, struct ec2_volume *ret)
{
	size_t past = at < m->now ? view_attachments(m, &v->past, at, arena, NULL) : 0;
	size_t n = past + view_attachments(m, &v->live, at, arena, NULL);

	ret->volume_id = arena_str(arena, v->id);
	ret->status = sim_volume_status(v, at);
	ret->availability_zone = arena_str(arena, v->zone->name);
	ret->availability_zone_id = arena_str(arena, v->zone->id);
	ret->volume_type = v->type->name;
	ret->kms_key_id = arena_str(arena, v->kms_key_id);
	ret->size = v->size;
	ret->iops = v->iops;
	ret->throughput = v->throughput;
	ret->create_time = wall(m, v->created_at);
	ret->encrypted = v->encrypted ? YES : NO;
	ret->multi_attach_enabled = v->multi_attach ? YES : NO;
	ret->tags = sim_tags_copy(&v->tags, arena);
	if (!n)
		return;
	ret->attachments.v = arena_array(arena, n, sizeof(*ret->attachments.v));
	ret->attachments.n = n;
	if (past)
		view_attachments(m, &v->past, at, arena, ret->attachments.v);
	view_attachments(m, &v->live, at, arena, ret->attachments.v + past);
}

/* ---- instances ---- */

static size_t view_devices(const struct sim_model *m, const struct list *list, int64_t at,
			   struct arena *arena, struct ec2_block_device *ret)
{
	size_t n = 0;

	list_for_each(l, list) {
		const struct sim_attachment *a =
			list_entry(l, struct sim_attachment, on_instance);
		const char *status = sim_attachment_status(a, at);

		if (!status)
			continue;
		if (ret) {
			ret[n].device_name = arena_str(arena, a->device);
			ret[n].volume_id = arena_str(arena, a->volume->id);
			/* instances know no "busy" */
			ret[n].status = strcmp(status, "busy") == 0 ? "detaching" : status;
			ret[n].attach_time = wall(m, a->attaching_at);
			ret[n].ebs_card_index = a->card;
			ret[n].delete_on_termination = a->volume->root ? YES : NO;
		}
		n++;
	}
	return n;
}

/* "m6g.large", "t4g.nano", "a1.medium", "c7gd.metal": a g after the generation. */
static const char *architecture(const char *type)
{
	const char *p = type;

	while (isalpha((unsigned char)*p))
		p++;
	while (isdigit((unsigned char)*p))
		p++;
	return *p == 'g' || strncmp(type, "a1.", 3) == 0 ? "arm64" : "x86_64";
}

static void view_mapping(const struct sim_model *m, const struct sim_instance *i, int64_t at,
			 struct arena *arena, struct ec2_instance *ret)
{
	size_t past = at < m->now ? view_devices(m, &i->past, at, arena, NULL) : 0;
	size_t n = past + view_devices(m, &i->live, at, arena, NULL);

	if (!n)
		return;
	ret->block_devices.v = arena_array(arena, n, sizeof(*ret->block_devices.v));
	ret->block_devices.n = n;
	if (past)
		view_devices(m, &i->past, at, arena, ret->block_devices.v);
	view_devices(m, &i->live, at, arena, ret->block_devices.v + past);
}

void sim_view_instance(const struct sim_model *m, const struct sim_instance *i, int64_t at,
		       struct arena *arena, struct ec2_reservation *ret)
{
	struct ec2_instance *view = arena_alloc(arena, sizeof(*view));

	ret->reservation_id = arena_str(arena, i->reservation_id);
	ret->owner_id = arena_str(arena, m->account);
	ret->instances.v = view;
	ret->instances.n = 1;
	view->instance_id = arena_str(arena, i->id);
	view->instance_type = arena_str(arena, i->type);
	view->state = i->state->name;
	view->state_code = i->state->code;
	view->availability_zone = arena_str(arena, i->zone->name);
	view->availability_zone_id = arena_str(arena, i->zone->id);
	view->root_device_name = "/dev/xvda";
	view->root_device_type = "ebs";
	view->private_dns_name = arena_str(arena, i->dns_name);
	view->hypervisor = "xen";	/* EC2 says so of Nitro, too */
	view->architecture = architecture(i->type);
	view->launch_time = wall(m, i->launched_at);
	view->tags = sim_tags_copy(&i->tags, arena);
	view_mapping(m, i, at, arena, view);
}
