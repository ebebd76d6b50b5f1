/* The EC2 model: CreateVolume and DeleteVolume, client tokens, tags, quotas. */
#include "sim_fixture.h"

static void goes_through_its_states(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(create_plain(f, NULL), "");
	assert_string_equal(f->a.resp.volume.status, "creating");
	assert_int_equal(f->a.http_status, 200);
	assert_true(f->a.latency_ms >= 200);
	assert_int_equal(f->a.resp.volume.iops, 3000);
	assert_int_equal(f->a.resp.volume.throughput, 125);
	assert_string_equal(f->a.resp.volume.availability_zone_id, "use1-az1");
	pass(f, 1499);
	assert_string_equal(look(f)->status, "creating");
	assert_string_equal(delete_volume(f, f->id), "IncorrectState");
	pass(f, 1);
	assert_string_equal(look(f)->status, "available");
	assert_string_equal(delete_volume(f, f->id), "");
	assert_string_equal(look(f)->status, "deleting");
	assert_string_equal(delete_volume(f, f->id), "InvalidVolume.NotFound");
	pass(f, 1000);
	assert_string_equal(describe(f, (const char *[]){ f->id }, 1), "InvalidVolume.NotFound");
	assert_non_null(strstr(f->a.message, f->id));
}

#define VOLUME(...) { .availability_zone = ZONE, __VA_ARGS__ }

static const struct {
	const char *code, *text;
	struct ec2_create_volume r;
} refusals[] = {
	{ "MissingParameter", "availabilityZone", { .size = 1 } },
	{ "InvalidParameterCombination", "together",
	  VOLUME(.availability_zone_id = "use1-az1", .size = 1) },
	{ "InvalidZone.NotFound", "mars-1a", { .availability_zone = "mars-1a", .size = 1 } },
	{ "InvalidZone.NotFound", "use1-az9", { .availability_zone_id = "use1-az9", .size = 1 } },
	{ "UnknownVolumeType", "gp9", VOLUME(.volume_type = "gp9", .size = 1) },
	{ "InvalidParameterValue", "Outpost", VOLUME(.outpost_arn = "arn:x", .size = 1) },
	{ "MissingParameter", "size", VOLUME(.volume_type = "gp3") },
	{ "InvalidParameterValue", "too large", VOLUME(.volume_type = "gp3", .size = 65537) },
	{ "InvalidParameterValue", "too large", VOLUME(.volume_type = "gp2", .size = 16385) },
	{ "InvalidParameterValue", "too small", VOLUME(.volume_type = "st1", .size = 124) },
	{ "InvalidParameterValue", "too large", VOLUME(.volume_type = "standard", .size = 1025) },
	{ "InvalidParameterValue", "too small",
	  VOLUME(.volume_type = "io1", .size = 3, .iops = 100) },
	{ "InvalidParameterCombination", "must be specified", VOLUME(.volume_type = "io1", .size = 4) },
	{ "InvalidParameterCombination", "must be specified", VOLUME(.volume_type = "io2", .size = 4) },
	{ "InvalidParameterCombination", "parameter iops is not supported",
	  VOLUME(.volume_type = "gp2", .size = 4, .iops = 100) },
	{ "InvalidParameterValue", "iops of 99 is too low",
	  VOLUME(.volume_type = "io1", .size = 4, .iops = 99) },
	{ "InvalidParameterValue", "ratio", VOLUME(.volume_type = "io1", .size = 4, .iops = 201) },
	{ "InvalidParameterValue", "ratio", VOLUME(.volume_type = "gp3", .size = 6, .iops = 3001) },
	{ "InvalidParameterValue", "iops of 2147483647 is too high; maximum is 80000",
	  VOLUME(.volume_type = "gp3", .size = 4, .iops = 2147483647, .dry_run = YES) },
	{ "InvalidParameterCombination", "256K IOPS",
	  VOLUME(.volume_type = "io2", .size = 4, .iops = 2147483647, .dry_run = YES) },
	{ "InvalidParameterCombination", "throughput is not supported",
	  VOLUME(.volume_type = "gp2", .size = 4, .throughput = 200) },
	{ "InvalidParameterValue", "not between", VOLUME(.volume_type = "gp3", .size = 9, .throughput = 124) },
	{ "InvalidParameterValue", "not between", VOLUME(.volume_type = "gp3", .size = 9, .throughput = 2001) },
	{ "InvalidParameterValue", "ratio", VOLUME(.volume_type = "gp3", .size = 9, .throughput = 751) },
	{ "InvalidParameterCombination", "multiAttachEnabled",
	  VOLUME(.volume_type = "gp3", .size = 9, .multi_attach_enabled = YES) },
	{ "InvalidParameterDependency", "KmsKeyId", VOLUME(.size = 9, .kms_key_id = "alias/x") },
	{ "InvalidSnapshotID.Malformed", "snap-xyz", VOLUME(.size = 9, .snapshot_id = "snap-xyz") },
	{ "InvalidSnapshot.NotFound", "snap-01234567",
	  VOLUME(.size = 9, .snapshot_id = "snap-01234567") },
	{ "InvalidParameterCombination", "snapshotId",
	  VOLUME(.size = 9, .volume_initialization_rate = 100) },
	{ "InvalidClientToken", "64", VOLUME(.size = 9, .client_token =
	  "0123456789012345678901234567890123456789012345678901234567890123x") },
	{ "InvalidClientToken", "ASCII", VOLUME(.size = 9, .client_token = "\xc3\xa4") },
	{ "DryRunOperation", "succeeded", VOLUME(.size = 9, .dry_run = YES) },
};

static void refuses_bad_requests(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		assert_string_equal(create(f, &refusals[i].r), refusals[i].code);
		if (!strstr(f->a.message, refusals[i].text))
			fail_msg("row %zu: \"%s\" lacks \"%s\"", i, f->a.message,
				 refusals[i].text);
		assert_int_equal(f->a.http_status,
				 strcmp(f->a.code, "DryRunOperation") ? 400 : 412);
	}
	assert_int_equal(sim_model_counters(f->m, EC2_CREATE_VOLUME)->dry_runs, 1);
	assert_int_equal(sim_model_counters(f->m, EC2_CREATE_VOLUME)->errors,
			 ARRAY_SIZE(refusals) - 1);
}

static void accepts_the_edges(void **state)
{
	static const struct ec2_create_volume good[] = {
		VOLUME(.volume_type = "gp3", .size = 65536),
		VOLUME(.volume_type = "gp3", .size = 1, .iops = 3000),
		VOLUME(.volume_type = "gp3", .size = 160, .iops = 80000, .throughput = 2000),
		VOLUME(.volume_type = "io1", .size = 4, .iops = 200, .multi_attach_enabled = YES),
		VOLUME(.volume_type = "io2", .size = 65536, .iops = 256000),
		VOLUME(.volume_type = "st1", .size = 125),
		VOLUME(.volume_type = "standard", .size = 1024),
		{ .availability_zone_id = "use1-az3", .size = 1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_string_equal(create(f, &good[i]), "");
	assert_string_equal(f->a.resp.volume.availability_zone, "us-east-1c");
	assert_string_equal(f->a.resp.volume.volume_type, "gp2");	/* the default */
	assert_int_equal(f->a.resp.volume.iops, 100);
}

static void encrypts(void **state)
{
	struct fixture *f = *state;

	create(f, &(struct ec2_create_volume)VOLUME(.size = 1, .encrypted = YES));
	assert_int_equal(f->a.resp.volume.encrypted, YES);
	assert_non_null(strstr(f->a.resp.volume.kms_key_id, "arn:aws:kms:us-east-1:"));
	/* A key that cannot exist is found out later: the volume vanishes. */
	assert_string_equal(create(f, &(struct ec2_create_volume)VOLUME(
		.size = 1, .encrypted = YES, .kms_key_id = "no-such-key",
		.client_token = "t")), "");
	pass(f, 1499);
	assert_string_equal(look(f)->status, "creating");
	pass(f, 1);
	assert_string_equal(describe(f, (const char *[]){ f->id }, 1), "InvalidVolume.NotFound");
}

/* ---- client tokens ---- */

static void repeats_with_a_token_are_one_volume(void **state)
{
	struct fixture *f = *state;
	char first[32];

	create_plain(f, "token");
	memcpy(first, f->id, sizeof(first));
	pass(f, 5000);
	assert_string_equal(create_plain(f, "token"), "");
	assert_string_equal(f->id, first);
	assert_string_equal(f->a.resp.volume.status, "available");
	assert_string_equal(create(f, &(struct ec2_create_volume){
		.client_token = "token", .availability_zone = ZONE, .size = 11,
		.volume_type = "gp3" }), "IdempotentParameterMismatch");
	assert_string_equal(create_plain(f, "other"), "");
	assert_string_not_equal(f->id, first);
}

static void tokens_of_failed_volumes_are_burned(void **state)
{
	struct fixture *f = *state;

	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_CREATE_ERROR,
					  .action = EC2_CREATE_VOLUME, .count = 1 });
	create_plain(f, "token");
	pass(f, 1500);
	assert_string_equal(look(f)->status, "error");
	assert_string_equal(create_plain(f, "token"), "IdempotentParameterMismatch");
	assert_string_equal(create_plain(f, "token-2"), "");
	pass(f, 12 * 3600 * 1000);
	assert_string_equal(create_plain(f, "token"), "");	/* forgotten */
}

static void failed_volumes_can_be_deleted(void **state)
{
	struct fixture *f = *state;

	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_CREATE_ERROR,
					  .action = SIM_ANY_ACTION });
	create_plain(f, NULL);
	pass(f, 1500);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "IncorrectState");
	assert_string_equal(delete_volume(f, f->id), "");
}

static void quotas_come_before_tokens(void **state)
{
	struct fixture *f = *state;
	struct sim_config c;

	sim_config_instant(&c);
	c.max_volumes = 1;
	use_model(f, &c);
	assert_string_equal(create_plain(f, "a"), "");
	assert_string_equal(create_plain(f, "b"), "VolumeLimitExceeded");
	assert_string_equal(create_plain(f, "a"), "VolumeLimitExceeded");
	assert_string_equal(delete_volume(f, f->id), "");
	pass(f, 1);
	assert_string_equal(create_plain(f, "b"), "");
	c.max_volumes = 0;
	c.max_storage_gib = 15;
	use_model(f, &c);
	assert_string_equal(create_plain(f, "a"), "");
	assert_string_equal(create_plain(f, "b"), "VolumeLimitExceeded");
}

/* ---- tags ---- */

static const char *tag(struct fixture *f, const char *id, struct ec2_tag *tags, size_t n)
{
	return call(f, &(struct ec2_request){ .action = EC2_CREATE_TAGS, .create_tags = {
		.resource_ids = { &id, 1 }, .tags = { tags, n } } });
}

static const char *untag(struct fixture *f, const char *id, struct ec2_tag *tags, size_t n)
{
	return call(f, &(struct ec2_request){ .action = EC2_DELETE_TAGS, .delete_tags = {
		.resource_ids = { &id, 1 }, .tags = { tags, n } } });
}

static void sets_and_removes_tags(void **state)
{
	struct fixture *f = *state;
	struct ec2_tag two[] = { { "a", "1" }, { "b", "" } };
	struct ec2_tag change = { "a", "2" }, wrong = { "a", "9" }, any = { "a", NULL };

	create_plain(f, NULL);
	assert_string_equal(tag(f, f->id, two, 2), "");
	assert_int_equal(f->a.resp.none.result, YES);
	assert_string_equal(tag(f, f->id, &change, 1), "");
	assert_string_equal(sim_model_volume_tag(f->m, f->id, "a"), "2");
	assert_string_equal(look(f)->tags.v[1].key, "b");
	assert_string_equal(untag(f, f->id, &wrong, 1), "");
	assert_non_null(sim_model_volume_tag(f->m, f->id, "a"));
	assert_string_equal(untag(f, f->id, &any, 1), "");
	assert_null(sim_model_volume_tag(f->m, f->id, "a"));
	assert_string_equal(untag(f, f->id, NULL, 0), "");	/* all of them */
	assert_null(sim_model_volume_tag(f->m, f->id, "b"));
	assert_string_equal(tag(f, NODE, two, 2), "");
}

static void refuses_bad_tags(void **state)
{
	struct fixture *f = *state;
	char key[129], value[258], names[51][16];
	struct ec2_tag many[51], t;

	create_plain(f, NULL);
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 51; i++) {
		snprintf(names[i], sizeof(names[i]), "k%d", i);
		many[i] = (struct ec2_tag){ names[i], "x" };
	}
	t = (struct ec2_tag){ "", "x" };
	assert_string_equal(tag(f, f->id, &t, 1), "InvalidTagKey.Malformed");
	t.key = "aws:x";
	assert_string_equal(tag(f, f->id, &t, 1), "InvalidTagKey.Malformed");
	t.key = key;
	assert_string_equal(tag(f, f->id, &t, 1), "InvalidParameterValue");
	t = (struct ec2_tag){ "k", value };
	assert_string_equal(tag(f, f->id, &t, 1), "InvalidParameterValue");
	assert_string_equal(tag(f, f->id, many, 51), "TagLimitExceeded");
	assert_string_equal(tag(f, f->id, many, 50), "");
	t = (struct ec2_tag){ "one-more", "" };
	assert_string_equal(tag(f, f->id, &t, 1), "TagLimitExceeded");
	assert_string_equal(tag(f, f->id, NULL, 0), "MissingParameter");
	assert_string_equal(tag(f, "vol-01234567", &t, 1), "InvalidVolume.NotFound");
	assert_string_equal(tag(f, "i-01234567", &t, 1), "InvalidInstanceID.NotFound");
	assert_string_equal(tag(f, "snap-01234567", &t, 1), "InvalidSnapshot.NotFound");
	assert_string_equal(tag(f, "x", &t, 1), "InvalidID");
	t = (struct ec2_tag){ "dup", "1" };
	assert_string_equal(create(f, &(struct ec2_create_volume)VOLUME(.size = 1,
		.tags = { (struct ec2_tag[]){ t, t }, 2 })), "InvalidParameterValue");
}

static void nothing_is_tagged_when_one_is_unknown(void **state)
{
	struct fixture *f = *state;
	struct ec2_tag t = { "k", "v" };
	const char *ids[2] = { f->id, "vol-01234567" };

	create_plain(f, NULL);
	assert_string_equal(call(f, &(struct ec2_request){ .action = EC2_CREATE_TAGS,
		.create_tags = { .resource_ids = { ids, 2 }, .tags = { &t, 1 } } }),
		"InvalidVolume.NotFound");
	assert_null(sim_model_volume_tag(f->m, f->id, "k"));
}

static void reset_forgets(void **state)
{
	struct fixture *f = *state;

	create_plain(f, "t");
	pass(f, 1500);
	attach(f, f->id, NODE, "/dev/xvdaa");
	sim_model_reset(f->m, f->now);
	assert_string_equal(describe(f, (const char *[]){ f->id }, 1), "InvalidVolume.NotFound");
	assert_int_equal(sim_model_counters(f->m, EC2_CREATE_VOLUME)->calls, 0);
	assert_string_equal(create_plain(f, "t"), "");
	pass(f, 1500);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(goes_through_its_states),
		TEST(refuses_bad_requests),
		TEST(accepts_the_edges),
		TEST(encrypts),
		TEST(repeats_with_a_token_are_one_volume),
		TEST(tokens_of_failed_volumes_are_burned),
		TEST(failed_volumes_can_be_deleted),
		TEST(quotas_come_before_tokens),
		TEST(sets_and_removes_tags),
		TEST(refuses_bad_tags),
		TEST(nothing_is_tagged_when_one_is_unknown),
		TEST(reset_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
