#include "operator.h"

#include "cluster.h"

#define OPERATOR_MS 90000	/* between two looks for what is stuck */

static void force_off(struct cluster *c, const struct ec2_attachment *at)
{
	struct ec2_request req = { .action = EC2_DETACH_VOLUME };
	struct sim_answer answer = {0};

	req.detach_volume.volume_id = at->volume_id;
	req.detach_volume.instance_id = at->instance_id;
	req.detach_volume.force = YES;
	c->stats.forced++;
	cluster_event(c, NULL, "the operator detaches by force", at->volume_id, -1, NULL);
	sim_model_call(c->model, cluster_now(c), &req, &answer);
	sim_answer_fini(&answer);
}

/* Forces what was being detached at the last round already. */
static void look_at(struct operator *o, const struct ec2_attachment *at, struct map *now)
{
	auto_free char *pair = NULL;

	if (!cstr_eq(at->status, "detaching") && !cstr_eq(at->status, "busy"))
		return;
	pair = xasprintf("%s %s", at->volume_id, at->instance_id);
	if (map_get(&o->leaving, pair))
		force_off(o->cluster, at);
	else
		map_put(now, pair, o);
}

static void on_round(struct timer *t)
{
	struct operator *o = container_of(t, struct operator, round);
	struct cluster *c = o->cluster;
	struct ec2_request req = { .action = EC2_DESCRIBE_VOLUMES };
	struct sim_answer answer = {0};
	const struct ec2_volumes *vs = &answer.resp.volumes;
	struct map now;

	map_init(&now);
	sim_model_call(c->model, cluster_now(c), &req, &answer);
	for (size_t i = 0; !answer.code && i < vs->n; i++)
		for (size_t j = 0; j < vs->v[i].attachments.n; j++)
			look_at(o, &vs->v[i].attachments.v[j], &now);
	sim_answer_fini(&answer);
	map_fini(&o->leaving);
	o->leaving = now;
	timer_arm(&o->round, OPERATOR_MS);
}

void operator_init(struct operator *o, struct cluster *c)
{
	o->cluster = c;
	map_init(&o->leaving);
	timer_init(&o->round, c->reactor, on_round);
}

void operator_begin(struct operator *o)
{
	timer_arm(&o->round, OPERATOR_MS);
}

void operator_fini(struct operator *o)
{
	timer_disarm(&o->round);
	map_fini(&o->leaving);
}
