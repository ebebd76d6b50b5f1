/* ebs-csi-sim's other inputs: fault rules in JSON, instances on the command line
 * and in files. */
#include "sim_fixture.h"

#include "sim/fault_json.h"
#include "sim/fleet.h"

/* ---- faults ---- */

static int add_faults(struct fixture *f, const char *text, struct err *err)
{
	json_t *o = json_parse(str_c(text), err);
	int rc;

	assert_non_null(o);
	rc = sim_fault_json_add(f->m, f->now, o, err);
	json_decref(o);
	return rc;
}

/* The list of rules as JSON; the caller releases. */
static json_t *list_faults(struct fixture *f)
{
	struct buf out;
	json_t *o;

	buf_init(&out, 1 << 20);
	sim_fault_json_list(f->m, f->now, &out);
	o = json_parse(buf_view(&out), NULL);
	buf_fini(&out);
	assert_non_null(o);
	return o;
}

static void rules_are_listed_with_their_hits(void **state)
{
	struct fixture *f = *state;
	json_t *o, *one;

	pass(f, 1000);
	assert_int_equal(add_faults(f, "[{\"kind\": \"throttle\", \"action\": \"CreateVolume\","
		"\"skip\": 1, \"count\": 1, \"probability\": 1, \"until_ms\": 500},"
		"{\"kind\": \"error\", \"id\": \"vol-0aaaaaaa\", \"http_status\": 599,"
		" \"code\": \"Odd\", \"message\": \"a \\\"b\\\"\", \"from_ms\": 7,"
		" \"delay_ms\": 9}]", NULL), 0);
	for (int i = 0; i < 4; i++)
		create_plain(f, NULL);
	o = list_faults(f);
	assert_int_equal(json_array_size(json_object_get(o, "faults")), 2);
	one = json_array_get(json_object_get(o, "faults"), 0);
	assert_string_equal(json_get_str(one, "kind"), "throttle");
	assert_string_equal(json_get_str(one, "action"), "CreateVolume");
	assert_int_equal(json_get_int(one, "seen", -1), 4);
	assert_int_equal(json_get_int(one, "hits", -1), 1);
	assert_int_equal(json_get_int(one, "until_ms", -1), 500);
	assert_true(json_is_true(json_object_get(one, "over")));
	one = json_array_get(json_object_get(o, "faults"), 1);
	assert_string_equal(json_get_str(one, "message"), "a \"b\"");
	assert_int_equal(json_get_int(one, "from_ms", -1), 7);
	assert_int_equal(json_get_int(one, "hits", -1), 0);
	assert_null(json_object_get(one, "over"));
	assert_null(json_object_get(one, "action"));
	json_decref(o);
	sim_model_clear_faults(f->m);
	o = list_faults(f);
	assert_int_equal(json_array_size(json_object_get(o, "faults")), 0);
	json_decref(o);
}

static const struct { const char *text, *said; } bad_faults[] = {
	{ "[7]", "/0: 7 is not an object" },
	{ "[{\"kind\": \"error\"}, 7]", "/1: 7 is not an object" },
	{ "{}", "/kind is missing" },
	{ "{\"kind\": 5}", "/kind: 5 is not a string" },
	{ "{\"kind\": \"throtle\"}", "/kind: \"throtle\" is not known; did you mean \"throttle\"?" },
	{ "{\"kind\": \"HANG\"}", "/kind: \"HANG\" is not known" },
	{ "{\"kind\": \"error\", \"action\": \"Atach\"}", "/action: \"Atach\" is not known" },
	{ "{\"kind\": \"error\", \"action\": \"attachVolume\"}", "mean \"AttachVolume\"?" },
	{ "{\"kind\": \"error\", \"probability\": 2}", "/probability: 2 is not a number from 1e-09" },
	{ "{\"kind\": \"error\", \"probability\": 0}", "/probability: 0 is not" },
	{ "{\"kind\": \"error\", \"probability\": \"1\"}", "/probability: \"1\" is not" },
	{ "{\"kind\": \"error\", \"probabilty\": 1}", "did you mean \"probability\"?" },
	{ "{\"kind\": \"error\", \"skip\": -1}", "/skip: -1 is not a whole number from 0" },
	{ "{\"kind\": \"error\", \"count\": 1.5}", "/count: 1.5 is not" },
	{ "{\"kind\": \"error\", \"http_status\": 99}", "/http_status: 99 is not" },
	{ "{\"kind\": \"slow\", \"delay_ms\": -1}", "/delay_ms: -1 is not" },
	{ "{\"kind\": \"slow\"}", "/delay_ms is missing: slow does nothing without it" },
	{ "{\"kind\": \"error\", \"from_ms\": 5, \"until_ms\": 5}",
	  "/until_ms: 5 is not after from_ms, which is 5" },
};

static void bad_faults_are_refused_whole(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	json_t *o;

	for (size_t i = 0; i < ARRAY_SIZE(bad_faults); i++) {
		assert_int_equal(add_faults(f, bad_faults[i].text, &err), -1);
		if (!strstr(err_msg(&err), bad_faults[i].said))
			fail_msg("%s: said \"%s\"", bad_faults[i].text, err_msg(&err));
	}
	err_fini(&err);
	o = list_faults(f);
	assert_int_equal(json_array_size(json_object_get(o, "faults")), 0);
	json_decref(o);
}

/* ---- instances ---- */

static size_t count_instances(struct fixture *f)
{
	call(f, &(struct ec2_request){ .action = EC2_DESCRIBE_INSTANCES });
	return f->a.resp.instances.n;
}

/* A temporary file with this text; the caller unlinks and frees. */
static char *file_of(const char *text)
{
	char *path = xstrdup("/tmp/test-sim-fleet.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static int add_file(struct fixture *f, const char *text, const char **first, struct err *err)
{
	auto_free char *path = file_of(text), *option = xasprintf("@%s", path);
	int rc = sim_fleet_add(f->m, option, first, err);

	if (rc < 0)
		assert_non_null(strstr(err_msg(err), path));
	unlink(path);
	return rc;
}

static void instances_by_lines(void **state)
{
	struct fixture *f = *state;
	struct sim_instance_info info;
	const char *first;

	assert_int_equal(add_file(f, "# ours\n\ni-0000000000000000a c5.large us-east-1b\r\n"
				     "-,m5.xlarge,us-east-1c,7\n - - - 3 # any\n", &first, NULL), 0);
	assert_string_equal(first, "i-0000000000000000a");
	assert_true(sim_model_instance(f->m, first, &info));
	assert_string_equal(info.type, "c5.large");
	assert_string_equal(info.zone, "us-east-1b");
	assert_int_equal(count_instances(f), 2 + 11);
}

static void instances_in_json(void **state)
{
	struct fixture *f = *state;
	struct sim_instance_info info;
	const char *first;

	assert_int_equal(add_file(f, " [{\"type\": \"c5.large\", \"count\": 5},\n"
				     "{\"id\": \"i-0000000000000000a\", \"zone\": \"us-east-1b\","
				     " \"enis\": 3}]\n", &first, NULL), 0);
	assert_true(sim_model_instance(f->m, first, &info));
	assert_string_equal(info.type, "c5.large");
	assert_true(sim_model_instance(f->m, "i-0000000000000000a", &info));
	assert_int_equal(info.enis, 3);
	assert_int_equal(count_instances(f), 2 + 6);
	assert_int_equal(add_file(f, "[]", &first, NULL), 0);
	assert_null(first);
}

static void instances_on_the_command_line(void **state)
{
	struct fixture *f = *state;
	struct sim_instance_info info;
	const char *first;

	assert_int_equal(sim_fleet_add(f->m, "5", &first, NULL), 0);
	assert_int_equal(sim_fleet_add(f->m, "0", &first, NULL), 0);
	assert_null(first);
	assert_int_equal(sim_fleet_add(f->m, "i-0000000a:c5.large:us-east-1b,:t3.nano", &first,
				       NULL), 0);
	assert_string_equal(first, "i-0000000a");
	assert_true(sim_model_instance(f->m, first, &info));
	assert_int_equal(count_instances(f), 2 + 7);
}

static const struct { const char *text, *said; } bad_fleets[] = {
	{ "i-0000000a c5.large us-east-1a 2\n", "line 1: 2 instances cannot all have the id" },
	{ "\n- c5.large us-east-1a x\n", "line 2: count \"x\" is not 1-100000" },
	{ "- - - 0\n", "line 1: count \"0\"" },
	{ "- - - 100001\n", "line 1: count \"100001\"" },
	{ "- - - 1 2\n", "line 1: more than ID TYPE ZONE COUNT" },
	{ "- - - 60000\n- - - 60000\n", "line 2: more than 100000 instances" },
	{ "- - mars-1a\n", "line 1: instance zone \"mars-1a\"" },
	{ "node1\n", "line 1: instance id \"node1\"" },
	{ "i-0000000b\ni-0000000b\n", "line 2: instance i-0000000b is there already" },
	{ "[{\"id\": 5}]", "/0/id: 5 is not a string" },
	{ "[{}, {\"typ\": \"x\"}]", "/1/typ is not known; did you mean \"type\"?" },
	{ "[{\"count\": -1}]", "/0/count: -1 is not" },
	{ "[{\"type\": \"large\"}]", "/0: instance type \"large\"" },
	{ "[{\"zone\": \"x\"}", "bad JSON at line 1" },
};

static void bad_instances(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	const char *first;

	for (size_t i = 0; i < ARRAY_SIZE(bad_fleets); i++) {
		assert_int_equal(add_file(f, bad_fleets[i].text, &first, &err), -1);
		if (!strstr(err_msg(&err), bad_fleets[i].said))
			fail_msg("%s: said \"%s\"", bad_fleets[i].text, err_msg(&err));
	}
	assert_int_equal(sim_fleet_add(f->m, "100001", &first, &err), -1);
	assert_non_null(strstr(err_msg(&err), "100001 is more than 100000"));
	assert_int_equal(sim_fleet_add(f->m, "i-0000000c:c5.large:us-east-1a:4", &first, &err), -1);
	assert_non_null(strstr(err_msg(&err), "\"4\" follows ID:TYPE:ZONE"));
	assert_int_equal(sim_fleet_add(f->m, "@/nonexistent", &first, &err), -1);
	assert_non_null(strstr(err_msg(&err), "/nonexistent"));
	err_fini(&err);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules_are_listed_with_their_hits),
		TEST(bad_faults_are_refused_whole),
		TEST(instances_by_lines),
		TEST(instances_in_json),
		TEST(instances_on_the_command_line),
		TEST(bad_instances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
