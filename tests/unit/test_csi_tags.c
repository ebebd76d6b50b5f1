/* Tags of a volume: precedence, reserved keys, EC2's bounds, templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "csi/tags.h"
#include "csi/template.h"

struct fixture {
	struct arena arena;
	struct tag_rules rules;
	struct params p;
	struct ec2_tags tags;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->rules.driver = "ebs.csi.aws.com";
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_fini(&f->arena);
	err_fini(&f->err);
	free(f);
	return 0;
}

static void want_tags(struct fixture *f, const char **specs, size_t n)
{
	f->p.tags.v = specs;
	f->p.tags.n = n;
}

static int build(struct fixture *f)
{
	return tags_of_volume(&f->rules, &f->arena, "pvc-1", &f->p, &f->tags, &f->err);
}

/* All tags as "k=v k=v", in their order. */
static const char *all(struct fixture *f)
{
	const char *s = "";

	for (size_t i = 0; i < f->tags.n; i++)
		s = arena_printf(&f->arena, "%s%s%s=%s", s, i ? " " : "", f->tags.v[i].key,
				 f->tags.v[i].value);
	return s;
}

static void assert_refused(struct fixture *f, int rc, const char *text)
{
	assert_int_equal(rc, -1);
	assert_int_equal(f->err.code, GRPC_INVALID_ARGUMENT);
	if (!strstr(err_msg(&f->err), text))
		fail_msg("\"%s\" is not in \"%s\"", text, err_msg(&f->err));
}

static void the_least(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(build(f), 0);
	assert_string_equal(all(f), "CSIVolumeName=pvc-1 ebs.csi.aws.com/cluster=true");
}

static void everything_sorted(void **state)
{
	struct fixture *f = *state;
	const char *specs[] = { "z={{ .PVCName }}", "Name=mine" };

	f->rules.cluster_id = "c1";
	f->p.iops_per_gb = 7;
	f->p.keep_ratio = NO;
	f->p.pvc_name = "claim";
	f->p.pvc_namespace = "ns";
	f->p.pv_name = "pv";
	want_tags(f, specs, 2);
	assert_int_equal(build(f), 0);
	assert_string_equal(all(f),
		"CSIVolumeName=pvc-1 KubernetesCluster=c1 Name=mine "
		"ebs.csi.aws.com/AllowAutoIOPSIncreaseOnModify=false "
		"ebs.csi.aws.com/IOPSPerGb=7 ebs.csi.aws.com/cluster=true "
		"ebs.csi.aws.com/cluster-name=c1 kubernetes.io/cluster/c1=owned "
		"kubernetes.io/created-for/pv/name=pv kubernetes.io/created-for/pvc/name=claim "
		"kubernetes.io/created-for/pvc/namespace=ns z=claim");
}

static void cluster_name_without_class(void **state)
{
	struct fixture *f = *state;

	f->rules.cluster_id = "c1";
	assert_int_equal(build(f), 0);
	assert_non_null(strstr(all(f), "Name=c1-dynamic-pvc-1"));
}

static void extra_tags_win(void **state)
{
	struct fixture *f = *state;
	const char *specs[] = { "a=class", "b=class", "b=later" };

	assert_int_equal(tags_parse_extra(&f->rules, &f->arena, "a=extra, c={{ .PVName }}",
					  &f->err), 0);
	f->p.pv_name = "pv";
	want_tags(f, specs, 3);
	assert_int_equal(build(f), 0);
	assert_string_equal(all(f), "CSIVolumeName=pvc-1 a=extra b=later c=pv "
				    "ebs.csi.aws.com/cluster=true "
				    "kubernetes.io/created-for/pv/name=pv");
}

static void reserved_keys(void **state)
{
	static const char *const reserved[] = {
		"CSIVolumeName", "CSIVolumeSnapshotName", "ebs.csi.aws.com/cluster-name",
		"ebs.csi.aws.com/cluster", "ebs.csi.aws.com/IOPSPerGb", "kubernetes.io/cluster",
		"kubernetes.ioX", "aws:x",
	};
	static const char *const allowed[] = { "Name", "KubernetesCluster", "extra-tag-key",
					       "csivolumename", "ebs.csi.aws.com" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		const char *spec = arena_printf(&f->arena, "%s=v", reserved[i]);

		want_tags(f, &spec, 1);
		assert_refused(f, build(f), reserved[i]);
		assert_refused(f, tags_parse_extra(&f->rules, &f->arena, spec, &f->err),
			       reserved[i]);
		f->rules.extra.n = 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		assert_int_equal(tags_check_key("ebs.csi.aws.com", allowed[i], &f->err), 0);
	assert_int_equal(tags_check_key("my.driver", "my.driver/x", &f->err), -1);
	assert_int_equal(tags_check_key("my.driver", "ebs.csi.aws.com/x", &f->err), 0);
}

static void warn_only_drops_what_is_wrong(void **state)
{
	struct fixture *f = *state;
	const char *specs[] = { "CSIVolumeName=x", "f={{ .PVCName }", "ok=1" };
	const char *no_equals[] = { "e" };

	f->rules.warn_only = true;
	want_tags(f, specs, 3);
	assert_int_equal(build(f), 0);
	assert_string_equal(all(f), "CSIVolumeName=pvc-1 ebs.csi.aws.com/cluster=true ok=1");
	want_tags(f, no_equals, 1);
	assert_refused(f, build(f), "has no \"=\"");
}

static void bounds_of_ec2(void **state)
{
	struct fixture *f = *state;
	char key[131], value[259], name[259];
	const char *many[51], *spec;

	memset(key, 'k', sizeof(key));
	key[129] = '\0';
	spec = arena_printf(&f->arena, "%s=v", key);
	want_tags(f, &spec, 1);
	assert_refused(f, build(f), "129 characters");
	spec += 1;
	assert_int_equal(build(f), 0);
	memset(value, 'v', sizeof(value));
	value[257] = '\0';
	spec = arena_printf(&f->arena, "k=%s", value);
	assert_refused(f, build(f), "257 characters");
	value[256] = '\0';
	spec = arena_printf(&f->arena, "k=%s", value);
	assert_int_equal(build(f), 0);
	spec = "=v";
	assert_refused(f, build(f), "0 characters");
	for (size_t i = 0; i < 51; i++)
		many[i] = arena_printf(&f->arena, "t%zu=", i);
	want_tags(f, many, 48);
	assert_int_equal(build(f), 0);
	want_tags(f, many, 49);
	assert_refused(f, build(f), "51 tags");
	want_tags(f, NULL, 0);
	memset(name, 'n', sizeof(name));
	name[257] = '\0';
	assert_refused(f, tags_of_volume(&f->rules, &f->arena, name, &f->p, &f->tags, &f->err),
		       "CSIVolumeName");
}

static void extra_tags_at_the_start(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tags_parse_extra(&f->rules, &f->arena, NULL, &f->err), 0);
	assert_int_equal(tags_parse_extra(&f->rules, &f->arena, "", &f->err), 0);
	assert_int_equal(f->rules.extra.n, 0);
	assert_int_equal(tags_parse_extra(&f->rules, &f->arena, "a=,b=x=y", &f->err), 0);
	assert_string_equal(f->rules.extra.v[0].value, "");
	assert_string_equal(f->rules.extra.v[1].value, "x=y");
	assert_refused(f, tags_parse_extra(&f->rules, &f->arena, "a=1,b", &f->err), "--extra-tags");
	assert_refused(f, tags_parse_extra(&f->rules, &f->arena, "a=1,,b=2", &f->err), "\"=\"");
	assert_refused(f, tags_parse_extra(&f->rules, &f->arena, "=1", &f->err), "0 characters");
}

/* ---- templates ---- */

static const struct template_field fields[] = {
	{ "PVCName", "ebs-claim" },
	{ "PVCNamespace", "ns-prod-abcdef" },
	{ "PVName", NULL },
};

static void templates_that_work(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "a}}b", "a}}b" },
		{ "{ {", "{ {" },
		{ "{{ .PVCName }}", "ebs-claim" },
		{ "{{.PVCName}}-{{.PVName}}", "ebs-claim-" },
		{ "{{ .PVCNamespace | contains \"prod\" }}", "true" },
		{ "{{ .PVCNamespace | contains \"test\" }}", "false" },
		{ "{{ .PVCNamespace | field \"-\" 2 | toUpper }}", "ABCDEF" },
		{ "{{ .PVCNamespace | substring 0 4 }}", "ns-p" },
		{ "{{ substring -1 2 \"abc\" }}", "ab" },
		{ "{{ substring 1 -1 \"abc\" }}", "bc" },
		{ "{{ substring 1 9 \"abc\" }}", "bc" },
		{ "{{ toLower \"ABC\" }}", "abc" },
		{ "{{ index \"-\" .PVCNamespace }} {{ lastIndex \"-\" .PVCNamespace }}", "2 7" },
		{ "{{ index \"x\" .PVCName }} {{ lastIndex \"x\" .PVCName }}", "-1 -1" },
		{ "{{ field \"\" 1 \"a\xc3\xa4" "b\" }}", "\xc3\xa4" },
		{ "{{ field \"--\" 1 \"a--b\" }}", "b" },
		{ "{{ `raw \\n` }}", "raw \\n" },
		{ "{{ \"q\\\"\\\\\" }}", "q\"\\" },
		{ "{{ \"}}\" }}", "}}" },
		{ "{{ 42 }} {{ -7 }} {{ true }}", "42 -7 true" },
		{ "a {{- \"b\" -}} c", "abc" },
		{ "a{{/* nothing */}}b", "ab" },
		{ "a {{- /* nothing */ -}} b", "ab" },
		{ "{{ if .PVName }}x{{ else }}y{{ end }}", "y" },
		{ "{{ if .PVCName }}x{{ else }}y{{ end }}", "x" },
		{ "{{ if eq .PVCName \"a\" \"ebs-claim\" }}hit{{ end }}", "hit" },
		{ "{{ if eq .PVCName \"a\" }}1{{ else if contains \"claim\" .PVCName }}2"
		  "{{ else }}3{{ end }}", "2" },
		{ "{{ if true }}1{{ else if true }}2{{ else }}3{{ end }}", "1" },
		{ "{{ if false }}{{ .Nope }}{{ field \"x\" 9 \"\" }}{{ end }}z", "z" },
		{ "{{ if true }}a{{ if false }}b{{ else }}c{{ end }}d{{ end }}", "acd" },
		{ "{{ if false }}a{{ if true }}b{{ else }}c{{ end }}d{{ else }}e{{ end }}", "e" },
		{ "{{ and .PVCName .PVName }}|{{ or .PVName \"d\" }}|{{ not .PVName }}", "|d|true" },
		{ "{{ ne 1 2 }}", "true" },
		{ "{{ len .PVCName }}", "9" },
		{ "{{ (len .PVCName) }}", "9" },
		{ "{{ eq (len \"ab\") 2 }}", "true" },
		{ "{{ print 1 2 \"a\" 3 }}", "1 2a3" },
		{ "{{ printf \"%s-%d%% %v %q %t\" .PVCName 3 true \"x\" false }}",
		  "ebs-claim-3% true \"x\" false" },
		{ "{{ .PVCName | printf \"<%s>\" }}", "<ebs-claim>" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *out = NULL;

		if (template_eval(&f->arena, rows[i][0], fields, ARRAY_SIZE(fields), &out,
				  &f->err) < 0)
			fail_msg("%s: %s", rows[i][0], err_msg(&f->err));
		assert_string_equal(out, rows[i][1]);
	}
}

static void templates_that_do_not(void **state)
{
	static const char *const rows[] = {
		"{{ .PVCName }", "{{", "{{ }}", "{{ \"a }}", "{{ `a }}", "{{ \"a\nb\" }}",
		"{{ .Unknown }}", "{{ . }}", "{{ .PVCName.x }}", "{{ nosuch 1 }}",
		"{{ .PVCName | html }}", "{{ js \"x\" }}", "{{ call 1 }}", "{{ urlquery \"x\" }}",
		"{{ \"x\" | field \"-\" 1 }}", "{{ field \"-\" -1 \"x\" }}",
		"{{ field \"\" 0 \"\" }}", "{{ field \"\" 2 \"ab\" }}",
		"{{ substring 2 1 \"abc\" }}", "{{ substring 9 20 \"abc\" }}",
		"{{ substring -1 9 \"abc\" }}", "{{ substring \"a\" 1 \"abc\" }}",
		"{{ contains \"a\" }}", "{{ contains 1 \"a\" }}", "{{ toUpper }}",
		"{{ toUpper \"a\" \"b\" }}", "{{ eq 1 \"1\" }}", "{{ eq 1 }}", "{{ not }}",
		"{{ \"a\" \"b\" }}", "{{ 1 | 2 }}", "{{ .PVCName | }}", "{{ | toUpper }}",
		"{{ (len \"a\" }}", "{{ len \"a\") }}", "{{ 1x }}", "{{ 99999999999999999999 }}",
		"{{ if true }}", "{{ end }}", "{{ else }}", "{{ if }}x{{ end }}",
		"{{ if true }}{{ else }}{{ else }}{{ end }}", "{{ end x }}",
		"{{ if true }}{{ else x }}{{ end }}",
		"{{ range .PVCName }}{{ end }}", "{{ with .PVCName }}{{ end }}",
		"{{ $x := 1 }}", "{{ define \"x\" }}{{ end }}", "{{/* open", "{{/* x */ y }}",
		"{{ printf \"%s\" }}", "{{ printf \"%d\" \"x\" }}", "{{ printf \"a\" 1 }}",
		"{{ printf \"%x\" 1 }}", "{{ printf \"%\" }}", "{{ \"\\x41\" }}", "{{ \"\\",
		"{{ toUpper toLower \"x\" }}",
		"{{((((((((((((((((((1))))))))))))))))))}}",
		"{{ print 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 }}",
	};
	struct fixture *f = *state;
	char long_text[TEMPLATE_OUTPUT_MAX + 2];
	const char *out;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (template_eval(&f->arena, rows[i], fields, ARRAY_SIZE(fields), &out,
				  &f->err) == 0)
			fail_msg("%s gave \"%s\"", rows[i], out);
		assert_int_equal(f->err.code, GRPC_INVALID_ARGUMENT);
	}
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(template_eval(&f->arena, long_text, NULL, 0, &out, &f->err), -1);
	assert_int_equal(template_eval(&f->arena, long_text + 1, NULL, 0, &out, &f->err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_least, setup, teardown),
		cmocka_unit_test_setup_teardown(everything_sorted, setup, teardown),
		cmocka_unit_test_setup_teardown(cluster_name_without_class, setup, teardown),
		cmocka_unit_test_setup_teardown(extra_tags_win, setup, teardown),
		cmocka_unit_test_setup_teardown(reserved_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(warn_only_drops_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_of_ec2, setup, teardown),
		cmocka_unit_test_setup_teardown(extra_tags_at_the_start, setup, teardown),
		cmocka_unit_test_setup_teardown(templates_that_work, setup, teardown),
		cmocka_unit_test_setup_teardown(templates_that_do_not, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
