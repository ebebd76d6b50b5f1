#include "sim/model_impl.h"

#include <string.h>

#define DESCRIBE_MS { 90, 150, 400, 800 }
#define MUTATING_MS { 200, 300, 700, 1200 }

static const char *const default_zones[] = { "us-east-1a", "us-east-1b", "us-east-1c" };

static const struct sim_bucket_fact {
	const char *name;
	struct sim_bucket_config config;
} bucket_facts[] = {
#define SIM_BUCKET(id, name, burst, rate) [SIM_BUCKET_##id] = { name, { burst, rate } },
#include "sim/buckets.tbl.h"
#undef SIM_BUCKET
};

const char *sim_bucket_name(enum sim_bucket_id b)
{
	return bucket_facts[b].name;
}

static void default_latency(struct sim_config *c)
{
	static const struct sim_delay describe = DESCRIBE_MS, mutating = MUTATING_MS;

	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		c->latency[a] = strncmp(ec2_action_name(a), "Describe", 8) == 0 ? describe
										: mutating;
}

void sim_config_default(struct sim_config *c)
{
	*c = (struct sim_config){
		.seed = 1,
		.region = "us-east-1",
		.account = "123456789012",
		.zones = default_zones,
		.n_zones = ARRAY_SIZE(default_zones),
		.creating = { 800, 1500, 4000, 8000 },
		.deleting = { 300, 1000, 4000, 8000 },
		.attaching = { 1200, 2000, 6000, 10000 },
		.detaching = { 1500, 2500, 7000, 12000 },
		.latency_scale = 1,
		.state_scale = 1,
		.bucket_scale = 1,
		.token_ms = 12 * 3600 * 1000,
		.keep_ms = 60 * 1000,
	};
	default_latency(c);
	for (int b = 0; b < SIM_BUCKET_COUNT; b++)
		c->buckets[b] = bucket_facts[b].config;
}

void sim_config_instant(struct sim_config *c)
{
	sim_config_default(c);
	c->latency_scale = c->state_scale = c->bucket_scale = 0;
}

/* ---- drawing ---- */

static const struct sim_delay *state_delay(const struct sim_config *c, enum sim_timed what)
{
	switch (what) {
	case SIM_TIMED_CREATE:
		return &c->creating;
	case SIM_TIMED_ATTACH:
		return &c->attaching;
	case SIM_TIMED_DETACH:
		return &c->detaching;
	default:
		return &c->deleting;
	}
}

static int64_t draw(struct sim_model *m, const struct sim_curve *curve,
		    const struct sim_delay *d, double scale)
{
	return curve && curve->n ? sim_curve_draw(curve, scale, &m->rng)
				 : sim_delay_draw(d, scale, &m->rng);
}

int64_t sim_latency(struct sim_model *m, enum ec2_action a)
{
	return draw(m, m->curves ? &m->curves->latency[a] : NULL, &m->config.latency[a],
		    m->config.latency_scale);
}

int64_t sim_state_time(struct sim_model *m, enum sim_timed what)
{
	return draw(m, m->curves ? &m->curves->states[what] : NULL,
		    state_delay(&m->config, what), m->config.state_scale);
}

/* ---- checking ---- */

static int check_curve(const struct sim_curve *c, const char *what, struct err *err)
{
	bool good = c->n == 0 || (c->n >= 2 && c->n <= SIM_CURVE_POINTS && c->v[0].part == 0 &&
				  c->v[c->n - 1].part == 1 && c->v[0].ms >= 0);

	for (size_t i = 1; good && i < c->n; i++)
		good = c->v[i].part > c->v[i - 1].part && c->v[i].ms >= c->v[i - 1].ms;
	return good ? 0 : err_set(err, GRPC_INVALID_ARGUMENT, "delay of %s: its points do not "
				  "ascend from 0 to 1", what);
}

static int check_curves(const struct sim_curves *c, struct err *err)
{
	for (int a = 0; c && a < EC2_ACTION_COUNT; a++)
		if (check_curve(&c->latency[a], ec2_action_name((enum ec2_action)a), err) < 0)
			return -1;
	for (int s = 0; c && s < SIM_TIMED_COUNT; s++)
		if (check_curve(&c->states[s], sim_timed_name((enum sim_timed)s), err) < 0)
			return -1;
	return 0;
}

static int check_buckets(const struct sim_config *c, struct err *err)
{
	for (int b = 0; b < SIM_BUCKET_COUNT; b++) {
		const struct sim_bucket_config *one = &c->buckets[b];

		double burst = one->burst * (c->bucket_scale > 0 ? c->bucket_scale : 1);

		if (!(one->burst == 0 || burst >= 1) || !(one->rate >= 0))
			return err_set(err, GRPC_INVALID_ARGUMENT, "bucket %s: with a size of %g "
				       "tokens it never admits a call", bucket_facts[b].name,
				       burst);
	}
	return 0;
}

static int check_delay(const struct sim_delay *d, const char *what, struct err *err)
{
	if (d->min >= 0 && d->min <= d->p50 && d->p50 <= d->p99 && d->p99 <= d->max)
		return 0;
	return err_set(err, GRPC_INVALID_ARGUMENT, "delay of %s: %lld, %lld, %lld, %lld are not "
		       "ascending from 0 (min, p50, p99, max)", what, (long long)d->min,
		       (long long)d->p50, (long long)d->p99, (long long)d->max);
}

static int check_delays(const struct sim_config *c, struct err *err)
{
	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		if (check_delay(&c->latency[a], ec2_action_name(a), err) < 0)
			return -1;
	if (check_delay(&c->creating, "creating", err) < 0 ||
	    check_delay(&c->deleting, "deleting", err) < 0 ||
	    check_delay(&c->attaching, "attaching", err) < 0 ||
	    check_delay(&c->detaching, "detaching", err) < 0)
		return -1;
	if (!(c->latency_scale >= 0 && c->state_scale >= 0 && c->bucket_scale >= 0))
		return err_set(err, GRPC_INVALID_ARGUMENT, "scales must not be negative");
	return 0;
}

static int check_zones(const struct sim_config *c, struct err *err)
{
	if (!c->n_zones)
		return err_set(err, GRPC_INVALID_ARGUMENT, "at least one zone is needed");
	for (size_t i = 0; i < c->n_zones; i++) {
		if (cstr_empty(c->zones[i]) || strlen(c->zones[i]) > 64)
			return err_set(err, GRPC_INVALID_ARGUMENT, "zone %zu has no usable name",
				       i + 1);
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->zones[i], c->zones[j]) == 0)
				return err_set(err, GRPC_INVALID_ARGUMENT,
					       "zone \"%s\" is there twice", c->zones[i]);
	}
	return 0;
}

int sim_config_check(const struct sim_config *c, struct err *err)
{
	if (cstr_empty(c->region) || strlen(c->region) > 32)
		return err_set(err, GRPC_INVALID_ARGUMENT, "region \"%s\" is not a region's name",
			       cstr_or(c->region, ""));
	if (!c->account || strlen(c->account) != 12 || strspn(c->account, "0123456789") != 12)
		return err_set(err, GRPC_INVALID_ARGUMENT, "account \"%s\": expected 12 digits",
			       cstr_or(c->account, ""));
	if (c->token_ms < 0 || c->keep_ms < 0 || c->max_volumes < 0 || c->max_storage_gib < 0)
		return err_set(err, GRPC_INVALID_ARGUMENT, "times and quotas must not be negative");
	if (check_zones(c, err) < 0 || check_curves(c->curves, err) < 0 ||
	    check_buckets(c, err) < 0)
		return -1;
	return check_delays(c, err);
}
