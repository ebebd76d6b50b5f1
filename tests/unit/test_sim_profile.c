/* ebs-csi-sim's profiles: the shipped one, distributions, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/profile.h"

struct fixture {
	struct sim_config c;
	struct sim_curves curves;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	sim_config_default(&f->c);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	err_fini(&f->err);
	free(f);
	return 0;
}

static int apply(struct fixture *f, const char *text)
{
	json_t *o = json_parse(str_c(text), &f->err);
	int rc;

	assert_non_null(o);
	rc = sim_profile_apply(o, &f->c, &f->curves, &f->err);
	json_decref(o);
	return rc;
}

/* ---- the shipped profile ---- */

static void assert_delay(const struct sim_delay *a, const struct sim_delay *b)
{
	assert_int_equal(a->min, b->min);
	assert_int_equal(a->p50, b->p50);
	assert_int_equal(a->p99, b->p99);
	assert_int_equal(a->max, b->max);
}

static void spoil(struct sim_config *c)
{
	const struct sim_delay odd = { 7, 7, 7, 7 };

	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		c->latency[a] = odd;
	c->creating = c->attaching = c->detaching = c->deleting = odd;
	for (int b = 0; b < SIM_BUCKET_COUNT; b++)
		c->buckets[b] = (struct sim_bucket_config){ 7, 7 };
	c->max_volumes = c->max_storage_gib = 7;
}

static void the_shipped_one_is_the_default(void **state)
{
	struct fixture *f = *state;
	struct sim_config d;
	char path[512];

	sim_config_default(&d);
	spoil(&f->c);
	snprintf(path, sizeof(path), "%s/conf/sim-ec2.json", cstr_or(getenv("top_srcdir"), "."));
	assert_int_equal(sim_profile_load(path, &f->c, &f->curves, &f->err), 0);
	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		assert_delay(&f->c.latency[a], &d.latency[a]);
		assert_int_equal(f->curves.latency[a].n, 0);
	}
	assert_delay(&f->c.creating, &d.creating);
	assert_delay(&f->c.attaching, &d.attaching);
	assert_delay(&f->c.detaching, &d.detaching);
	assert_delay(&f->c.deleting, &d.deleting);
	for (int b = 0; b < SIM_BUCKET_COUNT; b++) {
		assert_true(f->c.buckets[b].burst == d.buckets[b].burst);
		assert_true(f->c.buckets[b].rate == d.buckets[b].rate);
	}
	assert_int_equal(f->c.max_volumes, d.max_volumes);
	assert_int_equal(f->c.max_storage_gib, d.max_storage_gib);
}

/* ---- distributions ---- */

#define DRAWS 20000

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Draws of creating times, sorted; the caller frees. */
static int64_t *draws(struct fixture *f)
{
	const struct sim_curve *curve = &f->curves.states[SIM_TIMED_CREATE];
	int64_t *v = xcalloc(DRAWS, sizeof(*v));
	struct sim_rng rng = { 42 };

	for (int i = 0; i < DRAWS; i++)
		v[i] = curve->n ? sim_curve_draw(curve, 1, &rng)
				: sim_delay_draw(&f->c.creating, 1, &rng);
	qsort(v, DRAWS, sizeof(*v), ascending);
	return v;
}

static void assert_near(int64_t seen, int64_t wanted)
{
	assert_in_range(seen, wanted * 95 / 100, wanted * 105 / 100);
}

static void constants(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, "{\"states\": {\"creating\": 250}}"), 0);
	assert_delay(&f->c.creating, &(struct sim_delay){ 250, 250, 250, 250 });
	assert_int_equal(apply(f, "{\"states\": {\"creating\": {\"constant\": 99}}}"), 0);
	assert_delay(&f->c.creating, &(struct sim_delay){ 99, 99, 99, 99 });
}

static void uniform(void **state)
{
	struct fixture *f = *state;
	auto_free int64_t *v = NULL;

	assert_int_equal(apply(f, "{\"states\": {\"creating\": {\"min\":1000, \"max\":3000}}}"), 0);
	v = draws(f);
	assert_near(v[0], 1000);
	assert_near(v[DRAWS / 4], 1500);
	assert_near(v[DRAWS / 2], 2000);
	assert_near(v[DRAWS * 3 / 4], 2500);
	assert_near(v[DRAWS - 1], 3000);
}

/* sigma = ln(6000/2000)/2.326; p90 = 2000*exp(1.2816*sigma) */
static void lognormal(void **state)
{
	struct fixture *f = *state;
	auto_free int64_t *v = NULL;

	assert_int_equal(apply(f, "{\"states\": {\"creating\": {\"p50\":2000, \"p99\":6000}}}"), 0);
	v = draws(f);
	assert_near(v[DRAWS / 10], 1092);
	assert_near(v[DRAWS / 2], 2000);
	assert_near(v[DRAWS * 9 / 10], 3663);
	assert_in_range(v[DRAWS * 99 / 100], 5500, 6500);
	assert_true(v[0] > 400 && v[DRAWS - 1] < 11600);
	assert_int_equal(apply(f, "{\"states\": {\"creating\": {\"p50\":0, \"p99\":0}}}"), 0);
}

static void quantiles(void **state)
{
	struct fixture *f = *state;
	auto_free int64_t *v = NULL;

	assert_int_equal(apply(f, "{\"states\": {\"creating\": {\"quantiles\": "
				  "[[0, 100], [0.9, 200], [1, 10000]]}}}"), 0);
	v = draws(f);
	assert_near(v[0], 100);
	assert_near(v[DRAWS * 45 / 100], 150);
	assert_near(v[DRAWS * 89 / 100], 199);
	assert_near(v[DRAWS * 95 / 100], 5100);
	/* a plain one takes the curve away again */
	assert_int_equal(apply(f, "{\"states\": {\"creating\": 5}}"), 0);
	assert_int_equal(f->curves.states[SIM_TIMED_CREATE].n, 0);
}

/* The model draws from them, scaled, and keeps its own copy. */
static void the_model_uses_them(void **state)
{
	struct fixture *f = *state;
	struct ec2_request req = { .action = EC2_CREATE_VOLUME, .create_volume = {
		.availability_zone = "us-east-1a", .size = 1, .volume_type = "gp3" } };
	struct sim_answer a = { 0 };
	struct sim_model *m;

	assert_int_equal(apply(f, "{\"states\": {\"creating\": {\"quantiles\": [[0,50],[1,50]]}},"
				  "\"latency\": {\"CreateVolume\": {\"quantiles\": [[0,8],[1,8]]}},"
				  "\"buckets\": {\"CreateVolume\": \"off\"}}"), 0);
	f->c.latency_scale = 2;
	m = sim_model_new(&f->c, &f->err);
	assert_non_null(m);
	memset(&f->curves, 0xff, sizeof(f->curves));
	for (int i = 0; i < 300; i++) {		/* more than the default bucket holds */
		sim_answer_fini(&a);
		sim_model_call(m, 0, &req, &a);
		assert_null(a.code);
		assert_int_equal(a.latency_ms, 16);
	}
	assert_int_equal(sim_model_next_event(m), 50);
	sim_answer_fini(&a);
	sim_model_free(m);
}

static void buckets(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(apply(f, "{\"buckets\": {\"mutating\": {\"rate\": 50}}}"), 0);
	assert_true(f->c.buckets[SIM_BUCKET_MUTATING].rate == 50);
	assert_true(f->c.buckets[SIM_BUCKET_MUTATING].burst == 50);
	assert_int_equal(apply(f, "{\"buckets\": 2.5}"), 0);
	assert_true(f->c.bucket_scale == 2.5);
	assert_int_equal(apply(f, "{\"buckets\": \"default\"}"), 0);
	assert_true(f->c.bucket_scale == 2.5);
	assert_int_equal(apply(f, "{\"buckets\": \"off\", \"quotas\": {\"volumes\": 9}}"), 0);
	assert_true(f->c.bucket_scale == 0);
	assert_int_equal(f->c.max_volumes, 9);
	f->c.bucket_scale = 0.001;
	assert_null(sim_model_new(&f->c, &f->err));
	assert_non_null(strstr(err_msg(&f->err), "never admits"));
}

/* ---- what is refused ---- */

static const struct { const char *profile, *said; } bad[] = {
	{ "[]", "/: [] is not an object" },
	{ "{\"latencies\": {}}", "/latencies is not known; did you mean \"latency\"?" },
	{ "{\"zzzzzzzz\": 1}", "allowed: version, about, latency, states, buckets, quotas" },
	{ "{\"version\": 2}", "/version: 2 is not 1" },
	{ "{\"latency\": 5}", "/latency: 5 is not an object" },
	{ "{\"latency\": {\"AtachVolume\": 5}}",
	  "/latency/AtachVolume is not known; did you mean \"AttachVolume\"?" },
	{ "{\"latency\": {\"AttachVolume\": -5}}", "/latency/AttachVolume: -5 is not" },
	{ "{\"latency\": {\"AttachVolume\": \"5\"}}",
	  "/latency/AttachVolume: \"5\" is not a distribution: give" },
	{ "{\"latency\": {\"AttachVolume\": {\"p50\": 1}}}", "is not a distribution: give" },
	{ "{\"latency\": {\"AttachVolume\": {\"p99\": -1}}}",
	  "/latency/AttachVolume/p99: -1 is not a number from 0 to 86400000" },
	{ "{\"latency\": {\"AttachVolume\": {\"p50\": 1, \"p99\": true}}}",
	  "/latency/AttachVolume/p99: true is not" },
	{ "{\"latency\": {\"AttachVolume\": {\"p50\": 1, \"p98\": 2}}}",
	  "/latency/AttachVolume/p98 is not known; did you mean" },
	{ "{\"latency\": {\"AttachVolume\": {\"p50\": 10, \"p99\": 2}}}",
	  "/latency/AttachVolume/p99: 2 is less than \"p50\", which is 10" },
	{ "{\"latency\": {\"AttachVolume\": {\"min\": 10, \"max\": 2}}}", "max: 2 is less than" },
	{ "{\"latency\": {\"AttachVolume\": {\"constant\": 1, \"max\": 2}}}", "is not a distr" },
	{ "{\"latency\": {\"AttachVolume\": {\"quantiles\": [[0,1]]}}}",
	  "/latency/AttachVolume/quantiles: [[0,1]] is not a list of 2 to 16" },
	{ "{\"latency\": {\"AttachVolume\": {\"quantiles\": [[0,1],[0.5,7]]}}}",
	  "/quantiles/1: [0.5,7] is not ascending from part 0 to part 1" },
	{ "{\"latency\": {\"AttachVolume\": {\"quantiles\": [[0,1],[1,0]]}}}", "ascending" },
	{ "{\"latency\": {\"AttachVolume\": {\"quantiles\": [[0,1],[0,2],[1,3]]}}}", "ascending" },
	{ "{\"latency\": {\"AttachVolume\": {\"quantiles\": [[0,-1],[1,3]]}}}", "with ms from 0" },
	{ "{\"latency\": {\"AttachVolume\": {\"quantiles\": [7,[1,3]]}}}", "/0: 7 is not [part" },
	{ "{\"latency\": {\"AttachVolume\": {\"quantiles\": [[0,1],[1,3]], \"p50\":1}}}",
	  "is not a distribution" },
	{ "{\"states\": {\"atttaching\": 1}}", "did you mean \"attaching\"?" },
	{ "{\"states\": {\"attaching\": 1e9}}", "/states/attaching: 1000000000.0 is not" },
	{ "{\"buckets\": {\"mutatin\": \"off\"}}", "did you mean \"mutating\"?" },
	{ "{\"buckets\": {\"mutating\": \"of\"}}", "/buckets/mutating: \"of\" is not \"off\"" },
	{ "{\"buckets\": {\"mutating\": {\"rate\": 0}}}",
	  "/buckets/mutating/rate: 0 is not a number from 0.001 to 1000000" },
	{ "{\"buckets\": {\"mutating\": {\"burst\": 0.5}}}", "/buckets/mutating/burst: 0.5 is" },
	{ "{\"buckets\": {\"mutating\": {\"burts\": 5}}}", "did you mean \"burst\"?" },
	{ "{\"buckets\": \"on\"}", "/buckets: \"on\" is not \"default\", \"off\"" },
	{ "{\"buckets\": -1}", "/buckets: -1 is not" },
	{ "{\"quotas\": {\"volumes\": 1.5}}", "/quotas/volumes: 1.5 is not a whole number" },
	{ "{\"about\": 1}", "/about: 1 is not a string" },
};

static void bad_profiles(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(apply(f, bad[i].profile), -1);
		if (!strstr(err_msg(&f->err), bad[i].said))
			fail_msg("%s: said \"%s\"", bad[i].profile, err_msg(&f->err));
		assert_int_equal(f->err.code, GRPC_INVALID_ARGUMENT);
	}
	assert_int_equal(sim_profile_load("/nonexistent", &f->c, &f->curves, &f->err), -1);
	assert_non_null(strstr(err_msg(&f->err), "/nonexistent: "));
	assert_int_equal(sim_profile_load("/", &f->c, &f->curves, &f->err), -1);
	assert_non_null(strstr(err_msg(&f->err), "/ is not a file"));
	assert_int_equal(sim_profile_load("/dev/zero", &f->c, &f->curves, &f->err), -1);
	assert_non_null(strstr(err_msg(&f->err), "/dev/zero is larger than"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_shipped_one_is_the_default),
		TEST(constants),
		TEST(uniform),
		TEST(lognormal),
		TEST(quantiles),
		TEST(the_model_uses_them),
		TEST(buckets),
		TEST(bad_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
