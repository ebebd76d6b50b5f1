/* Many volumes at once through their whole lives, against EC2's default token
 * buckets, with callers that give up and ask again as the sidecars do. The
 * figures asserted are the project's budgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tests/lib/ebs_world.h"

enum stage { CREATE, ATTACH, DETACH, DELETE, DONE };

struct crowd;

struct life {
	struct crowd *crowd;
	enum stage stage;
	char name[40];
	char volume[32];
	const char *node;
	int64_t began;		/* of the stage */
	int64_t backoff;
	struct timer again;
	struct ebs_create_volume create;
	struct ebs_attach attach;
	struct ebs_detach detach;
	struct ebs_delete_volume del;
};

struct crowd {
	struct world *w;
	struct life *lives;
	size_t n, done;
	bool ended;
	uint64_t timeouts, errors;
	int64_t longest[DONE];
	bool timeouts_on;
	int64_t ended_at;
	int64_t *took[DONE];	/* of each life */
	int64_t *late[DONE];	/* from EC2's end of it to ours */
};

static void begin(struct life *l);

static void on_again(struct timer *t)
{
	begin(container_of(t, struct life, again));
}

/* When EC2 was through with the volume's last transition of this name. */
static int64_t ec2_end(struct life *l, const char *what)
{
	int64_t at = -1;
	struct buf story;
	char *line, *save = NULL;

	buf_init(&story, 65536);
	sim_model_story(l->crowd->w->model, l->volume, &story);
	for (line = strtok_r(story.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char word[16];
		long long ms;

		if (sscanf(line, "%lld %15s", &ms, word) == 2 && strcmp(word, what) == 0)
			at = ms;
	}
	buf_fini(&story);
	assert_true(at >= 0);
	return at;
}

static void next_stage(struct life *l)
{
	static const char *const ends[] = { "available", "attached", "detached" };
	struct crowd *c = l->crowd;
	int64_t now = reactor_now(c->w->r), took = now - l->began;

	c->took[l->stage][l - c->lives] = took;
	if (l->stage < DELETE && c->n <= 1000)
		c->late[l->stage][l - c->lives] = now - ec2_end(l, ends[l->stage]);
	if (took > c->longest[l->stage])
		c->longest[l->stage] = took;
	l->began = now;
	l->backoff = 1000;
	if (++l->stage != DONE) {
		timer_arm(&l->again, 0);
		return;
	}
	c->ended_at = now;
	c->ended = ++c->done == c->n;
}

static void ended(struct life *l, struct op *op)
{
	enum grpc_code code = op->err.code;

	if (code == GRPC_OK && l->stage == CREATE)
		snprintf(l->volume, sizeof(l->volume), "%s", l->create.volume_id);
	if (code == GRPC_DEADLINE_EXCEEDED)
		l->crowd->timeouts++;
	else if (code != GRPC_OK)
		l->crowd->errors++;
	op_fini(op);
	if (code == GRPC_OK) {
		next_stage(l);
		return;
	}
	timer_arm(&l->again, l->backoff);
	l->backoff = l->backoff < 16000 ? 2 * l->backoff : l->backoff;
}

static void on_create(struct op *op)
{
	ended(container_of(op, struct life, create.op), op);
}

static void on_attach(struct op *op)
{
	ended(container_of(op, struct life, attach.op), op);
}

static void on_detach(struct op *op)
{
	ended(container_of(op, struct life, detach.op), op);
}

static void on_delete(struct op *op)
{
	ended(container_of(op, struct life, del.op), op);
}

static void start(struct life *l, struct op *op, void (*end)(struct op *op), int64_t ms)
{
	if (l->crowd->timeouts_on)
		op_set_deadline(op, ms);
	op_start(op, end);
}

static void begin_create(struct life *l)
{
	static const struct ebs_zone_term term = { .zone = "us-east-1a" };
	static struct ec2_tag tags[1];
	struct ebs_create_volume *cv = &l->create;

	memset(cv, 0, sizeof(*cv));
	ebs_create_volume_init(cv, l->crowd->w->ebs);
	tags[0] = (struct ec2_tag){ "a", "b" };
	cv->name = l->name;
	cv->size_gib = 1;
	cv->terms = &term;
	cv->n_terms = 1;
	cv->tags.v = tags;
	cv->tags.n = 1;
	start(l, &cv->op, on_create, 60000);
}

static void begin(struct life *l)
{
	struct ebs *e = l->crowd->w->ebs;

	switch (l->stage) {
	case CREATE:
		begin_create(l);
		break;
	case ATTACH:
		memset(&l->attach, 0, sizeof(l->attach));
		ebs_attach_init(&l->attach, e);
		l->attach.volume_id = l->volume;
		l->attach.node_id = l->node;
		start(l, &l->attach.op, on_attach, 360000);
		break;
	case DETACH:
		memset(&l->detach, 0, sizeof(l->detach));
		ebs_detach_init(&l->detach, e);
		l->detach.volume_id = l->volume;
		l->detach.node_id = l->node;
		start(l, &l->detach.op, on_detach, 360000);
		break;
	case DELETE:
		memset(&l->del, 0, sizeof(l->del));
		ebs_delete_volume_init(&l->del, e);
		l->del.volume_id = l->volume;
		start(l, &l->del.op, on_delete, 60000);
		break;
	case DONE:
		break;
	}
}

/* ---- nodes: as many as hold all volumes at once ---- */

#define PER_NODE 20

static void add_nodes(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct sim_instance_spec spec = { .zone = "us-east-1a", .type = "m5.large" };
		struct err err = { 0 };

		if (i % PER_NODE)
			c->lives[i].node = c->lives[i - 1].node;
		else
			c->lives[i].node = sim_model_add_instance(c->w->model, 0, &spec, &err);
		if (!c->lives[i].node)
			fail_msg("%s", err_msg(&err));
	}
}

static struct crowd *crowd_new(struct world *w, size_t n, bool timeouts_on)
{
	struct crowd *c = xcalloc(1, sizeof(*c));

	c->w = w;
	c->n = n;
	c->timeouts_on = timeouts_on;
	c->lives = xcalloc(n, sizeof(*c->lives));
	for (int s = 0; s < DONE; s++) {
		c->took[s] = xcalloc(n, sizeof(int64_t));
		c->late[s] = xcalloc(n, sizeof(int64_t));
	}
	add_nodes(c);
	for (size_t i = 0; i < n; i++) {
		struct life *l = &c->lives[i];

		l->crowd = c;
		l->backoff = 1000;
		snprintf(l->name, sizeof(l->name), "pvc-%zu", i);
		timer_init(&l->again, w->r, on_again);
		timer_arm(&l->again, 0);
	}
	return c;
}

static void crowd_free(struct crowd *c)
{
	for (int s = 0; s < DONE; s++) {
		free(c->took[s]);
		free(c->late[s]);
	}
	free(c->lives);
	free(c);
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double quantile(int64_t *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), ascending);
	return (double)v[(size_t)(q * (double)(n - 1))] / 1000;
}

static void print_times(struct crowd *c)
{
	static const char *const names[] = { "create", "attach", "detach", "delete" };

	for (int s = 0; s < DONE; s++)
		print_message("# %s: p50 %.1f p99 %.1f max %.1f s; behind EC2 p50 %.2f p99 %.2f s\n",
			      names[s], quantile(c->took[s], c->n, .5),
			      quantile(c->took[s], c->n, .99), (double)c->longest[s] / 1000,
			      quantile(c->late[s], c->n, .5), quantile(c->late[s], c->n, .99));
}

struct figures {
	double describes;	/* per life */
	double mutating;
	double throttled;	/* share of mutating calls */
	double seconds;
};

static struct figures run(struct crowd *c, int64_t limit_s)
{
	struct world *w = c->w;
	struct figures f;

	reactor_run_until(w->r, &c->ended, limit_s * 1000);
	if (!c->ended)
		fail_msg("%zu of %zu lives ended after %lld s", c->done, c->n,
			 (long long)limit_s);
	f.describes = (double)world_describes(w) / (double)c->n;
	f.mutating = (double)world_mutating(w) / (double)c->n;
	f.throttled = (double)world_throttled_mutating(w) / (double)world_mutating(w);
	f.seconds = (double)c->ended_at / 1000;
	print_message("# %zu lives: %.0f s; a life: %.3f mutating, %.3f describe calls; "
		      "%.2f %% throttled; %llu time-outs, %llu errors\n", c->n, f.seconds,
		      f.mutating, f.describes, 100 * f.throttled,
		      (unsigned long long)c->timeouts, (unsigned long long)c->errors);
	print_message("# calls: DescribeVolumes %llu, DescribeInstances %llu\n",
		      (unsigned long long)world_calls(w, EC2_DESCRIBE_VOLUMES),
		      (unsigned long long)world_calls(w, EC2_DESCRIBE_INSTANCES));
	print_times(c);
	assert_int_equal(world_volumes(w, NULL), 0);
	return f;
}

/* Seconds that the bucket of attach and detach needs for all of them, and what
 * the first and the last volume need besides. */
static double optimum(const struct crowd *c)
{
	return ((double)(2 * c->n) - 50) / 5;
}
#define OWN_TIME 10.0

static void budgets(size_t n, int64_t limit_s)
{
	struct world *w = world_new(NULL);
	struct crowd *c = crowd_new(w, n, true);
	struct figures f = run(c, limit_s);
	double best = optimum(c);

	print_message("# optimum of the attach bucket %.0f s: %.3f\n", best, f.seconds / best);
	assert_true(f.mutating <= 4.05);
	assert_true(f.describes <= 0.5);
	assert_true(f.throttled <= 0.01);
	assert_int_equal(c->errors, 0);
	assert_true(f.seconds <= 1.05 * best + (n < 1000 ? OWN_TIME : 0));
	/* First come, first served: the last one waits for what the bucket gives. */
	assert_true((double)c->longest[CREATE] / 1000 <= 1.1 * ((double)n - 100) / 5 + OWN_TIME);
	crowd_free(c);
	world_free(w);
}

static void hundred_lives(void **state)
{
	(void)state;
	budgets(100, 600);
}

static void thousand_lives(void **state)
{
	(void)state;
	budgets(1000, 3000);
}

static void five_thousand_lives(void **state)
{
	(void)state;
	budgets(5000, 10000);
}

/* ---- without buckets: what we add to EC2's own time ---- */

static void no_buckets(struct sim_config *c)
{
	c->bucket_scale = 0;
}

/* One after the other in one daemon. */
static void alone(void **state)
{
	struct world *w = world_new(no_buckets);
	int64_t attach[300], detach[300];

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct crowd *c = crowd_new(w, 1, true);

		snprintf(c->lives[0].name, sizeof(c->lives[0].name), "alone-%d", i);
		reactor_run_until(w->r, &c->ended, 600000);
		assert_true(c->ended);
		attach[i] = c->late[ATTACH][0];
		detach[i] = c->late[DETACH][0];
		crowd_free(c);
	}
	print_message("# alone: %.2f describe calls a life; behind EC2: attach p50 %.2f p99 %.2f "
		      "detach p50 %.2f p99 %.2f s\n", (double)world_describes(w) / 300,
		      quantile(attach, 300, .5), quantile(attach, 300, .99),
		      quantile(detach, 300, .5), quantile(detach, 300, .99));
	assert_true(quantile(attach, 300, .5) <= 0.3 && quantile(attach, 300, .99) <= 0.6);
	assert_true(quantile(detach, 300, .5) <= 0.3 && quantile(detach, 300, .99) <= 0.6);
	world_free(w);
}

static void five_hundred_without_buckets(void **state)
{
	struct world *w = world_new(no_buckets);
	struct crowd *c = crowd_new(w, 500, true);
	struct figures f = run(c, 600);

	(void)state;
	assert_true(f.describes <= 0.5);
	crowd_free(c);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hundred_lives),
		cmocka_unit_test(thousand_lives),
		cmocka_unit_test(five_thousand_lives),
		cmocka_unit_test(alone),
		cmocka_unit_test(five_hundred_without_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
