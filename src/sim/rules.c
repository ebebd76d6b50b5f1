#include "sim/model_impl.h"

#include <string.h>

enum stage { ANSWER_BEFORE, ANSWER_AFTER, ACTION };

#define BIT(action) (1u << EC2_##action)
enum actions {
	EVERY = -1,
	READS = BIT(DESCRIBE_VOLUMES) | BIT(DESCRIBE_INSTANCES),
	CREATES = BIT(CREATE_VOLUME),
	ATTACHES = BIT(ATTACH_VOLUME),
	DETACHES = BIT(DETACH_VOLUME),
};

static const struct fault_fact {
	const char *name;
	enum actions actions;
	enum stage stage;
	int status;
	const char *code, *text;
} facts[] = {
#define SIM_FAULT(id, ...) [SIM_FAULT_##id] = { __VA_ARGS__ },
#include "sim/faults.tbl.h"
#undef SIM_FAULT
};

const char *sim_fault_name(enum sim_fault_kind k)
{
	return facts[k].name;
}

int sim_fault_from_name(const char *name)
{
	for (int k = 0; k < SIM_FAULT_COUNT; k++)
		if (strcmp(facts[k].name, name) == 0)
			return k;
	return -1;
}

static int check(const struct sim_fault *f, struct err *err)
{
	if ((unsigned)f->kind >= SIM_FAULT_COUNT || f->action < SIM_ANY_ACTION ||
	    f->action >= (int)EC2_ACTION_COUNT)
		return err_set(err, GRPC_INVALID_ARGUMENT, "no such fault or action");
	if (!(f->probability >= 0 && f->probability <= 1))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "fault %s: probability %g is not in 0-1", facts[f->kind].name,
			       f->probability);
	if (f->skip < 0 || f->count < 0 || f->from_ms < 0 || f->until_ms < 0 || f->delay_ms < 0)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "fault %s: skip, count, times and delays must not be negative",
			       facts[f->kind].name);
	if (f->http_status && (f->http_status < 200 || f->http_status > 599))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "fault %s: HTTP status %d is not in 200-599", facts[f->kind].name,
			       f->http_status);
	return 0;
}

int sim_model_add_fault(struct sim_model *m, const struct sim_fault *f, struct err *err)
{
	struct sim_rule *r;

	if (check(f, err) < 0)
		return -1;
	r = xcalloc(1, sizeof(*r));
	r->f = *f;
	r->f.id = r->id = xstrdup(f->id);
	r->f.code = r->code = xstrdup(f->code);
	r->f.message = r->message = xstrdup(f->message);
	list_add_tail(&m->rules, &r->link);
	return 0;
}

void sim_model_each_fault(const struct sim_model *m,
			  bool (*fn)(void *ctx, const struct sim_fault *f, int64_t seen,
				     int64_t hits), void *ctx)
{
	list_for_each(l, &m->rules) {
		const struct sim_rule *r = list_entry(l, struct sim_rule, link);

		if (!fn(ctx, &r->f, r->seen, r->hits))
			return;
	}
}

void sim_model_clear_faults(struct sim_model *m)
{
	struct list *l;

	while ((l = list_pop(&m->rules))) {
		struct sim_rule *r = list_entry(l, struct sim_rule, link);

		free(r->id);
		free(r->code);
		free(r->message);
		free(r);
	}
}

uint64_t sim_model_fault_hits(const struct sim_model *m, enum sim_fault_kind k)
{
	uint64_t sum = 0;

	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		sum += m->fault_hits[k][a];
	return sum;
}

uint64_t sim_model_fault_hits_by(const struct sim_model *m, enum sim_fault_kind k,
				 enum ec2_action a)
{
	return m->fault_hits[k][a];
}

bool sim_fault_applies(enum sim_fault_kind k, enum ec2_action a)
{
	return ((unsigned int)facts[k].actions >> a) & 1;
}

/* ---- does a rule fit the call? ---- */

static bool among(const struct ec2_strings *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (cstr_eq(list->v[i], id))
			return true;
	return false;
}

static bool names(const struct ec2_request *req, const char *id)
{
	switch (req->action) {
	case EC2_DELETE_VOLUME:
		return cstr_eq(req->delete_volume.volume_id, id);
	case EC2_ATTACH_VOLUME:
		return cstr_eq(req->attach_volume.volume_id, id) ||
		       cstr_eq(req->attach_volume.instance_id, id);
	case EC2_DETACH_VOLUME:
		return cstr_eq(req->detach_volume.volume_id, id) ||
		       cstr_eq(req->detach_volume.instance_id, id);
	case EC2_DESCRIBE_VOLUMES:
		return among(&req->describe_volumes.volume_ids, id);
	case EC2_DESCRIBE_INSTANCES:
		return among(&req->describe_instances.instance_ids, id);
	case EC2_CREATE_TAGS:
		return among(&req->create_tags.resource_ids, id);
	case EC2_DELETE_TAGS:
		return among(&req->delete_tags.resource_ids, id);
	default:
		return false;
	}
}

static bool fits(const struct sim_rule *r, const struct sim_call *c)
{
	if (r->f.action != SIM_ANY_ACTION && r->f.action != (int)c->req->action)
		return false;
	if (c->now < r->f.from_ms || (r->f.until_ms && c->now >= r->f.until_ms))
		return false;
	return !r->id || names(c->req, r->id);
}

static bool hits(struct sim_rule *r, struct sim_call *c)
{
	if (!fits(r, c) || r->seen++ < r->f.skip || (r->f.count && r->hits >= r->f.count))
		return false;
	if (r->f.probability > 0 && !sim_rng_chance(&c->m->rng, r->f.probability))
		return false;
	r->hits++;
	c->m->fault_hits[r->f.kind][c->req->action]++;
	sim_trace_text(c->m, facts[r->f.kind].name);
	return true;
}

const struct sim_rule *sim_rule_hit(struct sim_call *c, enum sim_fault_kind kind)
{
	list_for_each(l, &c->m->rules) {
		struct sim_rule *r = list_entry(l, struct sim_rule, link);

		if (r->f.kind == kind && hits(r, c))
			return r;
	}
	return NULL;
}

/* ---- answers ---- */

static enum sim_outcome outcome_of(enum sim_fault_kind k)
{
	switch (k) {
	case SIM_FAULT_RESET_BEFORE:
	case SIM_FAULT_RESET_AFTER:
		return SIM_RESET;
	case SIM_FAULT_HANG_BEFORE:
	case SIM_FAULT_HANG_AFTER:
		return SIM_HANG;
	case SIM_FAULT_TRUNCATED:
		return SIM_TRUNCATED;
	case SIM_FAULT_MALFORMED:
		return SIM_MALFORMED;
	case SIM_FAULT_HTML:
		return SIM_HTML;
	case SIM_FAULT_EMPTY:
		return SIM_EMPTY;
	default:
		return SIM_ANSWERED;
	}
}

static void answer(struct sim_call *c, const struct sim_rule *r)
{
	const struct fault_fact *fact = &facts[r->f.kind];
	struct sim_answer *a = c->a;

	a->outcome = outcome_of(r->f.kind);
	if (fact->code)
		sim_refuse(c, cstr_or(r->f.code, fact->code), "%s",
			   cstr_or(r->f.message, fact->text));
	if (r->f.http_status || fact->status)
		a->http_status = r->f.http_status ? r->f.http_status : fact->status;
	if (fact->status == 0)
		a->http_status = 0;
	a->latency_ms += r->f.delay_ms;
}

static bool answer_by(struct sim_call *c, enum stage stage)
{
	list_for_each(l, &c->m->rules) {
		struct sim_rule *r = list_entry(l, struct sim_rule, link);

		if (facts[r->f.kind].stage == stage && hits(r, c)) {
			answer(c, r);
			return true;
		}
	}
	return false;
}

bool sim_rules_before(struct sim_call *c)
{
	const struct sim_rule *slow = sim_rule_hit(c, SIM_FAULT_SLOW);

	if (slow)
		c->a->latency_ms += slow->f.delay_ms;
	return answer_by(c, ANSWER_BEFORE);
}

void sim_rules_after(struct sim_call *c)
{
	answer_by(c, ANSWER_AFTER);
}
