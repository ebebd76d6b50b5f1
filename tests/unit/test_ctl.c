/* ebs-csictl without a server: command line to request, answer to JSON and table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <getopt.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "csi/csi.pb-c.h"
#include "ctl/message.h"
#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/verbs.h"

struct line {
	char *text;
	char *argv[32];
	struct ctl_options *options;
	struct err err;
};

static void parse(struct line *l, const char *text)
{
	int argc = 1;

	*l = (struct line){ .text = xstrdup(text), .argv = { (char *)"ebs-csictl" } };
	for (char *save, *w = strtok_r(l->text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		l->argv[argc++] = w;
	optind = 0;	/* glibc: start anew */
	l->options = ctl_options_new(argc, l->argv, &l->err);
}

static void line_fini(struct line *l)
{
	ctl_options_free(l->options);
	err_fini(&l->err);
	free(l->text);
}

/* The request that a command line makes, as JSON; or the error's text. */
static char *request(const char *text)
{
	struct arena a = { NULL, 0 };
	struct line l;
	const struct ctl_call *call;
	ProtobufCMessage *m = NULL;
	char *out;

	parse(&l, text);
	assert_non_null(l.options);
	call = ctl_next_call(ctl_verb(l.options), NULL);
	if (ctl_check_usage(call, l.options, &l.err) == 0)
		m = ctl_build_request(call, l.options, &a, &l.err);
	if (m) {
		json_t *json = message_json(m);

		out = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
		json_decref(json);
	} else {
		out = xstrdup(err_msg(&l.err));
	}
	arena_fini(&a);
	line_fini(&l);
	return out;
}

static void assert_request(const char *text, const char *want)
{
	char *got = request(text);

	assert_string_equal(got, want);
	free(got);
}

static void builds_requests(void **state)
{
	(void)state;
	assert_request("delete vol-1", "{\"secrets\":{},\"volume_id\":\"vol-1\"}");
	assert_request("create v1 --size=10GiB --limit 20G --type=gp3 --param iops=3000 --zone=z-1a "
		       "--fs=ext4 --mount-flag=noatime --mount-flag=discard",
		       "{\"accessibility_requirements\":{\"preferred\":[],\"requisite\":"
		       "[{\"segments\":{\"topology.kubernetes.io/zone\":\"z-1a\"}}]},"
		       "\"capacity_range\":{\"limit_bytes\":21474836480,\"required_bytes\":10737418240},"
		       "\"mutable_parameters\":{},\"name\":\"v1\","
		       "\"parameters\":{\"iops\":\"3000\",\"type\":\"gp3\"},\"secrets\":{},"
		       "\"volume_capabilities\":[{\"access_mode\":{\"mode\":\"SINGLE_NODE_WRITER\"},"
		       "\"mount\":{\"fs_type\":\"ext4\",\"mount_flags\":[\"noatime\",\"discard\"],"
		       "\"volume_mount_group\":\"\"}}]}");
	assert_request("publish vol-1 i-1 --block --readonly",
		       "{\"node_id\":\"i-1\",\"readonly\":true,\"secrets\":{},"
		       "\"volume_capability\":{\"access_mode\":{\"mode\":\"SINGLE_NODE_WRITER\"},"
		       "\"block\":{}},\"volume_context\":{},\"volume_id\":\"vol-1\"}");
	assert_request("unpublish vol-1", "{\"node_id\":\"\",\"secrets\":{},\"volume_id\":\"vol-1\"}");
}

static void refuses_what_makes_no_sense(void **state)
{
	(void)state;
	assert_request("delete", "usage: ebs-csictl [OPTION...] delete VOLUME");
	assert_request("probe x", "usage: ebs-csictl [OPTION...] probe");
	assert_request("delete a b", "usage: ebs-csictl [OPTION...] delete VOLUME");
	assert_request("delete a --size=1", "--size means nothing to \"delete\"");
	assert_request("create a --size=10Q", "--size: \"10Q\" is no size such as 10GiB");
	assert_request("create a --size=99999999T", "--size: \"99999999T\" is no size such as 10GiB");
	assert_request("create a --param=x", "--param: \"x\" is not of the form key=value");
	assert_request("create a --access-mode=ANY", "--access-mode: Mode has no value \"ANY\"");
}

static void names_bad_options(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "--bogus probe");
	assert_null(l.options);
	assert_string_equal(err_msg(&l.err), "unknown option \"--bogus\"; see --help");
	line_fini(&l);
	parse(&l, "probe --timeout");
	assert_null(l.options);
	assert_string_equal(err_msg(&l.err), "option --timeout needs a value");
	line_fini(&l);
}

static char *table(const char *json)
{
	json_t *v = json_loads(json, 0, NULL);
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	print_table(out, v);
	fclose(out);
	json_decref(v);
	return text;
}

static void prints_tables(void **state)
{
	char *got = table("{\"volume\":{\"volume_id\":\"vol-1\",\"capacity_bytes\":1073741824,"
			  "\"none\":0,\"topology\":[{\"a\":{\"z\":\"1\"}},{\"b\":\"22\"}]},"
			  "\"list\":[\"x\",\"y\"],\"ready\":true}");

	(void)state;
	assert_string_equal(got,
			    "volume.volume_id       vol-1\n"
			    "volume.capacity_bytes  1073741824 (1 GiB)\n"
			    "list                   x, y\n"
			    "ready                  yes\n"
			    "volume.topology:\n"
			    "  a.z  b \n"
			    "  1    - \n"
			    "  -    22\n");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_requests),
		cmocka_unit_test(refuses_what_makes_no_sense),
		cmocka_unit_test(names_bad_options),
		cmocka_unit_test(prints_tables),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
