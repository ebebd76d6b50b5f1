/* Create, delete, attach, detach: each error row, each step failing, joins and
 * conflicts, deadlines at any time. On the EC2 model, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/str.h"
#include "tests/lib/ebs_world.h"

#define NO_VOLUME "vol-00000000000000bad"
#define NO_NODE "i-00000000000000bad"

static int set_up(void **state)
{
	*state = world_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static void assert_text(const char *part)
{
	if (!strstr(world_text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, world_text);
}

/* ---- create ---- */

static void create_gives_a_volume_that_is_available(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume cv;

	world_create(w, &cv, "pvc-1");
	assert_int_equal(world_await(w, &cv.op), GRPC_OK);
	assert_string_equal(world_state(w, cv.volume_id), "available");
	assert_string_equal(cv.zone, "us-east-1a");
	assert_non_null(cv.zone_id);
	assert_int_equal(cv.got_size_gib, 8);
	assert_string_equal(sim_model_volume_tag(w->model, cv.volume_id, EBS_NAME_TAG), "pvc-1");
	assert_int_equal(world_calls(w, EC2_CREATE_VOLUME), 1);
	op_fini(&cv.op);
}

static void equal_creates_join(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume cv[3];

	for (int i = 0; i < 3; i++)
		world_create(w, &cv[i], "pvc-1");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(world_await(w, &cv[i].op), GRPC_OK);
		assert_string_equal(cv[i].volume_id, cv[0].volume_id);
	}
	assert_int_equal(world_calls(w, EC2_CREATE_VOLUME), 1);
	for (int i = 0; i < 3; i++)
		op_fini(&cv[i].op);
}

static void a_create_with_other_inputs_is_aborted_then_refused(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume a, b;

	world_create(w, &a, "pvc-1");
	reactor_advance(w->r, 100);
	world_create(w, &b, "pvc-1");
	b.size_gib = 9;
	assert_int_equal(world_await(w, &b.op), GRPC_ABORTED);
	assert_text("CreateVolume of pvc-1 with other inputs is running");
	op_fini(&b.op);
	assert_int_equal(world_await(w, &a.op), GRPC_OK);
	world_create(w, &b, "pvc-1");
	b.size_gib = 9;
	assert_int_equal(world_await(w, &b.op), GRPC_ALREADY_EXISTS);
	assert_text(a.volume_id);
	assert_text("another size");
	assert_int_equal(world_volumes(w, NULL), 1);
	op_fini(&a.op);
	op_fini(&b.op);
}

static void a_repeated_create_gives_the_same_volume(void **state)
{
	struct world *w = *state;
	char first[32], again[32];

	assert_int_equal(world_run_create(w, "pvc-1", first), GRPC_OK);
	assert_int_equal(world_run_create(w, "pvc-1", again), GRPC_OK);
	assert_string_equal(first, again);
	world_restart(w);
	assert_int_equal(world_run_create(w, "pvc-1", again), GRPC_OK);
	assert_string_equal(first, again);
	assert_int_equal(world_volumes(w, NULL), 1);
}

static void a_volume_deleted_behind_our_back_is_not_answered_again(void **state)
{
	struct world *w = *state;
	char first[32], again[32];

	assert_int_equal(world_run_create(w, "pvc-1", first), GRPC_OK);
	assert_int_equal(world_run_delete(w, first), GRPC_OK);
	reactor_advance(w->r, 60000);
	assert_int_equal(world_run_create(w, "pvc-1", again), GRPC_OK);
	assert_string_not_equal(first, again);
	assert_int_equal(world_volumes(w, NULL), 1);
}

static void inputs_that_contradict_each_other_are_refused(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume cv;

	world_create(w, &cv, "pvc-1");
	cv.iops = 4000;
	cv.iops_per_gb = 10;
	assert_int_equal(world_await(w, &cv.op), GRPC_INVALID_ARGUMENT);
	op_fini(&cv.op);
	world_create(w, &cv, "pvc-1");
	cv.multi_attach = true;
	assert_int_equal(world_await(w, &cv.op), GRPC_INVALID_ARGUMENT);
	assert_text("io2");
	op_fini(&cv.op);
	world_create(w, &cv, "pvc-1");
	cv.type = "gp9";
	assert_int_equal(world_await(w, &cv.op), GRPC_INVALID_ARGUMENT);
	op_fini(&cv.op);
	world_create(w, &cv, "pvc-1");
	cv.size_gib = 0;
	assert_int_equal(world_await(w, &cv.op), GRPC_INVALID_ARGUMENT);
	op_fini(&cv.op);
	assert_int_equal(world_volumes(w, NULL), 0);
}

static void iops_are_capped_by_type_and_by_what_ec2_tells(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume cv;

	world_refuse(w, EC2_CREATE_VOLUME, 1, "InvalidParameterValue",
		     "Volume iops of 80000 is too high; maximum is 16000.");
	world_create(w, &cv, "pvc-1");
	cv.size_gib = 500;
	cv.iops = 90000;
	assert_int_equal(world_await(w, &cv.op), GRPC_OK);
	assert_int_equal(world_calls(w, EC2_CREATE_VOLUME), 2);
	op_fini(&cv.op);
	/* Remembered: the next goes through at once. */
	world_create(w, &cv, "pvc-2");
	cv.size_gib = 500;
	cv.iops = 90000;
	assert_int_equal(world_await(w, &cv.op), GRPC_OK);
	assert_int_equal(world_calls(w, EC2_CREATE_VOLUME), 3);
	op_fini(&cv.op);
}

static void zones_are_tried_in_order(void **state)
{
	struct world *w = *state;
	struct ebs_zone_term terms[] = { { .zone = "us-east-1a" }, { .zone_id = "use1-az2" } };
	struct ebs_create_volume cv;

	world_refuse(w, EC2_CREATE_VOLUME, 1, "InsufficientVolumeCapacity", "none left");
	world_create(w, &cv, "pvc-1");
	cv.terms = terms;
	cv.n_terms = 2;
	assert_int_equal(world_await(w, &cv.op), GRPC_OK);
	assert_string_equal(cv.zone, "us-east-1b");
	op_fini(&cv.op);
	/* The same name again, after a restart: the first zone could take it now. */
	world_restart(w);
	world_create(w, &cv, "pvc-1");
	cv.terms = terms;
	cv.n_terms = 2;
	assert_int_equal(world_await(w, &cv.op), GRPC_OK);
	assert_string_equal(cv.zone, "us-east-1b");
	assert_int_equal(world_volumes(w, NULL), 1);
	op_fini(&cv.op);
	world_refuse(w, EC2_CREATE_VOLUME, 0, "InsufficientVolumeCapacity", "none left");
	assert_int_equal(world_run_create(w, "pvc-2", NULL), GRPC_RESOURCE_EXHAUSTED);
}

static void a_zone_is_chosen_by_name_and_zones_are_asked_for_once(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume cv[20];
	char name[20][16];
	unsigned int in_a = 0;

	for (int i = 0; i < 20; i++) {
		snprintf(name[i], sizeof(name[i]), "pvc-%d", i);
		world_create(w, &cv[i], name[i]);
		cv[i].n_terms = 0;
	}
	for (int i = 0; i < 20; i++) {
		assert_int_equal(world_await(w, &cv[i].op), GRPC_OK);
		in_a += cstr_eq(cv[i].zone, "us-east-1a");
	}
	assert_in_range(in_a, 1, 19);
	assert_int_equal(world_calls(w, EC2_DESCRIBE_AVAILABILITY_ZONES), 1);
	world_restart(w);
	for (int i = 0; i < 20; i++) {
		char zone[32];

		snprintf(zone, sizeof(zone), "%s", cv[i].zone);
		op_fini(&cv[i].op);
		world_create(w, &cv[i], name[i]);
		cv[i].n_terms = 0;
		assert_int_equal(world_await(w, &cv[i].op), GRPC_OK);
		assert_string_equal(cv[i].zone, zone);
		op_fini(&cv[i].op);
	}
	assert_int_equal(world_volumes(w, NULL), 20);
}

static void a_volume_that_fails_later_is_removed_and_the_next_try_succeeds(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume cv;

	world_fault(w, SIM_FAULT_CREATE_ERROR, EC2_CREATE_VOLUME, 1, 0);
	world_create(w, &cv, "pvc-1");
	cv.kms_key_id = "alias/gone";
	assert_int_equal(world_await(w, &cv.op), GRPC_FAILED_PRECONDITION);
	assert_text("alias/gone");
	op_fini(&cv.op);
	reactor_advance(w->r, 60000);
	assert_int_equal(world_volumes(w, NULL), 0);
	assert_int_equal(world_run_create(w, "pvc-1", NULL), GRPC_OK);
	assert_int_equal(world_volumes(w, "pvc-1"), 1);
}

static void a_burned_token_is_passed_over_inside_one_call(void **state)
{
	struct world *w = *state;

	world_fault(w, SIM_FAULT_CREATE_VANISH, EC2_CREATE_VOLUME, 1, 0);
	assert_int_equal(world_run_create(w, "pvc-1", NULL), GRPC_INTERNAL);
	assert_text("disappeared");
	world_restart(w);	/* forgets which token comes next */
	assert_int_equal(world_run_create(w, "pvc-1", NULL), GRPC_OK);
	assert_int_equal(world_volumes(w, "pvc-1"), 1);
}

/* The answer to a later token's call is lost, and by the repeat its volume has
 * failed: that token is not burned since long, one look may miss the volume. */
static void a_token_burned_just_now_is_looked_for_twice(void **state)
{
	const struct sim_fault late[] = {
		{ .kind = SIM_FAULT_SLOW, .action = EC2_CREATE_VOLUME, .skip = 1, .count = 1,
		  .delay_ms = 3000 },
		{ .kind = SIM_FAULT_RESET_AFTER, .action = EC2_CREATE_VOLUME, .skip = 1,
		  .count = 1 },
		{ .kind = SIM_FAULT_INVISIBLE, .action = EC2_CREATE_VOLUME, .count = 1,
		  .delay_ms = 7000 },
	};
	struct world *w = *state;

	world_fault(w, SIM_FAULT_CREATE_ERROR, EC2_CREATE_VOLUME, 2, 0);
	assert_int_equal(world_run_create(w, "pvc-1", NULL), GRPC_INTERNAL);
	world_restart(w);	/* the number of the token is forgotten */
	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		assert_int_equal(sim_model_add_fault(w->model, &late[i], NULL), 0);
	assert_int_equal(world_run_create(w, "pvc-1", NULL), GRPC_OK);
	assert_int_equal(sim_model_fault_hits(w->model, SIM_FAULT_CREATE_ERROR), 2);
	assert_int_equal(world_volumes(w, NULL), 1);
}

static void over_quota_the_volume_that_exists_is_adopted(void **state)
{
	struct world *w = *state;
	char first[32], again[32];

	assert_int_equal(world_run_create(w, "pvc-1", first), GRPC_OK);
	world_restart(w);
	world_fault(w, SIM_FAULT_VOLUME_LIMIT, EC2_CREATE_VOLUME, 0, 0);
	assert_int_equal(world_run_create(w, "pvc-1", again), GRPC_OK);
	assert_string_equal(first, again);
	assert_int_equal(world_run_create(w, "pvc-2", NULL), GRPC_RESOURCE_EXHAUSTED);
	assert_text("VolumeLimitExceeded");
	/* The search itself failing leaves it open. */
	world_refuse(w, EC2_DESCRIBE_VOLUMES, 0, "UnauthorizedOperation", "no");
	assert_int_equal(world_run_create(w, "pvc-3", NULL), GRPC_ABORTED);
}

static void names_with_wildcards_find_only_themselves(void **state)
{
	struct world *w = *state;
	char first[32], star[32];

	assert_int_equal(world_run_create(w, "pvc-1", first), GRPC_OK);
	assert_int_equal(world_run_create(w, "pvc-*", star), GRPC_OK);
	world_restart(w);
	world_fault(w, SIM_FAULT_VOLUME_LIMIT, EC2_CREATE_VOLUME, 0, 0);
	assert_int_equal(world_run_create(w, "pvc-*", first), GRPC_OK);
	assert_string_equal(first, star);
}

static void errors_of_create_have_their_code(void **state)
{
	static const struct { const char *reason; enum grpc_code code; } rows[] = {
		{ "InvalidParameterValue", GRPC_INVALID_ARGUMENT },
		{ "InvalidParameterCombination", GRPC_INVALID_ARGUMENT },
		{ "UnknownVolumeType", GRPC_INVALID_ARGUMENT },
		{ "UnsupportedOperation", GRPC_INVALID_ARGUMENT },
		{ "InvalidSnapshot.NotFound", GRPC_NOT_FOUND },
		{ "MaxIOPSLimitExceeded", GRPC_ABORTED },
		{ "UnauthorizedOperation", GRPC_ABORTED },
		{ "AuthFailure", GRPC_ABORTED },
		{ "InsufficientVolumeCapacity", GRPC_RESOURCE_EXHAUSTED },
		{ "VolumeTypeNotAvailableInZone", GRPC_RESOURCE_EXHAUSTED },
		{ "SomethingNew", GRPC_ABORTED },
		{ "InternalError", GRPC_ABORTED },
	};
	struct world *w = *state;
	char name[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(name, sizeof(name), "pvc-%zu", i);
		world_refuse(w, EC2_CREATE_VOLUME, 0, rows[i].reason, "as ordered");
		assert_int_equal(world_run_create(w, name, NULL), rows[i].code);
		assert_text(rows[i].reason);
		assert_text(name);
		assert_text("request id");
		sim_model_clear_faults(w->model);
	}
}

static void a_volume_unknown_to_describe_at_first_is_waited_for(void **state)
{
	struct world *w = *state;

	world_fault(w, SIM_FAULT_INVISIBLE, EC2_CREATE_VOLUME, 1, 8000);
	assert_int_equal(world_run_create(w, "pvc-1", NULL), GRPC_OK);
	assert_int_equal(world_volumes(w, NULL), 1);
}

static void a_lost_answer_to_create_makes_no_second_volume(void **state)
{
	struct world *w = *state;

	world_fault(w, SIM_FAULT_RESET_AFTER, EC2_CREATE_VOLUME, 3, 0);
	assert_int_equal(world_run_create(w, "pvc-1", NULL), GRPC_OK);
	world_fault(w, SIM_FAULT_ERROR_AFTER, EC2_CREATE_VOLUME, 3, 0);
	assert_int_equal(world_run_create(w, "pvc-2", NULL), GRPC_OK);
	assert_int_equal(world_volumes(w, NULL), 2);
}

static void a_create_whose_rpc_timed_out_runs_on_and_is_joined(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume cv;
	char volume[32];

	for (int64_t ms = 0; ms < 2500; ms += 250) {
		char name[16];

		snprintf(name, sizeof(name), "pvc-%d", (int)ms);
		world_create(w, &cv, name);
		op_set_deadline(&cv.op, ms);
		if (world_await(w, &cv.op) != GRPC_OK || ms < 1700)
			assert_int_equal(cv.op.err.code, GRPC_DEADLINE_EXCEEDED);
		if (op_failed(&cv.op) && ms > 0)
			assert_text(name);
		op_fini(&cv.op);
		reactor_advance(w->r, ms);
		assert_int_equal(world_run_create(w, name, volume), GRPC_OK);
	}
	assert_int_equal(world_volumes(w, NULL), 10);
	assert_int_equal(world_calls(w, EC2_CREATE_VOLUME), 10);
}

/* ---- delete ---- */

static void delete_deletes_once(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct ebs_delete_volume a, b;

	world_delete(w, &a, v);
	world_delete(w, &b, v);
	assert_int_equal(world_await(w, &a.op), GRPC_OK);
	assert_int_equal(world_await(w, &b.op), GRPC_OK);
	assert_int_equal(world_run_delete(w, v), GRPC_OK);
	assert_int_equal(world_calls(w, EC2_DELETE_VOLUME), 1);
	world_restart(w);
	assert_int_equal(world_run_delete(w, v), GRPC_OK);
	assert_int_equal(world_volumes(w, NULL), 0);
	op_fini(&a.op);
	op_fini(&b.op);
}

static void what_does_not_exist_is_deleted(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_run_delete(w, NO_VOLUME), GRPC_OK);
	assert_int_equal(world_run_delete(w, "fake-vol-id"), GRPC_OK);
	assert_int_equal(world_run_delete(w, ""), GRPC_OK);
	/* It may have been made just now, by a controller before us. */
	assert_in_range(world_calls(w, EC2_DELETE_VOLUME), 2, 4);
}

static void an_attached_volume_is_not_deleted(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	assert_int_equal(world_run_delete(w, v), GRPC_FAILED_PRECONDITION);
	assert_text(w->node[0]);
	assert_text(v);
	assert_int_equal(world_volumes(w, NULL), 1);
}

static void a_volume_being_detached_is_deleted_afterwards(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct ebs_detach dt;

	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	world_detach(w, &dt, v, w->node[0]);
	reactor_advance(w->r, 1000);
	world_restart(w);	/* nobody remembers the detach */
	assert_int_equal(world_run_delete(w, v), GRPC_OK);
	assert_int_equal(world_volumes(w, NULL), 0);
	op_fini(&dt.op);
}

static void a_young_volume_unknown_to_ec2_is_not_taken_for_deleted(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	world_refuse(w, EC2_DELETE_VOLUME, 2, "InvalidVolume.NotFound", "does not exist");
	assert_int_equal(world_run_delete(w, v), GRPC_OK);
	assert_int_equal(world_calls(w, EC2_DELETE_VOLUME), 3);
	assert_int_equal(world_volumes(w, NULL), 0);
}

static void errors_of_delete_have_their_code(void **state)
{
	static const struct { const char *reason; enum grpc_code code; } rows[] = {
		{ "UnauthorizedOperation", GRPC_INTERNAL },
		{ "AuthFailure", GRPC_UNAUTHENTICATED },
		{ "InternalError", GRPC_UNAVAILABLE },
		{ "SomethingNew", GRPC_INTERNAL },
	};
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_refuse(w, EC2_DELETE_VOLUME, 0, rows[i].reason, "as ordered");
		assert_int_equal(world_run_delete(w, v), rows[i].code);
		assert_text(rows[i].reason);
		assert_text(v);
		sim_model_clear_faults(w->model);
	}
}

/* ---- attach ---- */

static void attach_attaches_and_says_where(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	char device[32];

	assert_int_equal(world_run_attach(w, v, w->node[0], device), GRPC_OK);
	assert_string_equal(device, "/dev/xvdaa");
	assert_string_equal(world_state(w, v), "in-use");
	assert_int_equal(world_calls(w, EC2_ATTACH_VOLUME), 1);
}

static void attaching_again_costs_a_look_only(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	char first[32], again[32];

	assert_int_equal(world_run_attach(w, v, w->node[0], first), GRPC_OK);
	assert_int_equal(world_run_attach(w, v, w->node[0], again), GRPC_OK);
	assert_string_equal(first, again);
	world_restart(w);
	assert_int_equal(world_run_attach(w, v, w->node[0], again), GRPC_OK);
	assert_string_equal(first, again);
	assert_int_equal(world_calls(w, EC2_ATTACH_VOLUME), 1);
}

static void many_at_once_get_names_of_their_own(void **state)
{
	struct world *w = *state;
	struct ebs_attach at[20];
	char id[20][32], name[16];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "pvc-%d", i);
		snprintf(id[i], sizeof(id[i]), "%s", world_volume(w, name));
	}
	for (int i = 0; i < 20; i++)
		world_attach(w, &at[i], id[i], w->node[0]);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(world_await(w, &at[i].op), GRPC_OK);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(at[i].device, at[k].device);
	}
	assert_int_equal(world_calls(w, EC2_ATTACH_VOLUME), 20);
	assert_int_equal(world_calls(w, EC2_DESCRIBE_INSTANCES), 1);
	for (int i = 0; i < 20; i++)
		op_fini(&at[i].op);
}

static void a_taken_name_is_passed_over_inside_one_call(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	char device[32];

	world_fault(w, SIM_FAULT_NAME_TAKEN, EC2_ATTACH_VOLUME, 3, 0);
	assert_int_equal(world_run_attach(w, v, w->node[0], device), GRPC_OK);
	assert_string_equal(device, "/dev/xvdad");
	world_fault(w, SIM_FAULT_NAME_TAKEN, EC2_ATTACH_VOLUME, 0, 0);
	assert_int_not_equal(world_run_attach(w, world_volume(w, "pvc-2"), w->node[0], NULL),
			     GRPC_OK);
	assert_text("in use");
}

static void what_is_attached_elsewhere_is_refused_with_the_node(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	assert_int_equal(world_run_attach(w, v, w->node[1], NULL), GRPC_FAILED_PRECONDITION);
	assert_text(w->node[0]);
	assert_text(v);
	world_restart(w);
	assert_int_equal(world_run_attach(w, v, w->node[1], NULL), GRPC_FAILED_PRECONDITION);
}

static void missing_volumes_and_nodes_are_named(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct err err = { 0 };

	assert_int_equal(world_run_attach(w, NO_VOLUME, w->node[0], NULL), GRPC_NOT_FOUND);
	assert_text("volume " NO_VOLUME);
	assert_int_equal(world_run_attach(w, v, NO_NODE, NULL), GRPC_NOT_FOUND);
	assert_text("node " NO_NODE);
	assert_int_equal(world_run_attach(w, "fake", w->node[0], NULL), GRPC_NOT_FOUND);
	assert_text("volume \"fake\"");
	assert_int_equal(world_run_attach(w, v, "fake-node", NULL), GRPC_NOT_FOUND);
	assert_text("node \"fake-node\"");
	assert_int_equal(sim_model_set_instance_state(w->model, reactor_now(w->r), w->node[2],
						      "terminated", &err), 0);
	assert_int_equal(world_run_attach(w, v, w->node[2], NULL), GRPC_NOT_FOUND);
	assert_text("terminated");
}

static void an_attach_waits_for_the_detach_elsewhere(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct ebs_detach dt;
	struct ebs_attach at;

	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	world_detach(w, &dt, v, w->node[0]);
	world_attach(w, &at, v, w->node[1]);
	assert_int_equal(world_await(w, &at.op), GRPC_OK);
	assert_int_equal(world_await(w, &dt.op), GRPC_OK);
	op_fini(&dt.op);
	op_fini(&at.op);
	/* And the other way round: the detach comes while the attach waits. */
	world_attach(w, &at, v, w->node[2]);
	world_detach(w, &dt, v, w->node[1]);
	assert_int_equal(world_await(w, &at.op), GRPC_OK);
	assert_int_equal(world_await(w, &dt.op), GRPC_OK);
	op_fini(&dt.op);
	op_fini(&at.op);
	/* Detaching begun by somebody who is gone. */
	world_detach(w, &dt, v, w->node[2]);
	reactor_advance(w->r, 600);
	world_restart(w);
	op_fini(&dt.op);
	assert_int_equal(world_run_attach(w, v, w->node[3], NULL), GRPC_OK);
	/* One call each, and the one that found out about the last. */
	assert_int_equal(world_calls(w, EC2_ATTACH_VOLUME), 5);
}

static void a_multi_attach_volume_goes_to_several_nodes(void **state)
{
	struct world *w = *state;
	struct ebs_create_volume cv;
	struct ebs_detach dt;
	char id[32];

	world_create(w, &cv, "shared");
	cv.type = "io2";
	cv.iops = 200;
	cv.multi_attach = true;
	assert_int_equal(world_await(w, &cv.op), GRPC_OK);
	snprintf(id, sizeof(id), "%s", cv.volume_id);
	op_fini(&cv.op);
	assert_int_equal(world_run_attach(w, id, w->node[0], NULL), GRPC_OK);
	assert_int_equal(world_run_attach(w, id, w->node[1], NULL), GRPC_OK);
	world_detach(w, &dt, id, "");	/* from all */
	assert_int_equal(world_await(w, &dt.op), GRPC_OK);
	op_fini(&dt.op);
	assert_string_equal(world_state(w, id), "available");
}

static void the_attach_limit_is_told(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	world_fault(w, SIM_FAULT_ATTACH_LIMIT, EC2_ATTACH_VOLUME, 0, 0);
	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_RESOURCE_EXHAUSTED);
	assert_text("AttachmentLimitExceeded");
	assert_text(w->node[0]);
}

static void a_stuck_attach_is_detached_and_told(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	int64_t began = reactor_now(w->r);
	char device[32];

	world_fault(w, SIM_FAULT_ATTACH_STUCK, EC2_ATTACH_VOLUME, 1, 0);
	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_ABORTED);
	assert_text("stuck in attaching");
	assert_in_range(reactor_now(w->r) - began, 90000, 97000);
	assert_int_equal(world_run_attach(w, v, w->node[0], device), GRPC_OK);
	assert_string_not_equal(device, "/dev/xvdaa");
}

static void a_lost_answer_to_attach_is_resolved_by_looking(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	world_fault(w, SIM_FAULT_RESET_AFTER, EC2_ATTACH_VOLUME, 1, 0);
	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	assert_int_equal(world_calls(w, EC2_ATTACH_VOLUME), 1);
	world_fault(w, SIM_FAULT_RESET_AFTER, EC2_DETACH_VOLUME, 1, 0);
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	assert_int_equal(world_calls(w, EC2_DETACH_VOLUME), 1);
	world_fault(w, SIM_FAULT_RESET_BEFORE, EC2_ATTACH_VOLUME, 2, 0);
	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	world_fault(w, SIM_FAULT_RESET_BEFORE, EC2_DETACH_VOLUME, 2, 0);
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	assert_string_equal(world_state(w, v), "available");
}

static void errors_of_attach_have_their_code(void **state)
{
	static const struct { const char *reason; enum grpc_code code; } rows[] = {
		{ "InvalidVolume.ZoneMismatch", GRPC_FAILED_PRECONDITION },
		{ "IncorrectInstanceState", GRPC_FAILED_PRECONDITION },
		{ "InvalidInstanceID.NotFound", GRPC_NOT_FOUND },
		{ "VolumeInUse", GRPC_ABORTED },	/* although it looks free */
		{ "UnauthorizedOperation", GRPC_INTERNAL },
		{ "EncryptedVolumesNotSupported", GRPC_INVALID_ARGUMENT },
		{ "SomethingNew", GRPC_INTERNAL },
	};
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	reactor_advance(w->r, 60000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_refuse(w, EC2_ATTACH_VOLUME, 0, rows[i].reason, "as ordered");
		assert_int_equal(world_run_attach(w, v, w->node[0], NULL), rows[i].code);
		assert_text(v);
		assert_text(w->node[0]);
		sim_model_clear_faults(w->model);
	}
	/* Nothing of it is left behind. */
	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
}

/* ---- detach ---- */

static void detach_detaches_once(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	assert_string_equal(world_state(w, v), "available");
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	assert_int_equal(world_calls(w, EC2_DETACH_VOLUME), 1);
	world_restart(w);
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
}

static void what_is_not_there_is_detached(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct err err = { 0 };

	assert_int_equal(world_run_detach(w, NO_VOLUME, w->node[0]), GRPC_OK);
	assert_int_equal(world_run_detach(w, v, NO_NODE), GRPC_OK);
	assert_int_equal(world_run_detach(w, "fake", "fake"), GRPC_OK);
	assert_int_equal(world_run_detach(w, v, "fake"), GRPC_OK);
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	assert_int_equal(world_run_attach(w, v, w->node[1], NULL), GRPC_OK);
	/* From the wrong node: it stays where it is. */
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	assert_string_equal(world_state(w, v), "in-use");
	assert_int_equal(sim_model_set_instance_state(w->model, reactor_now(w->r), w->node[1],
						      "terminated", &err), 0);
	assert_int_equal(world_run_detach(w, v, w->node[1]), GRPC_OK);
}

static void a_detach_that_hangs_says_so_at_the_deadline(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct ebs_detach dt;

	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	world_fault(w, SIM_FAULT_DETACH_STUCK, EC2_DETACH_VOLUME, 1, 0);
	world_detach(w, &dt, v, w->node[0]);
	op_set_deadline(&dt.op, 60000);
	assert_int_equal(world_await(w, &dt.op), GRPC_DEADLINE_EXCEEDED);
	assert_text(v);
	assert_text("detaching");
	op_fini(&dt.op);
}

static void detach_and_attach_of_one_pair_exclude_each_other(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct ebs_attach at;
	struct ebs_detach dt;
	struct ebs_delete_volume dv;

	world_attach(w, &at, v, w->node[0]);
	reactor_advance(w->r, 500);
	world_detach(w, &dt, v, w->node[0]);
	world_delete(w, &dv, v);
	assert_int_equal(world_await(w, &dt.op), GRPC_ABORTED);
	assert_text("ControllerPublishVolume");
	assert_int_equal(world_await(w, &dv.op), GRPC_ABORTED);
	assert_int_equal(world_await(w, &at.op), GRPC_OK);
	op_fini(&dt.op);
	op_fini(&dv.op);
	op_fini(&at.op);
	/* An attach that nobody waits for any more gives way. */
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	world_attach(w, &at, v, w->node[0]);
	op_set_deadline(&at.op, 500);
	assert_int_equal(world_await(w, &at.op), GRPC_DEADLINE_EXCEEDED);
	op_fini(&at.op);
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	reactor_advance(w->r, 60000);
	assert_string_equal(world_state(w, v), "available");
}

static void an_attach_cancelled_at_any_time_can_be_undone(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct ebs_attach at;

	for (int64_t ms = 0; ms < 3000; ms += 50) {
		world_attach(w, &at, v, w->node[ms / 50 % 2]);
		op_set_deadline(&at.op, ms);
		world_await(w, &at.op);
		op_fini(&at.op);
		assert_int_equal(world_run_detach(w, v, w->node[ms / 50 % 2]), GRPC_OK);
		reactor_advance(w->r, 20000);
		assert_string_equal(world_state(w, v), "available");
	}
}

static void a_detach_cancelled_at_any_time_can_be_repeated(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct ebs_detach dt;

	for (int64_t ms = 0; ms < 3000; ms += 100) {
		assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
		world_detach(w, &dt, v, w->node[0]);
		op_set_deadline(&dt.op, ms);
		world_await(w, &dt.op);
		op_fini(&dt.op);
		assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
		assert_string_equal(world_state(w, v), "available");
	}
}

/* ---- look-ups ---- */

static void look_ups_at_one_time_share_a_call(void **state)
{
	struct world *w = *state;
	struct ebs_describe_volume dv[100];
	const char *v = world_volume(w, "pvc-1");
	uint64_t before = world_describes(w);

	memset(dv, 0, sizeof(dv));
	for (int i = 0; i < 100; i++) {
		ebs_describe_volume_init(&dv[i], w->ebs);
		dv[i].volume_id = v;
		op_start(&dv[i].op, NULL);
	}
	for (int i = 0; i < 100; i++) {
		assert_int_equal(world_await(w, &dv[i].op), GRPC_OK);
		assert_string_equal(dv[i].volume.status, "available");
		op_fini(&dv[i].op);
	}
	assert_int_equal(world_describes(w) - before, 1);
}

static void bad_ids_do_not_decide_for_others(void **state)
{
	struct world *w = *state;
	struct ebs_describe_volume dv[40];
	char id[40][32], name[16];

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "pvc-%d", i);
		if (i % 10 == 3)
			snprintf(id[i], sizeof(id[i]), "vol-%017x", 0xbad00 + i);
		else
			snprintf(id[i], sizeof(id[i]), "%s", world_volume(w, name));
	}
	memset(dv, 0, sizeof(dv));
	for (int i = 0; i < 40; i++) {
		ebs_describe_volume_init(&dv[i], w->ebs);
		dv[i].volume_id = id[i];
		op_start(&dv[i].op, NULL);
	}
	for (int i = 0; i < 40; i++) {
		assert_int_equal(world_await(w, &dv[i].op),
				 i % 10 == 3 ? GRPC_NOT_FOUND : GRPC_OK);
		op_fini(&dv[i].op);
	}
	memset(dv, 0, sizeof(dv));
	ebs_describe_volume_init(&dv[0], w->ebs);
	dv[0].volume_id = "fake";
	op_start(&dv[0].op, NULL);
	assert_int_equal(world_await(w, &dv[0].op), GRPC_NOT_FOUND);
	op_fini(&dv[0].op);
}

static void views_that_lag_do_not_mislead(void **state)
{
	struct world *w = *state;

	world_fault(w, SIM_FAULT_STALE, EC2_DESCRIBE_VOLUMES, 0, 3000);
	for (int i = 0; i < 20; i++) {
		char name[16], device[32];
		const char *v;

		snprintf(name, sizeof(name), "pvc-%d", i);
		v = world_volume(w, name);
		assert_string_equal(world_state(w, v), "available");
		assert_int_equal(world_run_attach(w, v, w->node[i % 8], device), GRPC_OK);
		assert_string_equal(world_state(w, v), "in-use");
		assert_int_equal(world_run_attach(w, v, w->node[i % 8], NULL), GRPC_OK);
		assert_int_equal(world_run_detach(w, v, w->node[i % 8]), GRPC_OK);
		assert_string_equal(world_state(w, v), "available");
		assert_int_equal(world_run_delete(w, v), GRPC_OK);
	}
	assert_int_equal(world_volumes(w, NULL), 0);
}

static void a_view_of_before_the_attach_is_no_proof_of_the_detach(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 30; i++) {
		char name[16];
		const char *v;

		snprintf(name, sizeof(name), "pvc-%d", i);
		v = world_volume(w, name);
		assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
		world_restart(w);	/* nobody remembers when that was */
		world_fault(w, SIM_FAULT_STALE, EC2_DESCRIBE_VOLUMES, 0, 2900);
		world_fault(w, SIM_FAULT_RESET_BEFORE, EC2_DETACH_VOLUME, 1, 0);
		assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
		assert_string_equal(world_state(w, v), "available");
		sim_model_clear_faults(w->model);
	}
}

static void an_attachment_of_before_is_not_taken_for_the_new_one(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	for (int i = 0; i < 30; i++) {
		reactor_advance(w->r, 10000);
		assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
		world_fault(w, SIM_FAULT_STALE, EC2_DESCRIBE_VOLUMES, 0, 2900);
		world_fault(w, SIM_FAULT_RESET_BEFORE, EC2_ATTACH_VOLUME, 1, 0);
		assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
		assert_string_equal(world_state(w, v), "in-use");
		sim_model_clear_faults(w->model);
	}
}

/* The answer comes when the volume is old enough; the question was put when it
 * was not. */
static void a_slow_answer_tells_of_when_it_was_asked_for(void **state)
{
	struct world *w = *state;
	char v[32];

	world_fault(w, SIM_FAULT_INVISIBLE, EC2_CREATE_VOLUME, 1, 4000);
	world_fault(w, SIM_FAULT_SLOW, EC2_DESCRIBE_VOLUMES, 0, 20000);
	assert_int_equal(world_run_create(w, "pvc-1", v), GRPC_OK);
	assert_int_equal(world_volumes(w, NULL), 1);
	sim_model_clear_faults(w->model);
	world_fault(w, SIM_FAULT_INVISIBLE, EC2_CREATE_VOLUME, 1, 9000);
	world_fault(w, SIM_FAULT_SLOW, EC2_DELETE_VOLUME, 1, 20000);
	assert_int_equal(world_run_create(w, "pvc-2", v), GRPC_OK);
	assert_int_equal(world_run_delete(w, v), GRPC_OK);
	assert_int_equal(world_volumes(w, NULL), 1);
}

/* A controller that has just started does not know how young the volume is. */
static void a_view_of_before_the_volume_does_not_say_not_found(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 30; i++) {
		char name[16];
		const char *v;

		snprintf(name, sizeof(name), "pvc-%d", i);
		v = world_volume(w, name);
		world_restart(w);
		world_fault(w, SIM_FAULT_STALE, EC2_DESCRIBE_VOLUMES, 0, 5000);
		world_fault(w, SIM_FAULT_RESET_AFTER, EC2_ATTACH_VOLUME, 1, 0);
		assert_int_equal(world_run_attach(w, v, w->node[i % 8], NULL), GRPC_OK);
		sim_model_clear_faults(w->model);
	}
}

/* What a controller before us has asked for takes effect later: its AttachVolume is
 * under way, the volume it made is not known everywhere. */
static void calls_of_a_dead_controller_are_waited_for(void **state)
{
	static const struct sim_delay transit = { 4000, 4000, 4000, 4000 };
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	struct ebs_attach at;

	sim_transport_set_transit(w->transport, &transit, 1);
	world_attach(w, &at, v, w->node[0]);
	reactor_advance(w->r, 5000);	/* the node was looked at; AttachVolume is sent */
	assert_string_equal(world_state(w, v), "available");
	world_restart(w);
	op_fini(&at.op);
	sim_transport_set_transit(w->transport, NULL, 1);
	assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
	reactor_advance(w->r, 20000);
	assert_string_equal(world_state(w, v), "available");

	v = world_volume(w, "pvc-2");
	world_restart(w);
	world_refuse(w, EC2_DELETE_VOLUME, 1, "InvalidVolume.NotFound",
		     "The volume does not exist.");
	world_fault(w, SIM_FAULT_STALE, EC2_DESCRIBE_VOLUMES, 1, 30000);
	assert_int_equal(world_run_delete(w, v), GRPC_OK);
	assert_int_equal(world_volumes(w, "pvc-2"), 0);
}

/* Attach times are EC2's; our own wall clock may be anywhere. */
static void a_wrong_wall_clock_does_not_matter(void **state)
{
	static const int64_t shifts[] = { -4 * 3600 * 1000, 8 * 3600 * 1000 };
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");

	for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
		int64_t began = reactor_now(w->r);

		reactor_shift_wall(w->r, shifts[i]);
		assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
		reactor_advance(w->r, 10000);
		assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
		assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
		assert_int_equal(world_run_detach(w, v, w->node[0]), GRPC_OK);
		assert_string_equal(world_state(w, v), "available");
		assert_true(reactor_now(w->r) - began < 60000);
		assert_int_equal(world_calls(w, EC2_ATTACH_VOLUME), 2 * (i + 1));
		assert_int_equal(world_calls(w, EC2_DETACH_VOLUME), 2 * (i + 1));
	}
}

static void nobody_waits_when_ec2_cannot_be_reached(void **state)
{
	struct world *w = *state;
	const char *v = world_volume(w, "pvc-1");
	int64_t began = reactor_now(w->r);

	sim_transport_set_reachable(w->transport, false);
	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_UNAVAILABLE);
	assert_int_equal(world_run_create(w, "pvc-2", NULL), GRPC_ABORTED);
	assert_true(reactor_now(w->r) - began < 40000);
	sim_transport_set_reachable(w->transport, true);
	assert_int_equal(world_run_attach(w, v, w->node[0], NULL), GRPC_OK);
	assert_int_equal(world_run_create(w, "pvc-2", NULL), GRPC_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(create_gives_a_volume_that_is_available),
		T(equal_creates_join),
		T(a_create_with_other_inputs_is_aborted_then_refused),
		T(a_repeated_create_gives_the_same_volume),
		T(a_volume_deleted_behind_our_back_is_not_answered_again),
		T(inputs_that_contradict_each_other_are_refused),
		T(iops_are_capped_by_type_and_by_what_ec2_tells),
		T(zones_are_tried_in_order),
		T(a_zone_is_chosen_by_name_and_zones_are_asked_for_once),
		T(a_volume_that_fails_later_is_removed_and_the_next_try_succeeds),
		T(a_burned_token_is_passed_over_inside_one_call),
		T(a_token_burned_just_now_is_looked_for_twice),
		T(over_quota_the_volume_that_exists_is_adopted),
		T(names_with_wildcards_find_only_themselves),
		T(errors_of_create_have_their_code),
		T(a_volume_unknown_to_describe_at_first_is_waited_for),
		T(a_lost_answer_to_create_makes_no_second_volume),
		T(a_create_whose_rpc_timed_out_runs_on_and_is_joined),
		T(delete_deletes_once),
		T(what_does_not_exist_is_deleted),
		T(an_attached_volume_is_not_deleted),
		T(a_volume_being_detached_is_deleted_afterwards),
		T(a_young_volume_unknown_to_ec2_is_not_taken_for_deleted),
		T(errors_of_delete_have_their_code),
		T(attach_attaches_and_says_where),
		T(attaching_again_costs_a_look_only),
		T(many_at_once_get_names_of_their_own),
		T(a_taken_name_is_passed_over_inside_one_call),
		T(what_is_attached_elsewhere_is_refused_with_the_node),
		T(missing_volumes_and_nodes_are_named),
		T(an_attach_waits_for_the_detach_elsewhere),
		T(a_multi_attach_volume_goes_to_several_nodes),
		T(the_attach_limit_is_told),
		T(a_stuck_attach_is_detached_and_told),
		T(a_lost_answer_to_attach_is_resolved_by_looking),
		T(errors_of_attach_have_their_code),
		T(detach_detaches_once),
		T(what_is_not_there_is_detached),
		T(a_detach_that_hangs_says_so_at_the_deadline),
		T(detach_and_attach_of_one_pair_exclude_each_other),
		T(an_attach_cancelled_at_any_time_can_be_undone),
		T(a_detach_cancelled_at_any_time_can_be_repeated),
		T(look_ups_at_one_time_share_a_call),
		T(bad_ids_do_not_decide_for_others),
		T(views_that_lag_do_not_mislead),
		T(a_view_of_before_the_attach_is_no_proof_of_the_detach),
		T(an_attachment_of_before_is_not_taken_for_the_new_one),
		T(a_slow_answer_tells_of_when_it_was_asked_for),
		T(a_view_of_before_the_volume_does_not_say_not_found),
		T(calls_of_a_dead_controller_are_waited_for),
		T(a_wrong_wall_clock_does_not_matter),
		T(nobody_waits_when_ec2_cannot_be_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
