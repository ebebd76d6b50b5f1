/* The EC2 model: AttachVolume and DetachVolume, device names, limits, hooks. */
#include "sim_fixture.h"

static void goes_through_its_states(void **state)
{
	struct fixture *f = *state;

	make_available(f);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "");
	assert_string_equal(f->a.resp.attachment.status, "attaching");
	assert_string_equal(f->a.resp.attachment.device, "/dev/xvdaa");
	assert_string_equal(look(f)->status, "in-use");
	pass(f, 1999);
	assert_string_equal(attachment(f), "attaching");
	pass(f, 1);
	assert_string_equal(attachment(f), "attached");
	assert_string_equal(delete_volume(f, f->id), "VolumeInUse");
	assert_string_equal(detach(f, f->id, NODE), "");
	assert_string_equal(f->a.resp.attachment.status, "detaching");
	assert_string_equal(detach(f, f->id, NODE), "IncorrectState");
	assert_string_equal(look(f)->status, "in-use");
	pass(f, 2500);
	assert_string_equal(attachment(f), "");
	assert_string_equal(look(f)->status, "available");
	assert_string_equal(detach(f, f->id, NODE), "IncorrectState");
}

static void refuses_what_is_not_there(void **state)
{
	struct fixture *f = *state;

	make_available(f);
	assert_string_equal(attach(f, NULL, NODE, "/dev/xvdaa"), "MissingParameter");
	assert_string_equal(attach(f, "vol-x", NODE, "/dev/xvdaa"), "InvalidVolumeID.Malformed");
	assert_string_equal(attach(f, "vol-01234567", NODE, "/dev/xvdaa"),
			    "InvalidVolume.NotFound");
	assert_string_equal(attach(f, f->id, "i-x", "/dev/xvdaa"), "InvalidInstanceID.Malformed");
	assert_string_equal(attach(f, f->id, "i-01234567", "/dev/xvdaa"),
			    "InvalidInstanceID.NotFound");
	assert_string_equal(attach(f, f->id, NODE, NULL), "MissingParameter");
	assert_string_equal(detach(f, "vol-01234567", NODE), "InvalidVolume.NotFound");
	assert_string_equal(detach(f, f->id, "i-01234567"), "InvalidInstanceID.NotFound");
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "");
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdab"), "VolumeInUse");
	assert_string_equal(attach(f, f->id, NODE2, "/dev/xvdab"), "VolumeInUse");
	assert_string_equal(detach(f, f->id, NODE2), "InvalidAttachment.NotFound");
}

static void refuses_a_volume_being_made(void **state)
{
	struct fixture *f = *state;

	create_plain(f, NULL);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "IncorrectState");
}

static void refuses_another_zone(void **state)
{
	struct fixture *f = *state;

	create(f, &(struct ec2_create_volume){ .availability_zone = "us-east-1b", .size = 1 });
	pass(f, 1500);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "InvalidVolume.ZoneMismatch");
}

static void device_names(void **state)
{
	static const char *const bad[] = {
		"nvme1n1", "/dev/", "/dev/sd", "/dev/xvdea", "/dev/xvddy", "/dev/xvdaaa",
		"/dev/sda16", "/dev/sda01", "/dev/SDB", "/dev/xvdb/x",
	};
	static const char *const good[] = { "/dev/xvddx", "/dev/sda2", "xvdz", "/dev/sdb15" };
	struct fixture *f = *state;

	make_available(f);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_string_equal(attach(f, f->id, NODE, bad[i]), "InvalidParameterValue");
		assert_non_null(strstr(f->a.message, "not a valid"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		make_available(f);
		assert_string_equal(attach(f, f->id, NODE, good[i]), "");
	}
}

static void names_clash_in_all_spellings(void **state)
{
	static const char *const same[] = { "/dev/sdb", "/dev/xvdb", "sdb", "xvdb" };
	struct fixture *f = *state;

	make_available(f);
	assert_string_equal(attach(f, f->id, NODE, "/dev/sdb"), "");
	make_available(f);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		assert_string_equal(attach(f, f->id, NODE, same[i]), "InvalidParameterValue");
		assert_non_null(strstr(f->a.message, "already in use"));
	}
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvda"), "InvalidParameterValue");
	assert_string_equal(attach(f, f->id, NODE2, "/dev/xvdb"), "");
}

static void a_name_stays_taken_while_detaching(void **state)
{
	struct fixture *f = *state;
	char first[32];

	make_available(f);
	memcpy(first, f->id, sizeof(first));
	attach(f, first, NODE, "/dev/xvdaa");
	pass(f, 2000);
	detach(f, first, NODE);
	create_plain(f, NULL);
	pass(f, 2499);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "InvalidParameterValue");
	pass(f, 1);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "");
}

/* m5.large: 27 slots shared with network interfaces, the root disk takes one. */
static void limits_by_instance_type(void **state)
{
	struct fixture *f = *state;
	struct sim_instance_spec spec = { .id = "i-0aaaaaaa", .zone = ZONE, .enis = 3 };
	char device[32];

	sim_model_add_instance(f->m, f->now, &spec, NULL);
	for (int i = 0; i < 24; i++) {
		make_available(f);
		snprintf(device, sizeof(device), "/dev/xvda%c", 'a' + i);
		assert_string_equal(attach(f, f->id, spec.id, device), "");
	}
	make_available(f);
	assert_string_equal(attach(f, f->id, spec.id, "/dev/xvdba"), "AttachmentLimitExceeded");
	assert_non_null(strstr(f->a.message, "25"));
}

static void instance_states(void **state)
{
	static const struct { const char *state, *code; } rows[] = {
		{ "pending", "IncorrectInstanceState" },
		{ "stopping", "IncorrectInstanceState" },
		{ "shutting-down", "IncorrectInstanceState" },
		{ "stopped", "" },
	};
	struct fixture *f = *state;

	make_available(f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(sim_model_set_instance_state(f->m, f->now, NODE, rows[i].state,
							      NULL), 0);
		assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), rows[i].code);
	}
	assert_int_equal(sim_model_set_instance_state(f->m, f->now, NODE, "gone", NULL), -1);
	assert_int_equal(sim_model_set_instance_state(f->m, f->now, "i-0", "running", NULL), -1);
}

static void termination_frees_the_volumes(void **state)
{
	struct fixture *f = *state;

	make_available(f);
	attach(f, f->id, NODE, "/dev/xvdaa");
	assert_int_equal(sim_model_set_instance_state(f->m, f->now, NODE, "terminated", NULL), 0);
	assert_string_equal(look(f)->status, "available");
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "IncorrectInstanceState");
	assert_int_equal(sim_model_set_instance_state(f->m, f->now, NODE, "running", NULL), -1);
}

static void multi_attach(void **state)
{
	struct fixture *f = *state;

	create(f, &(struct ec2_create_volume){ .availability_zone = ZONE, .size = 4,
		.volume_type = "io2", .iops = 100, .multi_attach_enabled = YES });
	pass(f, 1500);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "");
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdab"), "VolumeInUse");
	assert_string_equal(attach(f, f->id, NODE2, "/dev/xvdaa"), "");
	assert_int_equal(look(f)->attachments.n, 2);
	pass(f, 2000);
	assert_string_equal(detach(f, f->id, NULL), "InvalidParameterCombination");
	assert_string_equal(detach(f, f->id, NODE), "");
	pass(f, 2500);
	assert_int_equal(look(f)->attachments.n, 1);
	assert_string_equal(look(f)->status, "in-use");
	assert_string_equal(detach(f, f->id, NULL), "");
}

static void stuck_attaching_ends_by_a_detach(void **state)
{
	struct fixture *f = *state;

	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_ATTACH_STUCK,
					  .action = EC2_ATTACH_VOLUME, .count = 1 });
	make_available(f);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "");
	pass(f, 3600 * 1000);
	assert_string_equal(attachment(f), "attaching");
	assert_string_equal(detach(f, f->id, NODE), "");
	pass(f, 2500);
	assert_string_equal(attachment(f), "");
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "");
	pass(f, 2000);
	assert_string_equal(attachment(f), "attached");
}

static void stuck_detaching_ends_by_force(void **state)
{
	struct fixture *f = *state;

	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_DETACH_STUCK,
					  .action = EC2_DETACH_VOLUME });
	make_available(f);
	attach(f, f->id, NODE, "/dev/xvdaa");
	pass(f, 2000);
	assert_string_equal(detach(f, f->id, NODE), "");
	pass(f, 3600 * 1000);
	assert_string_equal(attachment(f), "detaching");
	assert_string_equal(call(f, &(struct ec2_request){ .action = EC2_DETACH_VOLUME,
		.detach_volume = { .volume_id = f->id, .instance_id = NODE, .force = YES } }), "");
	pass(f, 2500);
	assert_string_equal(attachment(f), "");
}

static void ordered_refusals(void **state)
{
	struct fixture *f = *state;

	make_available(f);
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_NAME_TAKEN,
					  .action = EC2_ATTACH_VOLUME, .count = 1 });
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "InvalidParameterValue");
	assert_non_null(strstr(f->a.message, "already in use"));
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_ATTACH_LIMIT,
					  .action = EC2_ATTACH_VOLUME, .count = 1 });
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "AttachmentLimitExceeded");
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "");
}

static void root_volumes_stay(void **state)
{
	struct fixture *f = *state;
	const char *id = NODE;

	call(f, &(struct ec2_request){ .action = EC2_DESCRIBE_INSTANCES,
		.describe_instances = { .instance_ids = { &id, 1 } } });
	assert_int_equal(f->a.resp.instances.n, 1);
	snprintf(f->id, sizeof(f->id), "%s", f->a.resp.instances.v[0].instances.v[0]
		 .block_devices.v[0].volume_id);
	assert_string_equal(detach(f, f->id, NODE), "OperationNotPermitted");
	assert_string_equal(delete_volume(f, f->id), "VolumeInUse");
	sim_model_set_instance_state(f->m, f->now, NODE, "stopped", NULL);
	assert_string_equal(detach(f, f->id, NODE), "");
}

static void instance_mapping_follows(void **state)
{
	struct fixture *f = *state;
	const char *id = NODE;
	const struct ec2_request req = { .action = EC2_DESCRIBE_INSTANCES,
		.describe_instances = { .instance_ids = { &id, 1 } } };
	const struct ec2_instance *i;

	make_available(f);
	attach(f, f->id, NODE, "/dev/xvdaa");
	pass(f, 2000);
	call(f, &req);
	i = f->a.resp.instances.v[0].instances.v;
	assert_int_equal(i->block_devices.n, 2);
	assert_string_equal(i->block_devices.v[1].device_name, "/dev/xvdaa");
	assert_string_equal(i->block_devices.v[1].status, "attached");
	assert_string_equal(i->block_devices.v[1].volume_id, f->id);
	detach(f, f->id, NODE);
	pass(f, 2500);
	call(f, &req);
	assert_int_equal(f->a.resp.instances.v[0].instances.v->block_devices.n, 1);
}

/* ---- hooks ---- */

struct backing {
	int created, deleted, attached, detached, forced;
	bool refuse_attach, in_use;
};

static void on_created(void *ctx, const char *id, int64_t gib)
{
	(void)id;
	assert_int_equal(gib, 10);
	((struct backing *)ctx)->created++;
}

static void on_deleted(void *ctx, const char *id)
{
	(void)id;
	((struct backing *)ctx)->deleted++;
}

static bool on_attach(void *ctx, const char *id, const char *instance, const char *device)
{
	struct backing *b = ctx;

	(void)id;
	assert_string_equal(instance, NODE);
	assert_string_equal(device, "/dev/xvdaa");
	b->attached += !b->refuse_attach;
	return !b->refuse_attach;
}

static bool on_detach(void *ctx, const char *id, const char *instance, bool force)
{
	struct backing *b = ctx;

	(void)id;
	(void)instance;
	if (b->in_use && !force)
		return false;
	b->detached++;
	b->forced += force;
	return true;
}

static void hooks_back_the_volume(void **state)
{
	struct fixture *f = *state;
	struct backing b = { .refuse_attach = true };

	sim_model_set_hooks(f->m, &(struct sim_hooks){ &b, on_created, on_deleted, on_attach,
						       on_detach });
	make_available(f);
	assert_int_equal(b.created, 1);
	attach(f, f->id, NODE, "/dev/xvdaa");
	pass(f, 10000);
	assert_string_equal(attachment(f), "attaching");	/* no device to be had */
	b.refuse_attach = false;
	pass(f, SIM_HOOK_RETRY_MS);
	assert_string_equal(attachment(f), "attached");
	b.in_use = true;
	detach(f, f->id, NODE);
	pass(f, 2500);
	assert_string_equal(attachment(f), "busy");
	pass(f, 60000);
	assert_string_equal(attachment(f), "busy");
	b.in_use = false;
	pass(f, SIM_HOOK_RETRY_MS);
	assert_string_equal(attachment(f), "");
	delete_volume(f, f->id);
	pass(f, 1000);
	assert_int_equal(b.attached, 1);
	assert_int_equal(b.detached, 1);
	assert_int_equal(b.deleted, 1);
}

static void force_takes_it_from_the_guest(void **state)
{
	struct fixture *f = *state;
	struct backing b = { .in_use = true };

	sim_model_set_hooks(f->m, &(struct sim_hooks){ &b, on_created, on_deleted, on_attach,
						       on_detach });
	make_available(f);
	attach(f, f->id, NODE, "/dev/xvdaa");
	pass(f, 2000);
	detach(f, f->id, NODE);
	pass(f, 5000);
	assert_string_equal(attachment(f), "busy");
	call(f, &(struct ec2_request){ .action = EC2_DETACH_VOLUME,
		.detach_volume = { .volume_id = f->id, .force = YES } });
	pass(f, 2500);
	assert_string_equal(attachment(f), "");
	assert_int_equal(b.forced, 1);
}

static void tells_its_story(void **state)
{
	struct fixture *f = *state;
	struct buf out;

	make_available(f);
	attach(f, f->id, NODE, "/dev/xvdaa");
	pass(f, 2000);
	buf_init(&out, 4096);
	sim_model_story(f->m, f->id, &out);
	assert_string_equal(buf_cstr(&out), "0 create\n1500 available\n"
			    "1500 attach " NODE " /dev/xvdaa\n"
			    "3500 attached " NODE " /dev/xvdaa\n");
	buf_fini(&out);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(goes_through_its_states),
		TEST(refuses_what_is_not_there),
		TEST(refuses_a_volume_being_made),
		TEST(refuses_another_zone),
		TEST(device_names),
		TEST(names_clash_in_all_spellings),
		TEST(a_name_stays_taken_while_detaching),
		TEST(limits_by_instance_type),
		TEST(instance_states),
		TEST(termination_frees_the_volumes),
		TEST(multi_attach),
		TEST(stuck_attaching_ends_by_a_detach),
		TEST(stuck_detaching_ends_by_force),
		TEST(ordered_refusals),
		TEST(root_volumes_stay),
		TEST(instance_mapping_follows),
		TEST(hooks_back_the_volume),
		TEST(force_takes_it_from_the_guest),
		TEST(tells_its_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
