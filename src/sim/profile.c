#include "sim/profile.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "sim/keys.h"

#define VERSION 1
#define DELAY_MAX 86400000.0	/* ms: a day */
#define TOKENS_MAX 1e6

/* ---- distributions ---- */

struct delay_keys {
	double constant, min, p50, p99, max;	/* -1: absent */
};

#define DELAY_KEY(member) \
	{ #member, KEY_REAL, offsetof(struct delay_keys, member), 0, DELAY_MAX }

static const struct key delay_keys[] = {
	DELAY_KEY(constant), DELAY_KEY(min), DELAY_KEY(p50), DELAY_KEY(p99), DELAY_KEY(max),
};

/* Quantiles of the normal distribution. The tails are cut at one in a thousand
 * below and one in ten thousand above. */
static const struct { double part, z; } normal[] = {
	{ 0, -3.0902 },	    { 0.01, -2.3263 }, { 0.05, -1.6449 }, { 0.1, -1.2816 },
	{ 0.25, -0.67449 }, { 0.5, 0 },	       { 0.75, 0.67449 }, { 0.9, 1.2816 },
	{ 0.95, 1.6449 },   { 0.98, 2.0537 },  { 0.99, 2.3263 },  { 0.995, 2.5758 },
	{ 0.999, 3.0902 },  { 1, 3.719 },
};
_Static_assert(ARRAY_SIZE(normal) <= SIM_CURVE_POINTS, "a lognormal fits a curve");

static void lognormal(struct sim_curve *curve, double p50, double p99)
{
	curve->n = p50 > 0 ? ARRAY_SIZE(normal) : 2;
	curve->v[1] = (struct sim_point){ 1, (int64_t)p99 };
	for (size_t i = 0; p50 > 0 && i < curve->n; i++)
		curve->v[i] = (struct sim_point){
			normal[i].part,
			llround(p50 * pow(p99 / p50, normal[i].z / 2.3263)),
		};
}

static void four_points(struct sim_delay *d, double min, double p50, double p99, double max)
{
	*d = (struct sim_delay){ llround(min), llround(p50), llround(p99), llround(max) };
}

static int bad_combination(const json_t *o, const char *where, struct err *err)
{
	return keys_expected(o, where, "a distribution: give a number or \"constant\"; \"min\" and "
			     "\"max\" (uniform); \"p50\" and \"p99\" (lognormal); \"min\", \"p50\", "
			     "\"p99\" and \"max\"; or \"quantiles\"", err);
}

static int ascending(const char *where, const struct delay_keys *k, struct err *err)
{
	const struct { const char *name; double ms; } list[] = {
		{ "min", k->min }, { "p50", k->p50 }, { "p99", k->p99 }, { "max", k->max },
	};
	size_t last = ARRAY_SIZE(list);

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		if (list[i].ms < 0)
			continue;
		if (last < i && list[i].ms < list[last].ms)
			return err_set(err, GRPC_INVALID_ARGUMENT, "%s/%s: %g is less than \"%s\", "
				       "which is %g", where, list[i].name, list[i].ms,
				       list[last].name, list[last].ms);
		last = i;
	}
	return 0;
}

static int by_numbers(const json_t *o, const char *where, struct sim_delay *d,
		      struct sim_curve *curve, struct err *err)
{
	struct delay_keys k = { -1, -1, -1, -1, -1 };
	int given = 0;

	if (keys_read(o, where, delay_keys, ARRAY_SIZE(delay_keys), &k, err) < 0 ||
	    ascending(where, &k, err) < 0)
		return -1;
	given = (k.constant >= 0) | (k.min >= 0) << 1 | (k.p50 >= 0) << 2 | (k.p99 >= 0) << 3 |
		(k.max >= 0) << 4;
	if (given == 1)
		four_points(d, k.constant, k.constant, k.constant, k.constant);
	else if (given == (2 | 16))
		four_points(d, k.min, (k.min + k.max) / 2, k.min + (k.max - k.min) * 0.99, k.max);
	else if (given == (2 | 4 | 8 | 16))
		four_points(d, k.min, k.p50, k.p99, k.max);
	else if (given == (4 | 8))
		lognormal(curve, k.p50, k.p99);
	else
		return bad_combination(o, where, err);
	return 0;
}

/* [[0, 90], [0.5, 150], [1, 400]] */
static int by_quantiles(const json_t *list, const char *where, struct sim_curve *curve,
			struct err *err)
{
	size_t n = json_array_size(list);

	if (n < 2 || n > SIM_CURVE_POINTS)
		return keys_expected(list, where, "a list of 2 to 16 points [part, ms]", err);
	for (size_t i = 0; i < n; i++) {
		const json_t *point = json_array_get(list, i);
		double part = json_number_value(json_array_get(point, 0));
		double ms = json_number_value(json_array_get(point, 1));
		auto_free char *place = xasprintf("%s/%zu", where, i);

		if (json_array_size(point) != 2 || !json_is_number(json_array_get(point, 0)) ||
		    !json_is_number(json_array_get(point, 1)) || !(ms >= 0 && ms <= DELAY_MAX))
			return keys_expected(point, place, "[part, ms] with ms from 0 to 86400000",
					     err);
		if ((i == 0 && part != 0) || (i == n - 1 && part != 1) ||
		    (i && (part <= curve->v[i - 1].part || llround(ms) < curve->v[i - 1].ms)))
			return keys_expected(point, place, "ascending from part 0 to part 1", err);
		curve->v[i] = (struct sim_point){ part, llround(ms) };
	}
	curve->n = n;
	return 0;
}

static int read_delay(const json_t *o, const char *where, struct sim_delay *d,
		      struct sim_curve *curve, struct err *err)
{
	const json_t *list = json_object_get(o, "quantiles");
	double ms = json_number_value(o);

	curve->n = 0;
	if (json_is_number(o)) {
		if (!(ms >= 0 && ms <= DELAY_MAX))
			return keys_expected(o, where, "a number of ms from 0 to 86400000", err);
		four_points(d, ms, ms, ms, ms);
		return 0;
	}
	if (list && json_object_size(o) == 1) {
		auto_free char *place = xasprintf("%s/quantiles", where);

		return by_quantiles(list, place, curve, err);
	}
	return list || !json_is_object(o) ? bad_combination(o, where, err)
					  : by_numbers(o, where, d, curve, err);
}

/* ---- sections ---- */

struct profile {
	struct sim_config *c;
	struct sim_curves *curves;
};

static int action_of(const char *name)
{
	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		if (strcmp(ec2_action_name((enum ec2_action)a), name) == 0)
			return a;
	return -1;
}

static int read_latency(struct profile *p, const json_t *o, const char *where, struct err *err)
{
	const char *known[EC2_ACTION_COUNT], *name;
	json_t *value;

	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		known[a] = ec2_action_name((enum ec2_action)a);
	if (!json_is_object(o))
		return keys_expected(o, where, "an object", err);
	json_object_foreach((json_t *)o, name, value) {
		auto_free char *place = xasprintf("%s/%s", where, name);
		int a = action_of(name);

		if (a < 0)
			return keys_unknown(where, name, known, EC2_ACTION_COUNT, err);
		if (read_delay(value, place, &p->c->latency[a], &p->curves->latency[a], err) < 0)
			return -1;
	}
	return 0;
}

static int read_states(struct profile *p, const json_t *o, const char *where, struct err *err)
{
	static const char *const names[] = { "creating", "attaching", "detaching", "deleting" };
	struct sim_delay *delays[] = { &p->c->creating, &p->c->attaching, &p->c->detaching,
				       &p->c->deleting };
	static const enum sim_timed timed[] = { SIM_TIMED_CREATE, SIM_TIMED_ATTACH,
						SIM_TIMED_DETACH, SIM_TIMED_DELETE };
	const char *name;
	json_t *value;

	if (!json_is_object(o))
		return keys_expected(o, where, "an object", err);
	json_object_foreach((json_t *)o, name, value) {
		auto_free char *place = xasprintf("%s/%s", where, name);
		size_t i = 0;

		while (i < ARRAY_SIZE(names) && strcmp(names[i], name) != 0)
			i++;
		if (i == ARRAY_SIZE(names))
			return keys_unknown(where, name, names, ARRAY_SIZE(names), err);
		if (read_delay(value, place, delays[i], &p->curves->states[timed[i]], err) < 0)
			return -1;
	}
	return 0;
}

/* "off" or {"burst", "rate"} */
static int read_bucket(const json_t *o, const char *where, struct sim_bucket_config *b,
		       struct err *err)
{
	static const struct key keys[] = {
		{ "burst", KEY_REAL, offsetof(struct sim_bucket_config, burst), 1, TOKENS_MAX },
		{ "rate", KEY_REAL, offsetof(struct sim_bucket_config, rate), 0.001, TOKENS_MAX },
	};

	if (cstr_eq(json_string_value(o), "off")) {
		b->burst = b->rate = 0;
		return 0;
	}
	if (!json_is_object(o))
		return keys_expected(o, where, "\"off\" or {\"burst\", \"rate\"}", err);
	return keys_read(o, where, keys, ARRAY_SIZE(keys), b, err);
}

/* "default", "off", a factor, or buckets by name. */
static int read_buckets(struct profile *p, const json_t *o, const char *where, struct err *err)
{
	static const struct key factor = { "factor", KEY_REAL, 0, 0.001, TOKENS_MAX };
	const char *known[SIM_BUCKET_COUNT], *name, *word = json_string_value(o);
	json_t *value;

	if (json_is_number(o))
		return keys_read_one(o, where, &factor, &p->c->bucket_scale, err);
	if (cstr_eq(word, "off"))
		p->c->bucket_scale = 0;
	if (cstr_eq(word, "off") || cstr_eq(word, "default"))
		return 0;
	if (!json_is_object(o))
		return keys_expected(o, where, "\"default\", \"off\", a factor or an object", err);
	for (int b = 0; b < SIM_BUCKET_COUNT; b++)
		known[b] = sim_bucket_name((enum sim_bucket_id)b);
	json_object_foreach((json_t *)o, name, value) {
		auto_free char *place = xasprintf("%s/%s", where, name);
		int b = 0;

		while (b < SIM_BUCKET_COUNT && strcmp(known[b], name) != 0)
			b++;
		if (b == SIM_BUCKET_COUNT)
			return keys_unknown(where, name, known, SIM_BUCKET_COUNT, err);
		if (read_bucket(value, place, &p->c->buckets[b], err) < 0)
			return -1;
	}
	return 0;
}

static int read_quotas(struct profile *p, const json_t *o, const char *where, struct err *err)
{
	static const struct key keys[] = {
		{ "volumes", KEY_INT, offsetof(struct sim_config, max_volumes), 0, 1e9 },
		{ "storage_gib", KEY_INT, offsetof(struct sim_config, max_storage_gib), 0, 1e15 },
	};

	return keys_read(o, where, keys, ARRAY_SIZE(keys), p->c, err);
}

static int read_version(struct profile *p, const json_t *o, const char *where, struct err *err)
{
	(void)p;
	return json_integer_value(o) == VERSION ? 0
		: keys_expected(o, where, "1, the version this program reads", err);
}

static int read_about(struct profile *p, const json_t *o, const char *where, struct err *err)
{
	(void)p;
	return json_is_string(o) ? 0 : keys_expected(o, where, "a string", err);
}

static const struct section {
	const char *name;
	int (*read)(struct profile *p, const json_t *o, const char *where, struct err *err);
} sections[] = {
	{ "version", read_version },	{ "about", read_about },
	{ "latency", read_latency },	{ "states", read_states },
	{ "buckets", read_buckets },	{ "quotas", read_quotas },
};

static int read_section(struct profile *p, const char *name, const json_t *value,
			struct err *err)
{
	const char *known[ARRAY_SIZE(sections)];
	auto_free char *place = xasprintf("/%s", name);

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (strcmp(sections[i].name, name) == 0)
			return sections[i].read(p, value, place, err);
		known[i] = sections[i].name;
	}
	return keys_unknown("", name, known, ARRAY_SIZE(known), err);
}

int sim_profile_apply(const json_t *profile, struct sim_config *c, struct sim_curves *curves,
		      struct err *err)
{
	struct profile p = { c, curves };
	const char *name;
	json_t *value;

	c->curves = curves;
	if (!json_is_object(profile))
		return keys_expected(profile, "", "an object", err);
	json_object_foreach((json_t *)profile, name, value)
		if (read_section(&p, name, value, err) < 0)
			return -1;
	return 0;
}

int sim_profile_load(const char *path, struct sim_config *c, struct sim_curves *curves,
		     struct err *err)
{
	json_t *profile = keys_load(path, err);
	int rc = profile ? sim_profile_apply(profile, c, curves, err) : -1;

	if (profile && rc < 0)
		err_prefix(err, "%s", path);
	json_decref(profile);
	return rc;
}
