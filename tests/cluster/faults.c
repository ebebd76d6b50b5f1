#include "faults.h"

#include <string.h>

#include "ebs/impl.h"
#include "operator.h"
#include "reach.h"

#define ON 0.25			/* chance of each kind of fault */
#define END_MIN_MS 30000
#define END_MAX_MS 400000
#define EVENTS_MAX 12		/* deaths, clock jumps, outages */
#define CRASHES_MAX 8
#define TRANSIT_MAX_MS 5000
#define LAG_MAX_MS 8000
#define STRIKES 4
#define AIM_PAUSE 100

static const struct fault_plan {
	enum sim_fault_kind kind;
	double rate;
	int64_t delay_ms;
} plans[] = {
#define FAULT(kind, rate, delay) { SIM_FAULT_##kind, rate, delay },
#include "faults.tbl.h"
#undef FAULT
};

/* Calls the controller makes. */
static const enum ec2_action actions[] = {
	EC2_CREATE_VOLUME, EC2_DELETE_VOLUME, EC2_ATTACH_VOLUME, EC2_DETACH_VOLUME,
	EC2_DESCRIBE_VOLUMES, EC2_DESCRIBE_INSTANCES, EC2_DESCRIBE_AVAILABILITY_ZONES,
};

enum event_kind { EVENT_STOP, EVENT_TERMINATE, EVENT_JUMP, EVENT_CUT, EVENT_KEY };

struct event {
	struct timer timer;
	struct faults *faults;
	enum event_kind kind;
	struct node *node;	/* on its way out */
	bool cut;		/* the network is, now */
	bool keyless;		/* the key was changed at EC2 only */
};

struct faults {
	struct cluster *cluster;
	bool on[SIM_FAULT_COUNT];
	struct event events[EVENTS_MAX];
	size_t n_events;
	struct timer end, restart;
	struct operator operator;
	int64_t crash_in;	/* steps of the clock; 0: never again */
	size_t aim_step;	/* of reach.tbl.h */
	enum reach_end aim_end;
	unsigned int strikes;	/* still to come */
	int aim_pause;		/* steps of the clock until the next may */
	unsigned int crashes;	/* still to come */
	int64_t crash_gap;	/* steps between two of them, at most */
	int64_t shifted_ms;	/* of the wall clock */
	unsigned int laggards;	/* volumes that EC2 may be slow to know */
	bool key_changed;
	double busy;		/* chance that a guest still uses a disk */
};

bool faults_refuse(const struct faults *f)
{
	return f->key_changed || f->on[SIM_FAULT_AUTH] || f->on[SIM_FAULT_EXPIRED] || f->on[SIM_FAULT_DENIED];
}

bool faults_limit(const struct faults *f)
{
	return f->on[SIM_FAULT_ATTACH_LIMIT] || f->on[SIM_FAULT_VOLUME_LIMIT];
}

bool faults_fail_volumes(const struct faults *f)
{
	return f->on[SIM_FAULT_CREATE_ERROR] || f->on[SIM_FAULT_CREATE_VANISH];
}

bool faults_device_busy(struct faults *f)
{
	return cluster_now(f->cluster) < f->cluster->faults_end &&
	       cluster_chance(f->cluster, f->busy);
}

bool faults_late(const struct faults *f)
{
	(void)f;
	return false;
}

/* ---- EC2 ---- */

static void add_rule(struct faults *f, const struct sim_fault *rule)
{
	struct cluster *c = f->cluster;
	struct err err = {0};

	f->on[rule->kind] = true;
	if (sim_model_add_fault(c->model, rule, &err) < 0) {
		cluster_fail(c, NULL, "the model refuses", "%s", err_msg(&err));
		err_fini(&err);
	}
}

static void draw_rule(struct faults *f, const struct fault_plan *p)
{
	struct cluster *c = f->cluster;
	double part = (double)cluster_draw(c, 1, 100) / 100;
	struct sim_fault rule = {
		.kind = p->kind,
		.action = SIM_ANY_ACTION,
		.probability = p->rate * part * part,
		.delay_ms = p->delay_ms ? cluster_draw(c, 1, p->delay_ms) : 0,
	};

	if (cluster_chance(c, 0.3))
		rule.action = (int)actions[cluster_draw(c, 0, ARRAY_SIZE(actions) - 1)];
	add_rule(f, &rule);
}

void faults_created(struct faults *f, const char *volume)
{
	static const enum ec2_action all[] = {
		EC2_ATTACH_VOLUME, EC2_DETACH_VOLUME, EC2_DELETE_VOLUME,
	};
	struct cluster *c = f->cluster;
	int64_t now = cluster_now(c);
	struct sim_fault rule = {
		.kind = SIM_FAULT_ERROR, .http_status = 400, .id = volume,
		.code = "InvalidVolume.NotFound", .message = "The volume does not exist.",
	};

	if (f->laggards == 0 || now >= c->faults_end || !cluster_chance(c, 0.3))
		return;
	f->laggards--;
	rule.action = (int)all[cluster_draw(c, 0, ARRAY_SIZE(all) - 1)];
	rule.until_ms = now + cluster_draw(c, 1, LAG_MAX_MS);
	add_rule(f, &rule);
}

/* For some time everything fails in the same way. */
static void draw_outage(struct faults *f)
{
	static const enum sim_fault_kind kinds[] = {
		SIM_FAULT_THROTTLE, SIM_FAULT_UNAVAILABLE, SIM_FAULT_RESET_BEFORE,
		SIM_FAULT_RESET_AFTER, SIM_FAULT_AUTH, SIM_FAULT_HANG_AFTER,
		SIM_FAULT_TRUNCATED,
	};
	struct cluster *c = f->cluster;
	int64_t from = cluster_draw(c, 0, c->faults_end);
	struct sim_fault rule = {
		.kind = kinds[cluster_draw(c, 0, ARRAY_SIZE(kinds) - 1)],
		.action = SIM_ANY_ACTION,
		.from_ms = from,
		.until_ms = from + cluster_draw(c, 1000, 60000),
	};

	add_rule(f, &rule);
}

static void draw_ec2(struct faults *f)
{
	struct cluster *c = f->cluster;

	for (size_t i = 0; i < ARRAY_SIZE(plans); i++)
		if (cluster_chance(c, ON))
			draw_rule(f, &plans[i]);
	if (cluster_chance(c, 0.2))
		draw_outage(f);
}

/* ---- nodes and clocks ---- */

static struct node *random_node(struct cluster *c)
{
	struct node *n = &c->nodes[cluster_draw(c, 0, (int64_t)c->n_nodes - 1)];

	return n->dead || c->n_nodes + 1 >= CLUSTER_NODES_MAX ? NULL : n;
}

/* In two steps, as EC2 does it. */
static void take_node(struct event *e, const char *first, const char *last)
{
	struct cluster *c = e->faults->cluster;
	struct err err = {0};

	if (!e->node) {
		e->node = random_node(c);
		if (!e->node)
			return;
		reach_jobs(c, REACH_NODE, e->node->id);
		cluster_kill_node(c, e->node, first);
		timer_arm(&e->timer, cluster_draw(c, 0, 30000));
		return;
	}
	cluster_event(c, NULL, "the node is", e->node->id, -1, last);
	if (sim_model_set_instance_state(c->model, cluster_now(c), e->node->id, last, &err) < 0) {
		cluster_fail(c, NULL, "the model refuses", "%s", err_msg(&err));
		err_fini(&err);
	}
}

static void jump(struct faults *f)
{
	static const int64_t most[] = { 2000, 60000, 4 * 3600 * 1000 };
	struct cluster *c = f->cluster;
	int64_t max = most[cluster_draw(c, 0, ARRAY_SIZE(most) - 1)];
	int64_t by = cluster_draw(c, -max, max);

	c->stats.clock_jumps++;
	reach_jobs(c, REACH_JUMP, NULL);
	f->shifted_ms += by;
	seam_jump(c->ctl.seam, by);
	cluster_event(c, NULL, by < 0 ? "the clock jumps back" : "the clock jumps", NULL, -1,
		      NULL);
}

/* No connection to EC2 comes about for a while. */
static void cut(struct event *e)
{
	struct cluster *c = e->faults->cluster;

	e->cut = !e->cut;
	cluster_event(c, NULL, e->cut ? "EC2 is out of reach" : "EC2 is in reach", NULL, -1,
		      NULL);
	seam_set_reachable(c->ctl.seam, !e->cut && c->ctl.up);
	if (e->cut)
		timer_arm(&e->timer, cluster_draw(c, 100, 20000));
}

/* EC2 has a new key; the controller is told some time later. */
static void change_key(struct event *e)
{
	struct cluster *c = e->faults->cluster;

	e->keyless = !e->keyless;
	e->faults->key_changed = true;
	cluster_event(c, NULL, e->keyless ? "the key changes" : "the new key is there", NULL, -1,
		      NULL);
	if (!e->keyless) {
		seam_give_key(c->ctl.seam);
		return;
	}
	seam_change_key(c->ctl.seam);
	timer_arm(&e->timer, cluster_draw(c, 0, 40000));
}

static void on_event(struct timer *t)
{
	struct event *e = container_of(t, struct event, timer);

	switch (e->kind) {
	case EVENT_STOP:
		take_node(e, "stopping", "stopped");
		break;
	case EVENT_TERMINATE:
		take_node(e, "shutting-down", "terminated");
		break;
	case EVENT_CUT:
		cut(e);
		break;
	case EVENT_KEY:
		change_key(e);
		break;
	default:
		jump(e->faults);
	}
}

/* Calls take their time to EC2, and outlive who sent them. */
static void draw_transit(struct faults *f)
{
	struct cluster *c = f->cluster;
	int64_t max = cluster_draw(c, 100, TRANSIT_MAX_MS);
	struct sim_delay d = { 0, max / 20, max / 2, max };

	seam_set_transit(c->ctl.seam, &d, sim_rng_next(&c->rng));
}

static void draw_events(struct faults *f, enum event_kind kind, size_t most)
{
	struct cluster *c = f->cluster;
	size_t n = (size_t)cluster_draw(c, 1, (int64_t)most);

	for (size_t i = 0; i < n && f->n_events < EVENTS_MAX; i++) {
		struct event *e = &f->events[f->n_events++];

		e->faults = f;
		e->kind = kind;
		timer_init(&e->timer, c->reactor, on_event);
		timer_arm(&e->timer, cluster_draw(c, 0, c->faults_end));
	}
}

/* ---- crashes ---- */

static void on_restart(struct timer *t)
{
	struct faults *f = container_of(t, struct faults, restart);

	cluster_event(f->cluster, NULL, "a controller starts", NULL, -1, NULL);
	controller_start(&f->cluster->ctl);
}

static void plan_crash(struct faults *f)
{
	f->crash_in = f->crashes ? cluster_draw(f->cluster, 1, f->crash_gap) : 0;
}

static void crash(struct faults *f)
{
	struct cluster *c = f->cluster;

	f->crashes--;
	plan_crash(f);
	if (!c->ctl.up || cluster_now(c) >= c->faults_end)
		return;
	c->stats.crashes++;
	cluster_event(c, NULL, "the controller dies", NULL, -1, NULL);
	reach_jobs(c, REACH_CRASH, NULL);
	controller_kill(&c->ctl);
	c->stats.orphans += seam_orphans(c->ctl.seam);
	/* Often another one is there before the dead one's calls have ended. */
	timer_arm(&f->restart, cluster_chance(c, 0.6) ? cluster_draw(c, 0, 500)
						      : cluster_draw(c, 500, 60000));
}

/* ---- seeds that aim: something ends whenever a job stands at one step ---- */

static void strike(struct faults *f, const struct job *job)
{
	struct cluster *c = f->cluster;
	struct call *call;

	f->strikes--;
	f->aim_pause = AIM_PAUSE;
	if (f->aim_end == REACH_CRASH) {
		f->crashes++;
		crash(f);
		return;
	}
	if (list_empty(&job->seats))
		return;
	call = call_find(&c->ctl, list_entry(job->seats.next, struct job_seat, link)->op);
	if (call && f->aim_end == REACH_DEADLINE)
		call_expire(call);
	else if (call)
		want_hang_up(call->user);
}

static void aim(struct faults *f)
{
	const struct job *job;

	if (f->aim_pause-- > 0 || cluster_now(f->cluster) >= f->cluster->faults_end)
		return;
	f->aim_pause = 0;
	job = reach_find(f->cluster, f->aim_step);
	if (job)
		strike(f, job);
}

/* What the rare steps need. */
static void draw_aim(struct faults *f)
{
	static const struct sim_fault rules[] = {
		{ .kind = SIM_FAULT_CREATE_ERROR, .action = EC2_CREATE_VOLUME, .probability = 0.3 },
		{ .kind = SIM_FAULT_ATTACH_STUCK, .action = EC2_ATTACH_VOLUME, .probability = 0.1 },
		{ .kind = SIM_FAULT_RESET_BEFORE, .action = SIM_ANY_ACTION, .probability = 0.2 },
	};
	struct cluster *c = f->cluster;

	f->aim_step = reach_draw(c);
	f->aim_end = (enum reach_end)cluster_draw(c, 0, REACH_AIMS - 1);
	f->strikes = STRIKES;
	if (cluster_chance(c, 0.7))
		for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
			add_rule(f, &rules[i]);
	if (cluster_chance(c, 0.3))
		draw_events(f, EVENT_CUT, 4);
}

void faults_step(struct faults *f)
{
	if (f->strikes > 0)
		aim(f);
	if (f->crash_in > 0 && --f->crash_in == 0)
		crash(f);
}

/* ---- life ---- */

static void on_end(struct timer *t)
{
	struct faults *f = container_of(t, struct faults, end);
	struct cluster *c = f->cluster;

	cluster_event(c, NULL, "the faults end", NULL, -1, NULL);
	sim_model_clear_faults(c->model);
	seam_jump(c->ctl.seam, -f->shifted_ms);
	seam_give_key(c->ctl.seam);
	f->crash_in = 0;
}

static void draw(struct faults *f)
{
	struct cluster *c = f->cluster;

	c->faults_end = cluster_draw(c, END_MIN_MS, END_MAX_MS);
	draw_ec2(f);
	if (cluster_chance(c, 0.3))
		draw_events(f, EVENT_STOP, 2);
	if (cluster_chance(c, 0.3))
		draw_events(f, EVENT_TERMINATE, 2);
	if (cluster_chance(c, 0.3))
		draw_events(f, EVENT_JUMP, 3);
	if (cluster_chance(c, 0.2))
		draw_events(f, EVENT_CUT, 4);
	if (c->bytes && cluster_chance(c, 0.3))
		draw_events(f, EVENT_KEY, 2);
	if (cluster_chance(c, 0.5))
		f->crashes = (unsigned int)cluster_draw(c, 1, CRASHES_MAX);
	f->crash_gap = cluster_chance(c, 0.5) ? 300 : 2000;
	if (cluster_chance(c, 0.3))
		f->busy = (double)cluster_draw(c, 1, 90) / 100;
	/* Ids are unknown for some time after CreateVolume, which is long past where
	 * creating takes long. */
	if (c->hurry && cluster_chance(c, 0.5))
		f->laggards = 10;
	if (cluster_chance(c, 0.5))
		draw_transit(f);
	if (cluster_chance(c, 0.3))
		draw_aim(f);
	plan_crash(f);
	timer_arm(&f->end, c->faults_end);
	if (f->on[SIM_FAULT_DETACH_STUCK])
		operator_begin(&f->operator);
}

struct faults *faults_new(struct cluster *c)
{
	struct faults *f = xcalloc(1, sizeof(*f));

	f->cluster = c;
	timer_init(&f->end, c->reactor, on_end);
	operator_init(&f->operator, c);
	timer_init(&f->restart, c->reactor, on_restart);
	if (!c->opt.calm)
		draw(f);
	return f;
}

void faults_free(struct faults *f)
{
	timer_disarm(&f->end);
	operator_fini(&f->operator);
	timer_disarm(&f->restart);
	for (size_t i = 0; i < f->n_events; i++)
		timer_disarm(&f->events[i].timer);
	free(f);
}
