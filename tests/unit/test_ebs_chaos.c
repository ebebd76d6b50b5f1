/* Lives of volumes while EC2 throttles, fails, hangs, lies about the past and
 * the daemon crashes: in the end every volume has lived and none is left, and
 * whatever was answered was true at that moment. From seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/str.h"
#include "sim/rng.h"
#include "tests/lib/crowd.h"

static uint64_t seed;

static void tweak(struct sim_config *c)
{
	c->seed = seed;
	c->bucket_scale = 20;
}

/* What was answered must be so. */
static void check(struct life *l)
{
	struct world *w = l->crowd->w;
	struct sim_volume_info v;
	struct buf story;

	sim_model_advance(w->model, reactor_now(w->r));
	if (!sim_model_volume(w->model, l->volume, &v))
		v = (struct sim_volume_info){ .status = "unknown" };
	if ((l->stage == CREATE && strcmp(v.status, "available") == 0) ||
	    (l->stage == ATTACH && v.attachments == 1) ||
	    (l->stage == DETACH && v.attachments == 0) ||
	    (l->stage == DELETE && (strcmp(v.status, "deleting") == 0 ||
				    strcmp(v.status, "deleted") == 0 ||
				    strcmp(v.status, "unknown") == 0)))
		return;
	buf_init(&story, 65536);
	sim_model_story(w->model, l->volume, &story);
	fail_msg("seed %llu, at %lld: stage %d of %s (%s) answered, but it is %s, %zu attachments\n%s",
		 (unsigned long long)seed, (long long)reactor_now(w->r), l->stage, l->name,
		 l->volume, v.status, v.attachments, buf_cstr(&story));
}

static void add(struct world *w, enum sim_fault_kind kind, int action, double p, int64_t ms)
{
	struct sim_fault f = { .kind = kind, .action = action, .probability = p,
			       .delay_ms = ms };

	assert_int_equal(sim_model_add_fault(w->model, &f, NULL), 0);
}

static void add_faults(struct world *w)
{
	add(w, SIM_FAULT_THROTTLE, SIM_ANY_ACTION, 0.02, 0);
	add(w, SIM_FAULT_ERROR, SIM_ANY_ACTION, 0.02, 0);
	add(w, SIM_FAULT_UNAVAILABLE, SIM_ANY_ACTION, 0.02, 0);
	add(w, SIM_FAULT_RESET_BEFORE, SIM_ANY_ACTION, 0.02, 0);
	add(w, SIM_FAULT_HANG_BEFORE, SIM_ANY_ACTION, 0.002, 0);
	add(w, SIM_FAULT_EXPIRED, SIM_ANY_ACTION, 0.01, 0);
	add(w, SIM_FAULT_ERROR_AFTER, SIM_ANY_ACTION, 0.02, 0);
	add(w, SIM_FAULT_RESET_AFTER, SIM_ANY_ACTION, 0.02, 0);
	add(w, SIM_FAULT_HANG_AFTER, SIM_ANY_ACTION, 0.002, 0);
	add(w, SIM_FAULT_MALFORMED, SIM_ANY_ACTION, 0.01, 0);
	add(w, SIM_FAULT_SLOW, SIM_ANY_ACTION, 0.02, 5000);
	add(w, SIM_FAULT_STALE, EC2_DESCRIBE_VOLUMES, 0.3, 2500);
	add(w, SIM_FAULT_INVISIBLE, EC2_CREATE_VOLUME, 0.1, 5000);
	add(w, SIM_FAULT_CREATE_ERROR, EC2_CREATE_VOLUME, 0.05, 0);
	add(w, SIM_FAULT_CREATE_VANISH, EC2_CREATE_VOLUME, 0.05, 0);
	add(w, SIM_FAULT_ATTACH_STUCK, EC2_ATTACH_VOLUME, 0.02, 0);
	add(w, SIM_FAULT_NAME_TAKEN, EC2_ATTACH_VOLUME, 0.05, 0);
}

/* For the person who looks at a failure. */
static bool tell_one(void *ctx, const struct sim_volume_info *v)
{
	struct world *w = ctx;
	struct buf story;

	if (v->root || strcmp(v->status, "deleted") == 0)
		return true;
	buf_init(&story, 65536);
	sim_model_story(w->model, v->id, &story);
	print_message("# %s (%s) is %s\n%s", v->id,
		      cstr_or(sim_model_volume_tag(w->model, v->id, EBS_NAME_TAG), "?"),
		      v->status, buf_cstr(&story));
	buf_fini(&story);
	return true;
}

static void tell(struct crowd *c)
{
	struct buf ops;

	buf_init(&ops, 1 << 16);
	op_dump_text(c->w->r, &ops);
	buf_adds(&ops, "\n");
	ebs_dump_json(c->w->ebs, &ops);
	buf_adds(&ops, "\n");
	ec2_dump_json(c->w->ec2, &ops);
	printf("# seed %llu\n%s\n", (unsigned long long)seed, buf_cstr(&ops));
	buf_fini(&ops);
	for (size_t i = 0; i < c->n; i++)
		if (c->lives[i].stage != DONE)
			print_message("# %s %s on %s: stage %d, last: %s\n", c->lives[i].name,
				      c->lives[i].volume, c->lives[i].node,
				      c->lives[i].stage, c->lives[i].last);
	sim_model_each_volume(c->w->model, tell_one, c->w);
}

static void live_through(uint64_t with, bool crashes)
{
	struct world *w;
	struct crowd *c;
	struct sim_rng rng = { with };
	int restarts = 0;

	seed = with;
	w = world_new(tweak);
	add_faults(w);
	c = crowd_new(w, 40);
	c->check = check;
	while (!c->ended) {
		if (reactor_now(w->r) > 3600 * 1000) {
			tell(c);
			fail_msg("seed %llu: %zu of %zu after an hour",
				 (unsigned long long)seed, c->done, c->n);
		}
		reactor_run_until(w->r, &c->ended, (int64_t)sim_rng_below(&rng, 20000));
		if (crashes && restarts++ < 20 && !c->ended)
			world_restart(w);
	}
	sim_model_clear_faults(w->model);
	reactor_advance(w->r, 120000);
	if (world_volumes(w, NULL) != 0) {
		tell(c);
		fail_msg("seed %llu: %zu volumes are left", (unsigned long long)seed,
			 world_volumes(w, NULL));
	}
	crowd_free(c);
	world_free(w);
}

static void faults(void **state)
{
	const char *one = getenv("CHAOS_SEED");

	(void)state;
	if (one) {
		live_through(strtoull(one, NULL, 10), false);
		return;
	}
	for (uint64_t s = 1; s <= 100; s++)
		live_through(s, false);
}

static void faults_and_crashes(void **state)
{
	const char *one = getenv("CHAOS_SEED");

	(void)state;
	if (one) {
		live_through(strtoull(one, NULL, 10), true);
		return;
	}
	for (uint64_t s = 1001; s <= 1100; s++)
		live_through(s, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),
		cmocka_unit_test(faults_and_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
