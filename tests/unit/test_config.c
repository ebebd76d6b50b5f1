/* Options: every source, their order, and that whatever is wrong is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "../../src/config.h"	/* not autoconf's */

struct fixture {
	struct config config;
	struct err err;
	char path[64];	/* of a file with options */
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strncpy(f->path, "/tmp/ebs-test-config-XXXXXX", sizeof(f->path) - 1);
	close(mkstemp(f->path));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	config_fini(&f->config);
	err_fini(&f->err);
	free(f);
	return 0;
}

static void write_file(struct fixture *f, const char *text)
{
	FILE *out = fopen(f->path, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* Loads "ebs-csid <words...>"; always with the fixture's file. */
static int load(struct fixture *f, const char *line)
{
	char *words = xasprintf("%s --config %s", line, f->path);
	char *argv[32] = { (char *)"ebs-csid" };
	int argc = 1, rc;

	for (char *save, *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	config_fini(&f->config);
	err_fini(&f->err);
	rc = config_load(&f->config, argc, argv, &f->err);
	free(words);
	return rc;
}

static void assert_refused(struct fixture *f, const char *line, const char *text)
{
	assert_int_equal(load(f, line), -1);
	if (!strstr(err_msg(&f->err), text))
		fail_msg("\"%s\": got \"%s\", want it to say \"%s\"", line, err_msg(&f->err), text);
	assert_null(strchr(err_msg(&f->err), '\n'));
}

static void has_the_defaults_of_the_go_driver(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, ""), 0);
	assert_int_equal(f->config.mode, CONFIG_ALL);
	assert_string_equal(f->config.endpoint, "unix://tmp/csi.sock");
	assert_int_equal(f->config.volume_attach_limit, -1);
	assert_int_equal(f->config.modify_volume_request_handler_timeout, 2000);
	assert_string_equal(f->config.metadata_sources, "imds,env");
	assert_false(f->config.legacy_xfs);
}

static void takes_the_arguments_of_the_manifests(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "controller --endpoint=unix:///csi/csi.sock --extra-tags=a=1,b=x=y "
				 "--k8s-tag-cluster-id=c1 --batching=true --logging-format=text "
				 "--user-agent-extra=helm --v=2 --aws-sdk-debug-log=false"), 0);
	assert_int_equal(f->config.mode, CONFIG_CONTROLLER);
	assert_string_equal(f->config.endpoint, "unix:///csi/csi.sock");
	assert_string_equal(f->config.extra_tags, "a=1,b=x=y");
	assert_int_equal(f->config.v, 2);
	assert_int_equal(load(f, "node --endpoint unix:/csi/csi.sock --reserved-volume-attachments 2 "
				 "--csi-mount-point-prefix=/var/lib/kubelet/ --legacy-xfs "
				 "--metadata-sources=IMDS,kubernetes --logging-format=json -v 7"), 0);
	assert_int_equal(f->config.reserved_volume_attachments, 2);
	assert_true(f->config.legacy_xfs);
	assert_string_equal(f->config.metadata_sources, "imds,env");
	assert_int_equal(f->config.v, 7);
}

static void adds_up_lists_of_one_source(void **state)
{
	struct fixture *f = *state;

	write_file(f, "extra-tags = f=0\n");
	assert_int_equal(load(f, "controller --extra-tags a=1 --extra-volume-tags=o=2 --extra-tags=b=3"), 0);
	assert_string_equal(f->config.extra_tags, "o=2,a=1,b=3");
}

static void prefers_flag_then_environment_then_file(void **state)
{
	struct fixture *f = *state;

	write_file(f, "v = 1\ndrain-timeout = 1s\nendpoint = unix:///file\n"
		      "[node]\nvolume-attach-limit = 5\n[controller]\nendpoint = unix:///other\n");
	setenv("EBS_CSID_V", "2", 1);
	setenv("EBS_CSID_DRAIN_TIMEOUT", "2s", 1);
	assert_int_equal(load(f, "node -v=3"), 0);
	assert_int_equal(f->config.v, 3);
	assert_int_equal(f->config.drain_timeout, 2000);
	assert_string_equal(f->config.endpoint, "unix:///file");
	assert_int_equal(f->config.volume_attach_limit, 5);
	setenv("EBS_CSID_V", "lots", 1);
	assert_refused(f, "node -v=3", "EBS_CSID_V: \"lots\" is not a number from 0 to 10");
	unsetenv("EBS_CSID_V");
	unsetenv("EBS_CSID_DRAIN_TIMEOUT");
	assert_int_equal(load(f, "controller"), 0);
	assert_string_equal(f->config.endpoint, "unix:///other");
	assert_int_equal(f->config.v, 1);
}

static void names_what_is_wrong_in_the_file(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "v = 1\nbogus = 2\n", "line 2: unknown option \"bogus\"" },
		{ "\n\nv = x\n", "line 3: v: \"x\" is not a number" },
		{ "help = true\n", "line 1: unknown option \"help\"" },
		{ "[nodes]\nv = 1\n", "line 2: section [nodes] is none of" },
		{ "just words\n", "line 1: neither [section] nor name = value" },
		{ "http-endpoint = :8080\n", "line 1: http-endpoint: this version does not have it" },
	};
	struct fixture *f = *state;
	char *line = xmalloc(2000);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_file(f, cases[i].text);
		assert_refused(f, "controller", cases[i].says);
		assert_non_null(strstr(err_msg(&f->err), f->path));
	}
	memset(line, 'x', 1999);
	memcpy(line, "extra-tags = a=", 15);
	line[1999] = 0;
	write_file(f, line);
	assert_refused(f, "controller", "a line is longer than");
	free(line);
	unlink(f->path);
	assert_refused(f, "controller", "cannot read");
}

static void names_what_is_wrong_on_the_command_line(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "conductor", "unknown mode \"conductor\"" },
		{ "pre-stop-hook", "does not have the mode pre-stop-hook" },
		{ "controller --bogus", "unknown option \"--bogus\"" },
		{ "controller -x", "unknown option \"-x\"" },
		{ "controller -endpoint=x", "unknown option \"-endpoint=x\"" },
		{ "controller --drain_timeout=1s", "unknown option" },
		{ "controller extra", "unknown option \"extra\"" },
		{ "controller --legacy-xfs", "--legacy-xfs does not exist in mode controller" },
		{ "node --batching", "--batching does not exist in mode node" },
		{ "all --v=-1", "--v: \"-1\" is not a number from 0 to 10" },
		{ "all --v=", "--v: \"\" is not a number" },
		{ "all --drain-timeout=5", "--drain-timeout: \"5\" is not a time" },
		{ "all --batching=maybe", "--batching: \"maybe\" is not true or false" },
		{ "all --logging-format=xml", "neither text nor json" },
		{ "all --volume-attach-limit=3 --reserved-volume-attachments=1", "exclude each other" },
		{ "node --metadata-sources=ec2", "\"ec2\" is none of" },
		{ "node --metadata-sources=kubernetes", "this version has imds and env" },
		{ "all --http-endpoint=:8080", "--http-endpoint: this version does not have it" },
		{ "all --enable-otel-tracing", "--enable-otel-tracing: this version does not have it" },
		{ "all --modify-volume-request-handler-timeout=0s", "is not a time" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(f, cases[i].line, cases[i].says);
	assert_int_equal(load(f, "all --http-endpoint= --enable-otel-tracing=false"), 0);
}

static void asks_for_a_missing_value(void **state)
{
	char *argv[] = { (char *)"ebs-csid", (char *)"node", (char *)"--endpoint" };
	struct fixture *f = *state;

	assert_int_equal(config_load(&f->config, 3, argv, &f->err), -1);
	assert_string_equal(err_msg(&f->err), "option --endpoint needs a value");
}

static void help_wins_over_mistakes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "conductor --bogus --help"), 0);
	assert_true(f->config.help);
	assert_int_equal(load(f, "--version"), 0);
	assert_true(f->config.version);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(has_the_defaults_of_the_go_driver),
		TEST(takes_the_arguments_of_the_manifests),
		TEST(adds_up_lists_of_one_source),
		TEST(prefers_flag_then_environment_then_file),
		TEST(names_what_is_wrong_in_the_file),
		TEST(names_what_is_wrong_on_the_command_line),
		TEST(asks_for_a_missing_value),
		TEST(help_wins_over_mistakes),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
