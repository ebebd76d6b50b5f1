/* Lives of volumes: created, attached, (staged and mounted on a node, and back,)
 * detached, deleted; one after the other as a flow, or all together in phases. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/lives.h"
#include "bench/requests.h"

#define TIDY_MS 30000	/* for what an interrupted run has left, per volume */

static const struct step_facts {
	const char *path;
	bool node;		/* of the node service, for the scenario node */
	bool provisioner;	/* whose worker it takes; else the attacher's */
	enum bench_state during, after;
	const char *ec2;	/* what EC2 does for it; NULL: nothing */
} facts[STEPS] = {
	[STEP_CREATE] = { "/csi.v1.Controller/CreateVolume", false, true, STATE_CREATING,
			  STATE_AVAILABLE, "create" },
	[STEP_PUBLISH] = { "/csi.v1.Controller/ControllerPublishVolume", false, false,
			   STATE_ATTACHING, STATE_ATTACHED, "attach" },
	[STEP_STAGE] = { "/csi.v1.Node/NodeStageVolume", true, false, STATE_ATTACHED,
			 STATE_ATTACHED, NULL },
	[STEP_MOUNT] = { "/csi.v1.Node/NodePublishVolume", true, false, STATE_ATTACHED,
			 STATE_ATTACHED, NULL },
	[STEP_UNMOUNT] = { "/csi.v1.Node/NodeUnpublishVolume", true, false, STATE_ATTACHED,
			   STATE_ATTACHED, NULL },
	[STEP_UNSTAGE] = { "/csi.v1.Node/NodeUnstageVolume", true, false, STATE_ATTACHED,
			   STATE_ATTACHED, NULL },
	[STEP_UNPUBLISH] = { "/csi.v1.Controller/ControllerUnpublishVolume", false, false,
			     STATE_DETACHING, STATE_AVAILABLE, "detach" },
	[STEP_DELETE] = { "/csi.v1.Controller/DeleteVolume", false, true, STATE_DELETING,
			  STATE_NONE, "delete" },
};

static enum step next_step(const struct lives *ls, enum step at)
{
	do
		at++;
	while (at < STEPS && facts[at].node && !ls->node);
	return at;
}

/* ---- requests ---- */

static void fill(struct want *w, struct buf *out)
{
	struct life *l = w->user;
	struct str published = str_n(l->published, l->n_published);
	auto_free char *staging = xasprintf("%s/%s/staging", cstr_or(w->bench->opt->dir, ""), l->name);
	auto_free char *target = xasprintf("%s/%s/target", cstr_or(w->bench->opt->dir, ""), l->name);

	switch (l->at) {
	case STEP_CREATE:
		return request_create(out, w->bench->opt, l->name, w->bench->zone);
	case STEP_PUBLISH:
		return request_publish(out, l->volume, l->node);
	case STEP_STAGE:
		return request_stage(out, l->volume, published, staging);
	case STEP_MOUNT:
		return request_node_publish(out, l->volume, published, staging, target);
	case STEP_UNMOUNT:
		return request_node_unpublish(out, l->volume, target);
	case STEP_UNSTAGE:
		return request_unstage(out, l->volume, staging);
	case STEP_UNPUBLISH:
		return request_unpublish(out, l->volume, l->node);
	default:
		return request_delete(out, l->volume);
	}
}

static void prepare(struct life *l)
{
	struct bench *b = l->lives->bench;
	const struct step_facts *f = &facts[l->at];
	bool slow = l->at == STEP_PUBLISH || l->at == STEP_UNPUBLISH;

	want_init(&l->want, b, f->path, fill, l);
	if (f->node)
		l->want.channel = &b->node;
	else
		l->want.workers = f->provisioner ? &b->provisioner : &b->attacher;
	if (slow && !b->opt->timeout_ms)
		l->want.timeout_ms = 360000;
}

/* ---- try -> answered -> (hold) -> try ... ---- */

static op_step life_try, life_answered, life_held;

static enum op_verdict life_try(struct op *op)
{
	struct life *l = container_of(op, struct life, op);

	if (l->at == STEP_STAGE && lives_make_directory(l, &op->err) < 0)
		return OP_FAILED;
	prepare(l);
	if (l->at == STEP_CREATE)
		l->want.intended_us = l->intended_us;
	bench_move(l->lives->bench, &l->state, facts[l->at].during);
	return op_await(op, &l->want.op, life_answered);
}

static int take_answer(struct life *l, struct err *err)
{
	if (l->at == STEP_CREATE) {
		l->volume = answer_volume_id(l->want.response);
		if (!l->volume)
			return err_set(err, GRPC_INTERNAL, "CreateVolume of %s answered without a volume id",
				       l->name);
	}
	if (l->at == STEP_PUBLISH && l->lives->node) {
		free(l->published);
		l->n_published = l->want.response->len;
		l->published = xmalloc(l->n_published + 1);
		memcpy(l->published, buf_cstr(l->want.response), l->n_published);
	}
	if (l->at == STEP_UNSTAGE)
		lives_remove_directory(l);
	return 0;
}

static bool is_last(const struct life *l)
{
	return l->at == STEPS || l->lives->phases;
}

static enum op_verdict life_answered(struct op *op)
{
	struct life *l = container_of(op, struct life, op);
	struct bench *b = l->lives->bench;
	int64_t ms;

	if (op_failed(&l->want.op))
		return op_fail_as(op, &l->want.op, "%s", l->name);
	l->took_us[l->at] = l->want.response_us;
	bench_move(b, &l->state, facts[l->at].after);
	if (take_answer(l, &op->err) < 0)
		return OP_FAILED;
	op_fini(&l->want.op);
	l->at = next_step(l->lives, l->at);
	if (is_last(l))
		return OP_DONE;
	ms = l->at == STEP_UNPUBLISH ? span_draw(&b->opt->hold, &b->draw) : 0;
	if (ms == 0)
		return op_next(op, life_try);
	op_sleep_init(&l->hold, op->reactor, ms);
	return op_await(op, &l->hold.op, life_held);
}

static enum op_verdict life_held(struct op *op)
{
	return op_next(op, life_try);
}

static const struct op_class life_class = { .name = "life" };

/* ---- the end of one ---- */

static void keep_record(struct life *l)
{
	struct lives *ls = l->lives;
	struct record *r;

	if (!l->volume || strlen(l->volume) >= sizeof(r->volume))
		return;
	if (ls->n_records == ls->cap_records) {
		ls->cap_records = ls->cap_records ? 2 * ls->cap_records : 1024;
		ls->records = xrealloc(ls->records, ls->cap_records * sizeof(*r));
	}
	r = &ls->records[ls->n_records++];
	snprintf(r->volume, sizeof(r->volume), "%s", l->volume);
	r->node = l->node;
	memcpy(r->took_us, l->took_us, sizeof(r->took_us));
}

static void life_free(struct life *l)
{
	list_del(&l->link);
	list_del(&l->todo);
	op_fini(&l->op);
	free(l->volume);
	free(l->published);
	free(l);
}

/* Through, or given up. One that was stopped on its way is kept for tidying. */
static void conclude(struct life *l)
{
	struct bench *b = l->lives->bench;

	keep_record(l);
	if (l->at == STEPS) {
		b->done++;
		hist_record(&b->run->lifecycle,
			    (uint64_t)(reactor_now_us(b->reactor) - l->intended_us));
		life_free(l);
		return;
	}
	if (!b->stopping) {
		b->failed++;
		bench_run_note(b->run, "first failed life", "%s", err_msg(&l->op.err));
	}
	bench_move(b, &l->state, STATE_NONE);
	if (!b->stopping && !l->volume)
		life_free(l);
}

static void on_flow_end(struct op *op)
{
	struct life *l = container_of(op, struct life, op);
	struct lives *ls = l->lives;

	conclude(l);
	if (arrivals_ended(&ls->arrivals))
		ls->bench->over = true;
}

/* ---- as a flow ---- */

static struct life *life_new(struct lives *ls, int64_t intended_us)
{
	struct bench *b = ls->bench;
	struct life *l = xcalloc(1, sizeof(*l));

	l->lives = ls;
	l->state = STATE_NONE;
	l->intended_us = intended_us;
	l->node = b->nodes[ls->numbers % b->n_nodes];
	snprintf(l->name, sizeof(l->name), "%s-%zu-%" PRIu64, b->opt->prefix, b->result->nruns,
		 ls->numbers++);
	list_add_tail(&ls->all, &l->link);
	return l;
}

static void arrive(struct bench *b, int64_t intended_us)
{
	struct life *l = life_new(b->load, intended_us);

	op_init(&l->op, &life_class, b->reactor, life_try);
	op_start(&l->op, on_flow_end);
}

/* ---- in phases ---- */

static void fill_phase(struct lives *ls);

static void on_phase_end(struct op *op)
{
	struct life *l = container_of(op, struct life, op);
	struct lives *ls = l->lives;

	ls->running--;
	ls->bench->under_way--;
	if (op_failed(op) || l->at == STEPS)
		conclude(l);
	else
		op_fini(op);
	fill_phase(ls);
}

static void collect_phase(struct lives *ls)
{
	list_for_each(l, &ls->all) {
		struct life *life = list_entry(l, struct life, link);

		if (life->at == ls->phase && !op_ended(&life->op))
			list_add_tail(&ls->todo, &life->todo);
	}
}

static void begin_step(struct life *l)
{
	struct bench *b = l->lives->bench;

	l->lives->running++;
	b->under_way++;
	bench_run_peak(b->run, BENCH_in_flight_max, (double)b->under_way);
	if (l->at == STEP_CREATE)
		l->intended_us = reactor_now_us(b->reactor);
	op_init(&l->op, &life_class, b->reactor, life_try);
	op_start(&l->op, on_phase_end);
}

static void fill_phase(struct lives *ls)
{
	struct bench *b = ls->bench;

	while (!b->stopping && ls->phase < STEPS) {
		while (ls->running < b->opt->in_flight && !list_empty(&ls->todo))
			begin_step(list_entry(list_pop(&ls->todo), struct life, todo));
		if (ls->running > 0)
			return;
		ls->phase = next_step(ls, ls->phase);
		collect_phase(ls);
	}
	b->over |= ls->running == 0;
}

/* ---- the scenario ---- */

static void begin(struct bench *b)
{
	struct lives *ls = arena_alloc(&b->arena, sizeof(*ls));

	ls->bench = b;
	ls->node = b->opt->scenario == SCENARIO_NODE;
	ls->phases = b->opt->phases;
	list_init(&ls->all);
	list_init(&ls->todo);
	b->load = ls;
	if (!ls->phases) {
		arrivals_begin(&ls->arrivals, b, arrive);
		return;
	}
	for (uint64_t i = 0; i < b->opt->count; i++)
		life_new(ls, b->began_us);
	collect_phase(ls);
	fill_phase(ls);
}

static void stop(struct bench *b)
{
	struct lives *ls = b->load;
	bool any = false;

	list_for_each(l, &ls->all) {
		struct life *life = list_entry(l, struct life, link);

		any |= op_active(&life->op);
		op_cancel(&life->op, GRPC_CANCELLED, "stopped");
	}
	if (!ls->phases)
		arrivals_stop(&ls->arrivals);
	b->over |= !any;
}

static void take_own_times(struct bench *b, const struct record *r, const struct ec2_times *t)
{
	for (int s = 0; s < STEPS; s++) {
		bool attached = s == STEP_PUBLISH || s == STEP_UNPUBLISH;
		const char *name = strrchr(facts[s].path, '/') + 1;
		int64_t own;

		if (!facts[s].ec2 || !r->took_us[s])
			continue;
		own = ec2_times_get(t, facts[s].ec2, r->volume, attached ? r->node : NULL);
		if (own >= 0)
			hist_record(&bench_run_rpc(b->run, name)->over_ec2,
				    r->took_us[s] > own ? (uint64_t)(r->took_us[s] - own) : 0);
	}
}

static void finish(struct bench *b, const struct ec2_times *t)
{
	struct lives *ls = b->load;

	for (size_t i = 0; i < ls->n_records; i++)
		take_own_times(b, &ls->records[i], t);
}

static void release(struct bench *b)
{
	struct lives *ls = b->load;

	if (!ls)
		return;
	list_for_each_safe(l, &ls->all)
		life_free(list_entry(l, struct life, link));
	free(ls->records);
}

/* ---- tidying: what an interrupted run has left goes ---- */

static op_step tidy_step, tidied;

static enum op_verdict tidy_step(struct op *op)
{
	struct life *l = container_of(op, struct life, op);

	prepare(l);
	l->want.unmeasured = true;
	l->want.workers = NULL;
	l->want.give_up_ms = TIDY_MS;
	return op_await(op, &l->want.op, tidied);
}

static enum op_verdict tidied(struct op *op)
{
	struct life *l = container_of(op, struct life, op);

	if (op_failed(&l->want.op))
		return op_fail_as(op, &l->want.op, "%s", l->name);
	if (take_answer(l, &op->err) < 0)
		return OP_FAILED;
	op_fini(&l->want.op);
	l->at = l->at == STEP_CREATE ? STEP_DELETE : next_step(l->lives, l->at);
	return l->at < STEPS ? op_next(op, tidy_step) : OP_DONE;
}

static void on_tidied(struct op *op)
{
	struct life *l = container_of(op, struct life, op);
	struct lives *ls = l->lives;

	life_free(l);
	ls->bench->over = list_empty(&ls->all);
}

static void tidy(struct bench *b)
{
	struct lives *ls = b->load;

	b->over = list_empty(&ls->all);
	list_for_each_safe(link, &ls->all) {
		struct life *l = list_entry(link, struct life, link);

		if (!l->op.cls) {	/* its phase never came */
			life_free(l);
			continue;
		}
		/* A volume of unknown id is asked for again, by its name. */
		if (l->at > STEP_CREATE && l->at < STEP_UNMOUNT)
			l->at = ls->node && l->at >= STEP_STAGE ? STEP_UNMOUNT : STEP_UNPUBLISH;
		op_fini(&l->op);
		op_init(&l->op, &life_class, b->reactor, tidy_step);
		op_start(&l->op, on_tidied);
	}
	b->over = list_empty(&ls->all);
}

const struct load load_lives = {
	.begin = begin, .stop = stop, .tidy = tidy, .finish = finish, .release = release,
};
