/* Random operation trees: random cancels, deadlines, failures, shields, leaves
 * that finish at once, later or after a stop. Whatever happens, every operation
 * that was started ends exactly once, never inside somebody's call, children
 * before parents, and nothing stays behind.
 *
 * OP_PROPERTY_SEEDS=n    how many seeds (default 3000)
 * OP_PROPERTY_SEED=n     this one only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "reactor/op.h"

#define LIVE_MAX 512
#define DEPTH_MAX 5
#define STEPS_MAX 8
#define LEAF_MS 200
#define SETTLED_MS 3600000	/* by then everything has ended by itself */

struct world;

struct node {
	struct op op;
	struct world *w;
	struct node *root;
	struct op_sleep nap;		/* a child used again and again */
	struct op_gate gate;		/* a child somebody else opens */
	struct timer opener;
	struct timer leaf;		/* finishes a pending one */
	int depth, steps;
	int started, ended;		/* of a root: in its whole tree */
	int ends, stops;
	bool pending, joining, keep;
};

struct world {
	struct reactor *r;
	uint64_t seed, rng;
	struct node *live[LIVE_MAX];
	size_t live_count;
	int busy;			/* inside a start, a step, a stop or a callback */
	int roots, roots_ended;
	struct node *kept[8];
	size_t kept_count;
	struct timer chaos;
	int chaos_left;
};

#define check(w, cond) \
	do { \
		if (!(cond)) \
			fail_msg("seed %llu: %s", (unsigned long long)(w)->seed, #cond); \
	} while (0)

static uint32_t roll(struct world *w, uint32_t n)
{
	w->rng ^= w->rng << 13;
	w->rng ^= w->rng >> 7;
	w->rng ^= w->rng << 17;
	return (uint32_t)((w->rng >> 11) % n);
}

static struct node *node_new(struct world *w, struct node *root, int depth);

/* ---- acts of the world ---- */

static void cancel_some(struct world *w)
{
	struct node *n;

	if (w->live_count == 0)
		return;
	n = w->live[roll(w, (uint32_t)w->live_count)];
	w->busy++;
	op_cancel(&n->op, roll(w, 2) ? GRPC_CANCELLED : GRPC_ABORTED, "chaos at %lld",
		  (long long)reactor_now(w->r));
	w->busy--;
}

static void dump(struct world *w)
{
	struct buf out;

	buf_init(&out, 1u << 16);
	op_dump_text(w->r, &out);
	op_dump_json(w->r, &out);
	buf_fini(&out);
}

static void on_chaos(struct timer *t)
{
	struct world *w = container_of(t, struct world, chaos);

	cancel_some(w);
	if (roll(w, 8) == 0)
		dump(w);
	if (--w->chaos_left > 0)
		timer_arm(t, roll(w, 100));
}

/* ---- leaves ---- */

static void leaf_finish(struct node *n)
{
	struct world *w = n->w;

	check(w, n->pending);
	n->pending = false;
	timer_disarm(&n->leaf);
	if (roll(w, 4) == 0)
		op_err(&n->op, GRPC_UNAVAILABLE, "leaf");
	w->busy++;
	op_finish(&n->op);
	w->busy--;
}

static void on_leaf(struct timer *t)
{
	leaf_finish(container_of(t, struct node, leaf));
}

static enum op_verdict become_leaf(struct node *n)
{
	n->pending = true;
	if (roll(n->w, 4) == 0)
		leaf_finish(n);		/* inside its own step */
	else
		timer_arm(&n->leaf, roll(n->w, LEAF_MS));
	return OP_PENDING;
}

static void node_stop(struct op *op)
{
	struct node *n = container_of(op, struct node, op);

	check(n->w, n->pending && n->stops == 0 && !op_ended(op));
	n->stops++;
	switch (roll(n->w, 3)) {
	case 0:
		leaf_finish(n);
		break;
	case 1:
		timer_arm(&n->leaf, roll(n->w, LEAF_MS));	/* closing takes time */
		break;
	default:
		break;						/* deaf: ends when it would */
	}
}

/* ---- steps ---- */

static enum op_verdict node_step(struct op *op);

static void on_open(struct timer *t)
{
	struct node *n = container_of(t, struct node, opener);

	n->w->busy++;
	op_gate_open(&n->gate);
	n->w->busy--;
}

static void spawn(struct node *n)
{
	struct world *w = n->w;
	uint32_t kids = 1 + roll(w, 3);

	for (uint32_t i = 0; i < kids; i++) {
		struct node *kid;

		if (n->depth == DEPTH_MAX || w->live_count == LIVE_MAX)
			return;
		kid = node_new(w, n->root, n->depth + 1);
		n->root->started++;
		op_spawn(&n->op, &kid->op);
	}
}

static void spawn_gate(struct node *n)
{
	if (op_active(&n->gate.op))
		return;
	timer_disarm(&n->opener);
	op_gate_init(&n->gate, n->w->r, "gate");
	timer_init(&n->opener, n->w->r, on_open);
	if (roll(n->w, 4) == 0)
		op_gate_open(&n->gate);		/* before it is started */
	else
		timer_arm(&n->opener, roll(n->w, LEAF_MS));
	op_spawn(&n->op, &n->gate.op);
}

static void spawn_nap(struct node *n)
{
	if (op_active(&n->nap.op))
		return;
	op_sleep_init(&n->nap, n->w->r, roll(n->w, LEAF_MS));
	op_spawn(&n->op, &n->nap.op);
}

static void side_effects(struct node *n)
{
	struct world *w = n->w;

	if (roll(w, 8) == 0)
		op_shield(&n->op, !n->op.shielded);
	if (roll(w, 10) == 0)
		op_set_deadline(&n->op, (int64_t)roll(w, 300) - 10);
	if (roll(w, 20) == 0)
		cancel_some(w);
	check(w, op_time_left(&n->op) >= 0);
}

static enum op_verdict join(struct node *n)
{
	n->joining = true;
	return op_join(&n->op, node_step);
}

static enum op_verdict choose(struct node *n)
{
	struct world *w = n->w;

	if (++n->steps > STEPS_MAX)
		return OP_DONE;
	switch (roll(w, 10)) {
	case 0:
	case 1:
		return op_next(&n->op, node_step);
	case 2:
	case 3:
		spawn(n);
		return join(n);
	case 4:
		spawn(n);
		return op_next(&n->op, node_step);
	case 5:
		spawn_nap(n);
		return join(n);
	case 6:
		spawn_gate(n);
		return roll(w, 2) ? join(n) : op_next(&n->op, node_step);
	case 7:
		return n->op.active ? join(n) : become_leaf(n);
	case 8:
		return roll(w, 2) ? OP_DONE : op_fail(&n->op, GRPC_INTERNAL, "unlucky");
	default:
		spawn(n);
		spawn_gate(n);
		return roll(w, 2) ? OP_DONE : join(n);	/* ends over running children */
	}
}

static enum op_verdict node_step(struct op *op)
{
	struct node *n = container_of(op, struct node, op);
	enum op_verdict v;

	check(n->w, n->ends == 0 && !n->pending && n->w->busy == 0);
	check(n->w, !n->joining || op->active == 0);
	check(n->w, !op->cancelled || op->shielded);
	n->joining = false;
	n->w->busy++;
	side_effects(n);
	v = choose(n);
	n->w->busy--;
	return v;
}

/* ---- ends ---- */

static void node_end(struct op *op)
{
	struct node *n = container_of(op, struct node, op);

	check(n->w, n->w->busy == 0);
	check(n->w, ++n->ends == 1);
	check(n->w, op->active == 0 && !n->pending);
	check(n->w, !err_is_set(&op->err) || *err_msg(&op->err));
	n->root->ended++;
}

static void node_fini(struct op *op)
{
	struct node *n = container_of(op, struct node, op);
	struct world *w = n->w;

	check(w, n->ends == 1);
	timer_disarm(&n->opener);
	check(w, !timer_armed(&n->leaf));
	for (size_t i = 0; i < w->live_count; i++) {
		if (w->live[i] == n) {
			w->live[i] = w->live[--w->live_count];
			free(n);
			return;
		}
	}
	fail_msg("seed %llu: freed twice", (unsigned long long)w->seed);
}

static void node_describe(const struct op *op, struct buf *out)
{
	buf_printf(out, "step %d", container_of(op, struct node, op)->steps);
}

static const struct op_class node_class = {
	.name = "node",
	.stop = node_stop,
	.end = node_end,
	.fini = node_fini,
	.describe = node_describe,
};

static struct node *node_new(struct world *w, struct node *root, int depth)
{
	struct node *n = xcalloc(1, sizeof(*n));

	op_init(&n->op, &node_class, w->r, node_step);
	timer_init(&n->leaf, w->r, on_leaf);
	n->w = w;
	n->root = root ? root : n;
	n->depth = depth;
	w->live[w->live_count++] = n;
	return n;
}

static void on_root_end(struct op *op)
{
	struct node *n = container_of(op, struct node, op);
	struct world *w = n->w;

	check(w, w->busy == 0 && n->ends == 1);
	check(w, n->started == n->ended);	/* the whole tree is through */
	w->roots_ended++;
	if (n->keep)
		w->kept[w->kept_count++] = n;	/* op_fini much later */
	else
		op_fini(op);
}

/* ---- one seed ---- */

static void start_root(struct world *w)
{
	struct node *n = node_new(w, NULL, 0);

	n->started = 1;
	n->keep = roll(w, 4) == 0;
	if (roll(w, 3) == 0)
		op_set_deadline(&n->op, roll(w, 500));
	w->busy++;
	op_start(&n->op, on_root_end);
	check(w, n->steps == 0 && n->ends == 0);
	if (roll(w, 10) == 0)
		op_cancel(&n->op, GRPC_CANCELLED, "at once");
	w->busy--;
	w->roots++;
}

static void run_seed(uint64_t seed)
{
	struct world w = { .seed = seed, .rng = seed * 0x9e3779b97f4a7c15u | 1 };
	uint32_t roots;

	w.r = reactor_new_virtual(0);
	w.chaos_left = (int)roll(&w, 20);
	timer_init(&w.chaos, w.r, on_chaos);
	if (w.chaos_left)
		timer_arm(&w.chaos, roll(&w, 100));
	roots = 1 + roll(&w, 4);
	for (uint32_t i = 0; i < roots; i++) {
		start_root(&w);
		reactor_advance(w.r, roll(&w, 50));
	}
	reactor_advance(w.r, SETTLED_MS);
	check(&w, w.roots_ended == w.roots);
	check(&w, op_count(w.r) == 0);
	while (w.kept_count)
		op_fini(&w.kept[--w.kept_count]->op);
	check(&w, w.live_count == 0);
	check(&w, !reactor_step(w.r, INT64_MAX / 2));	/* no timer is left behind */
	reactor_free(w.r);
}

static uint64_t env_number(const char *name, uint64_t fallback)
{
	const char *v = getenv(name);

	return v && *v ? strtoull(v, NULL, 10) : fallback;
}

static void every_tree_ends_once_and_leaves_nothing(void **state)
{
	uint64_t one = env_number("OP_PROPERTY_SEED", 0);
	uint64_t seeds = env_number("OP_PROPERTY_SEEDS", 3000);

	if (one) {
		run_seed(one);
		return;
	}
	for (uint64_t seed = 1; seed <= seeds; seed++)
		run_seed(seed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tree_ends_once_and_leaves_nothing),
	};

	return cmocka_run_group_tests_name("op_property", tests, NULL, NULL);
}
