/* The region's zones, asked for once for all who need them. */
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "ebs/impl.h"

#define FRESH_MS (3600 * 1000)

struct zones_call {
	struct op op;
	struct ebs *ebs;
	struct ec2_call call;
};

static bool usable(const struct ec2_zone *z)
{
	return !cstr_empty(z->zone_name) && cstr_eq(z->zone_state, "available") &&
	       (!z->zone_type || cstr_eq(z->zone_type, "availability-zone")) &&
	       !cstr_eq(z->opt_in_status, "not-opted-in");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void take_zones(struct ebs *e, const struct ec2_zones *zones)
{
	arena_fini(&e->zones_arena);
	e->n_zones = 0;
	e->zones = arena_array(&e->zones_arena, zones->n, sizeof(*e->zones));
	for (size_t i = 0; i < zones->n; i++)
		if (usable(&zones->v[i]))
			e->zones[e->n_zones++] =
				arena_str(&e->zones_arena, zones->v[i].zone_name);
	qsort(e->zones, e->n_zones, sizeof(*e->zones), by_name);
	e->zones_at = ebs_now(e);
}

static enum op_verdict zones_answered(struct op *op)
{
	struct zones_call *z = container_of(op, struct zones_call, op);

	if (op_failed(&z->call.op))
		return op_fail_err(op, &z->call.op.err);
	take_zones(z->ebs, &z->call.resp.zones);
	return OP_DONE;
}

static enum op_verdict zones_ask(struct op *op)
{
	struct zones_call *z = container_of(op, struct zones_call, op);

	ec2_call_init(&z->call, z->ebs->ec2, EC2_DESCRIBE_AVAILABILITY_ZONES);
	return op_await(op, &z->call.op, zones_answered);
}

static const struct op_class zones_call_class = { .name = "zones" };

static void zones_ended(struct op *op)
{
	struct zones_call *z = container_of(op, struct zones_call, op);
	struct ebs *e = z->ebs;
	struct list *l;

	e->zones_call = NULL;
	while ((l = list_pop(&e->zone_waiters))) {
		struct zones_wait *w = list_entry(l, struct zones_wait, link);

		if (op_failed(op))
			err_copy(&w->op.err, &op->err);
		op_finish(&w->op);
	}
	op_fini(op);
	free(z);
}

static void start_call(struct ebs *e)
{
	struct zones_call *z = xcalloc(1, sizeof(*z));

	op_init(&z->op, &zones_call_class, e->reactor, zones_ask);
	z->ebs = e;
	e->zones_call = z;
	op_start(&z->op, zones_ended);
}

static enum op_verdict wait_begin(struct op *op)
{
	struct zones_wait *w = container_of(op, struct zones_wait, op);
	struct ebs *e = w->ebs;

	if (e->n_zones > 0 && ebs_now(e) - e->zones_at < FRESH_MS)
		return OP_DONE;
	list_add_tail(&e->zone_waiters, &w->link);
	if (!e->zones_call)
		start_call(e);
	return OP_PENDING;
}

static void wait_stop(struct op *op)
{
	list_del(&container_of(op, struct zones_wait, op)->link);
	op_finish(op);
}

static const struct op_class wait_class = { .name = "zones_wait", .stop = wait_stop };

void zones_wait_init(struct zones_wait *w, struct ebs *e)
{
	op_init(&w->op, &wait_class, e->reactor, wait_begin);
	w->ebs = e;
	list_init(&w->link);
}

void zones_stop(struct ebs *e)
{
	if (e->zones_call)
		op_cancel(&e->zones_call->op, GRPC_UNAVAILABLE, "shutting down");
}

const char *zones_pick(const struct ebs *e, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u;	/* FNV-1a */

	for (const char *p = name; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
	return e->n_zones ? e->zones[hash % e->n_zones] : NULL;
}
