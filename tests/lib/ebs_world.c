#include "tests/lib/ebs_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

char world_text[1024];

static void start_daemon(struct world *w)
{
	w->ec2 = ec2_new(w->r, sim_transport_ec2(w->transport));
	w->ebs = ebs_new(w->r, w->ec2, NULL);
}

static void stop_daemon(struct world *w)
{
	ebs_stop(w->ebs);
	reactor_settle(w->r);
	assert_true(ebs_idle(w->ebs));
	ebs_free(w->ebs);
	ec2_free(w->ec2);
}

struct world *world_new(void (*tweak)(struct sim_config *c))
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct err err = { 0 };

	w->r = reactor_new_virtual(1700000000000);
	sim_config_default(&w->config);
	w->config.epoch_ms = 1700000000000;
	if (tweak)
		tweak(&w->config);
	w->model = sim_model_new(&w->config, &err);
	if (!w->model)
		fail_msg("%s", err_msg(&err));
	for (int i = 0; i < WORLD_NODES; i++) {
		struct sim_instance_spec spec = { .zone = "us-east-1a" };

		w->node[i] = sim_model_add_instance(w->model, 0, &spec, &err);
		if (!w->node[i])
			fail_msg("%s", err_msg(&err));
	}
	w->transport = sim_transport_new(w->r, w->model);
	start_daemon(w);
	return w;
}

void world_free(struct world *w)
{
	stop_daemon(w);
	sim_transport_free(w->transport);
	sim_model_free(w->model);
	reactor_free(w->r);
	arena_fini(&w->arena);
	free(w);
}

void world_restart(struct world *w)
{
	stop_daemon(w);
	start_daemon(w);
}

static void add_fault(struct world *w, const struct sim_fault *f)
{
	struct err err = { 0 };

	if (sim_model_add_fault(w->model, f, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

void world_fault(struct world *w, enum sim_fault_kind kind, int action, int64_t count,
		 int64_t delay_ms)
{
	add_fault(w, &(struct sim_fault){ .kind = kind, .action = action, .count = count,
					  .delay_ms = delay_ms });
}

void world_refuse(struct world *w, enum ec2_action action, int64_t count, const char *code,
		  const char *text)
{
	add_fault(w, &(struct sim_fault){ .kind = SIM_FAULT_ERROR, .action = (int)action,
					  .count = count, .http_status = 400,
					  .code = code, .message = text });
}

uint64_t world_calls(const struct world *w, enum ec2_action a)
{
	return sim_model_counters(w->model, a)->calls;
}

static bool is_describe(int a)
{
	return strncmp(ec2_action_name((enum ec2_action)a), "Describe", 8) == 0;
}

uint64_t world_mutating(const struct world *w)
{
	uint64_t n = 0;

	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		n += is_describe(a) ? 0 : world_calls(w, (enum ec2_action)a);
	return n;
}

uint64_t world_describes(const struct world *w)
{
	uint64_t n = 0;

	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		n += is_describe(a) ? world_calls(w, (enum ec2_action)a) : 0;
	return n;
}

uint64_t world_throttled_mutating(const struct world *w)
{
	uint64_t n = 0;

	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		if (!is_describe(a))
			n += sim_model_counters(w->model, (enum ec2_action)a)->throttled;
	return n;
}

struct counting {
	const struct world *w;
	const char *name;
	size_t n;
};

static bool count_one(void *ctx, const struct sim_volume_info *v)
{
	struct counting *c = ctx;

	if (v->root || strcmp(v->status, "deleted") == 0 || strcmp(v->status, "deleting") == 0)
		return true;
	if (c->name && !cstr_eq(sim_model_volume_tag(c->w->model, v->id, EBS_NAME_TAG), c->name))
		return true;
	c->n++;
	return true;
}

size_t world_volumes(const struct world *w, const char *name)
{
	struct counting c = { w, name, 0 };

	sim_model_each_volume(w->model, count_one, &c);
	return c.n;
}

static void nothing(struct op *op)
{
	(void)op;
}

/* Every volume of these tests: 8 GiB in the nodes' zone. */
void world_create(struct world *w, struct ebs_create_volume *cv, const char *name)
{
	static const struct ebs_zone_term term = { .zone = "us-east-1a" };

	memset(cv, 0, sizeof(*cv));
	ebs_create_volume_init(cv, w->ebs);
	cv->name = name;
	cv->size_gib = 8;
	cv->terms = &term;
	cv->n_terms = 1;
	cv->tags.v = arena_array(&w->arena, 1, sizeof(*cv->tags.v));
	cv->tags.v[0].key = EBS_NAME_TAG;
	cv->tags.v[0].value = name;
	cv->tags.n = 1;
	op_start(&cv->op, nothing);
}

void world_delete(struct world *w, struct ebs_delete_volume *dv, const char *volume)
{
	memset(dv, 0, sizeof(*dv));
	ebs_delete_volume_init(dv, w->ebs);
	dv->volume_id = volume;
	op_start(&dv->op, nothing);
}

void world_attach(struct world *w, struct ebs_attach *at, const char *volume,
		  const char *node)
{
	memset(at, 0, sizeof(*at));
	ebs_attach_init(at, w->ebs);
	at->volume_id = volume;
	at->node_id = node;
	op_start(&at->op, nothing);
}

void world_detach(struct world *w, struct ebs_detach *dt, const char *volume,
		  const char *node)
{
	memset(dt, 0, sizeof(*dt));
	ebs_detach_init(dt, w->ebs);
	dt->volume_id = volume;
	dt->node_id = node;
	op_start(&dt->op, nothing);
}

enum grpc_code world_await(struct world *w, struct op *op)
{
	int64_t end = reactor_now(w->r) + 600000;

	reactor_settle(w->r);
	while (!op_ended(op) && reactor_now(w->r) < end)
		if (!reactor_step(w->r, end - reactor_now(w->r)))
			break;
	if (!op_ended(op))
		fail_msg("%s has not ended after ten minutes", op->cls->name);
	snprintf(world_text, sizeof(world_text), "%s", err_msg(&op->err));
	return op->err.code;
}

enum grpc_code world_run_create(struct world *w, const char *name, char volume[32])
{
	struct ebs_create_volume cv;
	enum grpc_code code;

	world_create(w, &cv, name);
	code = world_await(w, &cv.op);
	if (volume)
		snprintf(volume, 32, "%s", cstr_or(cv.volume_id, ""));
	op_fini(&cv.op);
	return code;
}

enum grpc_code world_run_delete(struct world *w, const char *volume)
{
	struct ebs_delete_volume dv;
	enum grpc_code code;

	world_delete(w, &dv, volume);
	code = world_await(w, &dv.op);
	op_fini(&dv.op);
	return code;
}

enum grpc_code world_run_attach(struct world *w, const char *volume, const char *node,
				char device[32])
{
	struct ebs_attach at;
	enum grpc_code code;

	world_attach(w, &at, volume, node);
	code = world_await(w, &at.op);
	if (device)
		snprintf(device, 32, "%s", cstr_or(at.device, ""));
	op_fini(&at.op);
	return code;
}

enum grpc_code world_run_detach(struct world *w, const char *volume, const char *node)
{
	struct ebs_detach dt;
	enum grpc_code code;

	world_detach(w, &dt, volume, node);
	code = world_await(w, &dt.op);
	op_fini(&dt.op);
	return code;
}

const char *world_volume(struct world *w, const char *name)
{
	static char ids[8][32];
	static unsigned int at;
	char *id = ids[at++ % 8];

	if (world_run_create(w, name, id) != GRPC_OK)
		fail_msg("%s", world_text);
	return id;
}

const char *world_state(struct world *w, const char *volume)
{
	struct sim_volume_info v;

	sim_model_advance(w->model, reactor_now(w->r));
	return sim_model_volume(w->model, volume, &v) ? v.status : "unknown";
}
