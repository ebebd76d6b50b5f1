#include "cluster.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "faults.h"
#include "reach.h"

#define BYTES 0.04		/* share of the seeds whose EC2 calls go as bytes */
#define SETTLE_MS (40 * 60 * 1000)	/* from the last fault to the last life's end */
#define SETTLE_EACH_MS 1000	/* EC2's buckets give five calls a second */
#define REST_MS (EBS_LINGER_MS + 15 * 60 * 1000)	/* until nothing runs any more */

int64_t cluster_now(const struct cluster *c)
{
	return reactor_now(c->reactor);
}

int64_t cluster_draw(struct cluster *c, int64_t from, int64_t to)
{
	return from + (int64_t)sim_rng_below(&c->rng, (uint64_t)(to - from + 1));
}

bool cluster_chance(struct cluster *c, double p)
{
	return p > 0 && sim_rng_chance(&c->rng, p);
}

/* ---- what happens ---- */

void cluster_hash(struct cluster *c, uint64_t x)
{
	c->hash = (c->hash ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	c->hash ^= c->hash >> 29;
}

void cluster_hash_text(struct cluster *c, const char *s)
{
	uint64_t h = 0;

	for (; s && *s; s++)
		h = h * 131 + (unsigned char)*s;
	cluster_hash(c, h);
}

void cluster_event(struct cluster *c, struct life *l, const char *what, const char *node,
		   int code, const char *text)
{
	int64_t now = cluster_now(c);

	cluster_hash(c, (uint64_t)now);
	cluster_hash(c, l ? l->number : UINT64_MAX);
	cluster_hash(c, (uint64_t)(code + 1));
	cluster_hash_text(c, what);
	cluster_hash_text(c, text);
	if (l)
		story_add(&l->story, now, what, node, code, text);
	if (!c->opt.log)
		return;
	printf("%9.3f %-8s %s%s%s%s%s%s%s\n", (double)now / 1000, l ? l->name : "-", what,
	       node ? " " : "", cstr_or(node, ""), code >= 0 ? " = " : "",
	       code >= 0 ? grpc_code_name((enum grpc_code)code) : "",
	       cstr_empty(text) ? "" : ": ", cstr_or(text, ""));
}

static void tell_life(struct cluster *c, const struct life *l)
{
	const char *id = l->volume[0] ? l->volume : l->made;
	struct buf out;

	buf_init(&out, 1 << 20);
	story_tell(&l->story, c->model, id, &out);
	fprintf(stderr, "  %s is %s\n%s", l->name, *id ? id : "not created", buf_cstr(&out));
	buf_fini(&out);
}

void cluster_fail(struct cluster *c, const struct life *l, const char *rule, const char *fmt,
		  ...)
{
	va_list ap;

	if (c->failed)
		return;
	c->failed = true;
	fprintf(stderr, "seed %llu at %.3f s: %s: ", (unsigned long long)c->opt.seed,
		(double)cluster_now(c) / 1000, rule);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (l)
		tell_life(c, l);
}

/* ---- nodes ---- */

struct node *cluster_node(struct cluster *c, const char *id)
{
	for (size_t i = 0; i < c->n_nodes; i++)
		if (cstr_eq(c->nodes[i].id, id))
			return &c->nodes[i];
	return NULL;
}

struct node *cluster_pick_node(struct cluster *c, const char *zone, const struct node *not)
{
	struct node *fit[CLUSTER_NODES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < c->n_nodes; i++)
		if (!c->nodes[i].dead && &c->nodes[i] != not && cstr_eq(c->nodes[i].zone, zone))
			fit[n++] = &c->nodes[i];
	if (c->opt.calm && n)
		return fit[c->next_node++ % n];	/* spread, so that none is full */
	return n ? fit[cluster_draw(c, 0, (int64_t)n - 1)] : NULL;
}

struct node *cluster_add_node(struct cluster *c, const char *zone)
{
	struct sim_instance_spec spec = { .zone = zone, .type = "m5.large" };
	struct node *n = &c->nodes[c->n_nodes];
	struct err err = {0};

	if (c->n_nodes == CLUSTER_NODES_MAX)
		abort();	/* each death adds one; faults.c kills far fewer */
	n->id = sim_model_add_instance(c->model, cluster_now(c), &spec, &err);
	n->zone = zone;
	c->n_nodes++;
	cluster_event(c, NULL, "a node comes", n->id, -1, zone);
	return n;
}

void cluster_kill_node(struct cluster *c, struct node *n, const char *state)
{
	struct err err = {0};

	n->dead = true;
	c->stats.node_deaths++;
	cluster_event(c, NULL, "a node dies", n->id, -1, state);
	if (sim_model_set_instance_state(c->model, cluster_now(c), n->id, state, &err) < 0) {
		cluster_fail(c, NULL, "the model refuses", "%s", err_msg(&err));
		err_fini(&err);
	}
	for (size_t i = 0; i < c->n_lives; i++)
		life_node_died(&c->lives[i], n);
}

/* ---- a seed ---- */

static void draw_config(struct cluster *c)
{
	static const double buckets[] = { 0, 1, 5, 20 };
	static const char *const zones[] = { "us-east-1a", "us-east-1b" };
	struct sim_config *conf = &c->config;

	sim_config_default(conf);
	conf->seed = sim_rng_next(&c->rng);
	conf->epoch_ms = CLUSTER_WALL;
	conf->zones = zones;
	conf->n_zones = 1;
	if (c->opt.calm)	/* EC2 as it is: the budget of calls is for that */
		return;
	/* EC2 and users that are quick meet views of before more often. */
	c->hurry = cluster_chance(c, 0.25);
	conf->n_zones = (size_t)cluster_draw(c, 1, 2);
	conf->bucket_scale = buckets[cluster_draw(c, 0, 3)];
	conf->state_scale = (double)cluster_draw(c, 1, c->hurry ? 4 : 20) / 10;
	conf->latency_scale = (double)cluster_draw(c, 1, 15) / 10;
}

static void draw_sidecars(struct cluster *c)
{
	struct sidecar *p = &c->provisioner, *a = &c->attacher;
	bool calm = c->opt.calm;

	sidecar_init(p, c);
	sidecar_init(a, c);
	p->workers = a->workers = calm ? 1000 : (unsigned int)cluster_draw(c, 5, 100);
	p->timeout_ms = calm || cluster_chance(c, 0.5) ? 60000 : 10000;
	a->timeout_ms = calm || cluster_chance(c, 0.5) ? 360000 : 15000;
	p->retry_min_ms = a->retry_min_ms = 1000;
	p->retry_max_ms = cluster_chance(c, 0.5) ? 300000 : 30000;
	a->retry_max_ms = cluster_chance(c, 0.5) ? 300000 : 30000;
	if (calm)
		return;
	p->duplicate = a->duplicate = cluster_chance(c, 0.5) ? 0.1 : 0;
	p->impatient = a->impatient = cluster_chance(c, 0.5) ? 0.1 : 0;
}

static void add_nodes(struct cluster *c)
{
	size_t per_zone = 2 + c->n_lives / 15, most = CLUSTER_NODES_MAX / (c->opt.calm ? 1 : 4);

	if (per_zone > most)
		per_zone = most;
	for (size_t z = 0; z < c->config.n_zones; z++)
		for (size_t i = 0; i < per_zone; i++)
			cluster_add_node(c, c->config.zones[z]);
}

static bool set_up(struct cluster *c)
{
	struct err err = {0};

	c->rng.state = c->opt.seed;
	sim_rng_next(&c->rng);
	c->reactor = reactor_new_virtual(CLUSTER_WALL);
	draw_config(c);
	c->model = sim_model_new(&c->config, &err);
	if (!c->model) {
		cluster_fail(c, NULL, "the model refuses", "%s", err_msg(&err));
		err_fini(&err);
		return false;
	}
	c->n_lives = c->opt.lives;
	c->lives = xcalloc(c->n_lives, sizeof(*c->lives));
	add_nodes(c);
	draw_sidecars(c);
	for (size_t i = 0; i < c->n_lives; i++)
		life_init(&c->lives[i], c, i);
	c->check = check_new(c);
	c->bytes = (!c->opt.calm && cluster_chance(c, BYTES)) || c->opt.bytes;
	controller_init(&c->ctl, c, c->bytes);
	c->faults = faults_new(c);
	controller_start(&c->ctl);
	return true;
}

static void tear_down(struct cluster *c)
{
	if (c->model) {
		for (size_t i = 0; i < c->n_lives; i++)
			life_fini(&c->lives[i]);
		controller_fini(&c->ctl);
		faults_free(c->faults);
		check_free(c->check);
		sim_model_free(c->model);
	}
	free(c->lives);
	reactor_free(c->reactor);
}

static const struct life *first_unsettled(const struct cluster *c)
{
	for (size_t i = 0; i < c->n_lives; i++)
		if (c->lives[i].state != LIFE_OVER)
			return &c->lives[i];
	return NULL;
}

static void live(struct cluster *c)
{
	int64_t limit = c->faults_end + SETTLE_MS + (int64_t)c->n_lives * SETTLE_EACH_MS;

	while (!c->over && !c->failed) {
		if (cluster_now(c) > limit) {
			cluster_fail(c, first_unsettled(c), "not settled in time",
				     "%zu of %zu lives are over", c->n_over, c->n_lives);
			return;
		}
		if (!reactor_step(c->reactor, SETTLE_MS)) {
			cluster_fail(c, first_unsettled(c), "nothing will happen any more",
				     "%zu of %zu lives are over", c->n_over, c->n_lives);
			return;
		}
		faults_step(c->faults);
	}
}

/* Jobs that somebody had waited for linger; everything else is at rest soon. */
static void come_to_rest(struct cluster *c)
{
	int64_t end = cluster_now(c) + REST_MS;

	while (!c->failed && !ebs_idle(c->ctl.ebs) && cluster_now(c) < end)
		if (!reactor_step(c->reactor, end - cluster_now(c)))
			break;
	reactor_advance(c->reactor, 60000);
	sim_model_advance(c->model, cluster_now(c));
	if (!c->failed && !ebs_idle(c->ctl.ebs))
		cluster_fail(c, NULL, "not settled in time", "the controller still runs something");
}

static void add_stats(struct cluster_stats *sum, const struct cluster_stats *s)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)s;

	uint64_t longest = sum->settled_ms > s->settled_ms ? sum->settled_ms : s->settled_ms;

	for (size_t i = 0; i < sizeof(*s) / sizeof(*from); i++)
		to[i] += from[i];
	sum->settled_ms = longest;
}

bool cluster_run(const struct cluster_options *opt, struct cluster_stats *sum, uint64_t *hash)
{
	struct cluster *c = xcalloc(1, sizeof(*c));
	bool good;

	c->opt = *opt;
	if (set_up(c)) {
		live(c);
		if (cluster_now(c) > c->faults_end)
			c->stats.settled_ms = (uint64_t)(cluster_now(c) - c->faults_end);
		controller_start(&c->ctl);
		come_to_rest(c);
		if (!c->failed)
			check_end(c);
		cluster_hash(c, sim_model_trace(c->model));
		reach_faults(c);
	}
	tear_down(c);
	add_stats(sum, &c->stats);
	*hash = c->hash;
	good = !c->failed;
	free(c);
	return good;
}
