#include "tests/lib/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>

#include "base/mem.h"

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
	snprintf(l->last, sizeof(l->last), "%s", err_msg(&op->err));
	op_fini(op);
	if (code == GRPC_OK) {
		if (l->crowd->check)
			l->crowd->check(l);
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
	op_set_deadline(op, ms);
	op_start(op, end);
}

static void begin_create(struct life *l)
{
	static const struct ebs_zone_term term = { .zone = "us-east-1a" };
	struct ebs_create_volume *cv = &l->create;

	memset(cv, 0, sizeof(*cv));
	ebs_create_volume_init(cv, l->crowd->w->ebs);
	l->tag = (struct ec2_tag){ EBS_NAME_TAG, l->name };
	cv->name = l->name;
	cv->size_gib = 1;
	cv->terms = &term;
	cv->n_terms = 1;
	cv->tags.v = &l->tag;
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

struct crowd *crowd_new(struct world *w, size_t n)
{
	struct crowd *c = xcalloc(1, sizeof(*c));

	c->w = w;
	c->n = n;
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

void crowd_spread(struct crowd *c, double per_second)
{
	struct sim_rng rng = { .state = 1 };
	double at = 0;

	for (size_t i = 0; i < c->n; i++) {
		double u = (double)(sim_rng_next(&rng) >> 11) / 9007199254740992.0;	/* 2^53 */

		at -= log(1 - u) / per_second * 1000;
		c->lives[i].began = reactor_now(c->w->r) + (int64_t)at;
		timer_arm_at(&c->lives[i].again, c->lives[i].began);
	}
}

void crowd_free(struct crowd *c)
{
	for (int s = 0; s < DONE; s++) {
		free(c->took[s]);
		free(c->late[s]);
	}
	free(c->lives);
	free(c);
}
