#include "sim/model_impl.h"

#include <stdio.h>
#include <string.h>

#define ROOT_DEVICE "/dev/xvda"
#define ROOT_GIB 8

static const struct sim_state states[] = {
	{ "pending", 0 },	{ "running", 16 },	{ "shutting-down", 32 },
	{ "terminated", 48 },	{ "stopping", 64 },	{ "stopped", 80 },
};

const struct sim_state *sim_state_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i].name, name) == 0)
			return &states[i];
	return NULL;
}

static const struct sim_zone *zone_by_name(const struct sim_model *m, const char *name)
{
	for (size_t i = 0; i < m->n_zones; i++)
		if (strcmp(m->zones[i].name, name) == 0)
			return &m->zones[i];
	return NULL;
}

static struct sim_volume *root_volume(struct sim_model *m, const struct sim_instance *i)
{
	struct sim_volume *v = sim_volume_new(m, m->now);

	v->type = sim_volume_type("gp3");
	v->zone = i->zone;
	v->size = ROOT_GIB;
	v->iops = 3000;
	v->throughput = 125;
	v->root = true;
	v->available_at = m->now;
	map_put(&m->volumes, v->id, v);
	sim_order_add(&m->volume_order, v->seq, v);
	return v;
}

static int check_spec(const struct sim_model *m, const struct sim_instance_spec *s,
		      struct err *err)
{
	if (s->id && !sim_id_good(s->id, "i-"))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "instance id \"%s\": expected \"i-\" and 8 or 17 hex digits", s->id);
	if (s->id && map_get(&m->instances, s->id))
		return err_set(err, GRPC_ALREADY_EXISTS, "instance %s is there already", s->id);
	if (s->zone && !zone_by_name(m, s->zone))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "instance zone \"%s\" is not one of the simulated zones", s->zone);
	if (s->type && (!strchr(s->type, '.') || strlen(s->type) > 64))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "instance type \"%s\": expected something like m5.large", s->type);
	return 0;
}

static void name_instance(struct sim_model *m, struct sim_instance *i, const char *id)
{
	uint64_t n = map_count(&m->instances) + 1;

	if (id)
		snprintf(i->id, sizeof(i->id), "%s", id);
	else
		do {
			sim_id_new(m, "i-", i->id);
		} while (map_get(&m->instances, i->id));
	sim_id_new(m, "r-", i->reservation_id);
	i->dns_name = xasprintf("ip-10-%u-%u-%u.%s.compute.internal", (unsigned)(n >> 16 & 255),
				(unsigned)(n >> 8 & 255), (unsigned)(n & 255), m->region);
}

const char *sim_model_add_instance(struct sim_model *m, int64_t now,
				   const struct sim_instance_spec *spec, struct err *err)
{
	struct sim_instance *i;

	sim_model_advance(m, now);
	if (check_spec(m, spec, err) < 0)
		return NULL;
	i = xcalloc(1, sizeof(*i));
	name_instance(m, i, spec->id);
	i->seq = ++m->seq;
	i->type = xstrdup(cstr_or(spec->type, "m5.large"));
	i->zone = spec->zone ? zone_by_name(m, spec->zone)
			     : &m->zones[m->next_zone++ % m->n_zones];
	i->state = sim_state_by_name("running");
	i->enis = spec->enis ? spec->enis : 1;
	i->launched_at = m->now;
	list_init(&i->live);
	list_init(&i->past);
	map_put(&m->instances, i->id, i);
	sim_order_add(&m->instance_order, i->seq, i);
	sim_attachment_settle(m, sim_attachment_new(m, root_volume(m, i), i, ROOT_DEVICE));
	return i->id;
}

static void terminate(struct sim_model *m, struct sim_instance *i)
{
	list_for_each_safe(l, &i->live) {
		struct sim_attachment *a = list_entry(l, struct sim_attachment, on_instance);
		struct sim_volume *v = a->volume;

		sim_attachment_release(m, a);
		sim_attachment_drop(m, a);
		if (v->root)
			sim_volume_delete(m, v);
	}
}

int sim_model_set_instance_state(struct sim_model *m, int64_t now, const char *id,
				 const char *state, struct err *err)
{
	struct sim_instance *i = map_get(&m->instances, id);
	const struct sim_state *next = sim_state_by_name(state);

	if (!i)
		return err_set(err, GRPC_NOT_FOUND, "there is no instance %s", id);
	if (!next)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "\"%s\" is not a state of an instance", state);
	if (strcmp(i->state->name, "terminated") == 0 && next != i->state)
		return err_set(err, GRPC_FAILED_PRECONDITION,
			       "instance %s is terminated, for ever", id);
	sim_model_advance(m, now);
	i->state = next;
	sim_trace_text(m, i->id);
	sim_trace_text(m, next->name);
	if (strcmp(next->name, "terminated") == 0)
		terminate(m, i);
	return 0;
}

const char *sim_model_first_instance(const struct sim_model *m)
{
	const struct sim_instance *i = m->instance_order.len ? m->instance_order.v[0] : NULL;

	return i ? i->id : NULL;
}

bool sim_model_instance(const struct sim_model *m, const char *id,
			struct sim_instance_info *ret)
{
	const struct sim_instance *i = map_get(&m->instances, id);

	if (!i)
		return false;
	*ret = (struct sim_instance_info){
		.id = i->id, .type = i->type, .zone = i->zone->name, .zone_id = i->zone->id,
		.state = i->state->name, .enis = i->enis,
		.launch_ms = m->config.epoch_ms + i->launched_at,
	};
	return true;
}

struct sim_instance *sim_instance_find(struct sim_call *c, const char *id)
{
	struct sim_instance *i;

	if (sim_id_check(c, id, "instance") < 0)
		return NULL;
	i = map_get(&c->m->instances, id);
	if (!i)
		sim_refuse(c, "InvalidInstanceID.NotFound",
			   "The instance ID '%s' does not exist", id);
	return i;
}

void sim_instance_free(struct sim_instance *i)
{
	sim_tags_fini(&i->tags);
	free(i->type);
	free(i->dns_name);
	free(i);
}
