/* Results of ebs-csi-bench as files: what is written reads back, what is damaged is
 * refused with the place named, and a full disk leaves nothing half. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "bench/file.h"
#include "bench/metrics.h"
#include "bench/result_json.h"
#include "bench_fixture.h"

static void document_of(struct buf *b, const struct bench_result *r)
{
	buf_init(b, BENCH_FILE_MAX);
	bench_json_write(b, r);
	assert_false(b->overflow);
}

static void what_is_written_reads_back(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		struct bench_result *r = fixtures[i](), *back;
		struct err err = { 0 };
		struct buf first, second;

		document_of(&first, r);
		back = bench_json_read(buf_view(&first), &err);
		assert_string_equal(err_msg(&err), "");
		document_of(&second, back);
		assert_string_equal(buf_cstr(&first), buf_cstr(&second));
		assert_int_equal(back->nruns, r->nruns);
		bench_result_free(back);
		bench_result_free(r);
		buf_fini(&first);
		buf_fini(&second);
	}
}

static void reading_back_keeps_what_is_unknown(void **state)
{
	struct bench_result *r = fixture_unmeasured(), *back;
	struct buf text;

	hist_start(&r->runs[0]->driver_lag);
	document_of(&text, r);
	back = bench_json_read(buf_view(&text), NULL);
	assert_non_null(back);
	for (int i = 0; i < BENCH_FIGURES; i++)
		assert_false(back->runs[0]->figures[i].known);
	assert_true(back->runs[0]->driver_lag.measured);
	assert_false(back->runs[0]->generator_lag.measured);
	assert_false(back->runs[0]->ec2_known);
	assert_false(back->runs[0]->leaks_known);
	assert_string_equal(bench_texts_get(&back->runs[0]->unmeasured, "EC2 calls"),
			    "no --sim was given");
	bench_result_free(back);
	bench_result_free(r);
	buf_fini(&text);
}

static void the_summary_is_there_for_other_programs(void **state)
{
	struct bench_result *r = fixture_full();
	struct buf text;
	json_t *doc, *p99, *missing;

	document_of(&text, r);
	doc = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(doc);
	p99 = json_object_get(json_object_get(doc, "summary"), "makespan_s");
	assert_int_equal(json_integer_value(json_object_get(p99, "runs")), 3);
	assert_true(json_number_value(json_object_get(p99, "median")) == 204.125);
	assert_string_equal(json_string_value(json_object_get(p99, "better")), "lower");
	missing = json_object_get(json_object_get(doc, "summary"), "fds_max");
	assert_true(json_is_null(json_object_get(missing, "median")));
	json_decref(doc);
	bench_result_free(r);
	buf_fini(&text);
}

/* ---- damage ---- */

/* Follows "runs[0].rpcs.X" style paths: steps separated by '/'. */
static json_t *walk(json_t *v, const char *path)
{
	struct str rest = str_c(path);

	while (rest.p && rest.n) {
		struct str step = str_cut(&rest, '/');
		auto_free char *key = xstrndup(step.p, step.n);

		v = json_is_array(v) ? json_array_get(v, (size_t)atoi(key))
				     : json_object_get(v, key);
	}
	return v;
}

static const struct damage {
	const char *at, *key, *value, *said;
} damages[] = {
	{ "", "format", "\"else\"", "format: not a result of ebs-csi-bench" },
	{ "", "format", "7", "format: not a result of ebs-csi-bench" },
	{ "", "version", "2", "version: 2 is newer than this ebs-csi-bench" },
	{ "", "version", "0", "version: 0 is not known" },
	{ "", "version", "\"1\"", "version: a text, expected a whole number from 0" },
	{ "", "scenario", "null", "scenario: null, expected a text" },
	{ "", "loop", "\"spiral\"", "loop: \"spiral\", expected open, closed or unknown" },
	{ "", "driver", "3", "driver: a number, expected a text" },
	{ "", "machine", "[]", "machine: a list, expected an object" },
	{ "machine", "cpus", "2", "machine.cpus: a number, expected a text" },
	{ "", "runs", "{}", "runs: an object, expected a list" },
	{ "", "runs", "[1]", "runs[0]: a number, expected an object" },
	{ "", "budgets", "[{\"metric\":\"x\"}]", "budgets[0].at_most: expected a number" },
	{ "runs/1", "started", "\"yesterday\"", "runs[1].started: \"yesterday\" is not a time" },
	{ "runs/1", "figures", "null", "runs[1].figures: null, expected an object" },
	{ "runs/1/figures", "rss_peak", "\"big\"", "runs[1].figures.rss_peak: a text, expected" },
	{ "runs/0/rpcs", "CreateVolume", "1", "runs[0].rpcs.CreateVolume: a number" },
	{ "runs/0/rpcs/CreateVolume", "response", "1",
	  "runs[0].rpcs.CreateVolume.response: a number, expected an object, or null" },
	{ "runs/0/rpcs/CreateVolume/response", "count", "1",
	  "runs[0].rpcs.CreateVolume.response.count: 1, but the buckets hold 1000 samples" },
	{ "runs/0/rpcs/CreateVolume/response", "min", "0",
	  "runs[0].rpcs.CreateVolume.response.max: min 0 and max" },
	{ "runs/0/rpcs/CreateVolume/response", "buckets", "[[257,1000]]",
	  "runs[0].rpcs.CreateVolume.response.buckets[0]: [257, 1000] is no bucket" },
	{ "runs/0/rpcs/CreateVolume/response", "buckets", "[[1,2,3]]",
	  "runs[0].rpcs.CreateVolume.response.buckets[0]: a list, expected [lowest value" },
	{ "runs/0/rpcs/CreateVolume/response", "buckets", "[[1,-5]]",
	  "runs[0].rpcs.CreateVolume.response.buckets[0]: negative" },
	{ "runs/0/rpcs/CreateVolume/response", "buckets",
	  "[[1,9223372036854775807],[2,9223372036854775807],[3,2]]",
	  "runs[0].rpcs.CreateVolume.response.buckets[2]: [3, 2] is no bucket" },
	{ "runs/0/rpcs/CreateVolume/response", "buckets", "[[1,500],[1,500]]",
	  "runs[0].rpcs.CreateVolume.response.buckets[1]: [1, 500] is no bucket" },
	{ "runs/0/rpcs/CreateVolume/codes", "Fine", "1",
	  "runs[0].rpcs.CreateVolume.codes.Fine: is the name of no gRPC code" },
	{ "runs/0/rpcs/CreateVolume/codes", "OK", "1.5",
	  "runs[0].rpcs.CreateVolume.codes.OK: a number, expected a whole number" },
	{ "runs/2/ec2/AttachVolume", "throttled", "true",
	  "runs[2].ec2.AttachVolume.throttled: true or false" },
	{ "runs/0/leaks", "count", "4", "runs[0].leaks.named: 0 texts for a count of 4" },
	{ "runs/0/timeline", "points", "601", "runs[0].timeline.points: 601 of 400 ms" },
	{ "runs/0/timeline", "step_ms", "0", "runs[0].timeline.points: 510 of 0 ms" },
	{ "runs/0/timeline/columns/3", "values", "[]",
	  "runs[0].timeline.columns[3].values: 0 of them, expected 510" },
	{ "runs/0/timeline", "columns", "[0]", "runs[0].timeline.columns[0]: a number" },
};

static void damage_is_named(void **state)
{
	struct bench_result *r = fixture_full();
	struct buf text;

	document_of(&text, r);
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		const struct damage *d = &damages[i];
		json_t *doc = json_loadb(text.data, text.len, 0, NULL);
		struct err err = { 0 };
		char *dump;

		json_object_set_new(walk(doc, d->at), d->key,
				    json_loads(d->value, JSON_DECODE_ANY, NULL));
		dump = json_dumps(doc, JSON_COMPACT);
		assert_null(bench_json_read(str_c(dump), &err));
		if (strncmp(err_msg(&err), d->said, strlen(d->said)) != 0)
			fail_msg("%s: said \"%s\"", d->said, err_msg(&err));
		err_fini(&err);
		free(dump);
		json_decref(doc);
	}
	buf_fini(&text);
	bench_result_free(r);
}

static void a_missing_key_is_named(void **state)
{
	struct bench_result *r = fixture_full();
	struct err err = { 0 };
	struct buf text;
	json_t *doc;
	char *dump;

	document_of(&text, r);
	doc = json_loadb(text.data, text.len, 0, NULL);
	json_object_del(walk(doc, "runs/0/timeline"), "step_ms");
	dump = json_dumps(doc, 0);
	assert_null(bench_json_read(str_c(dump), &err));
	assert_string_equal(err_msg(&err), "runs[0].timeline.step_ms: missing, expected a whole "
					   "number from 0");
	err_fini(&err);
	free(dump);
	json_decref(doc);
	buf_fini(&text);
	bench_result_free(r);
}

static void every_cut_is_refused(void **state)
{
	struct bench_result *r = fixture_one_sample();
	struct buf text;

	document_of(&text, r);
	for (size_t n = 0; n + 2 < text.len; n += n / 50 + 1) {
		struct err err = { 0 };

		assert_null(bench_json_read(str_n(text.data, n), &err));
		assert_non_null(strstr(err_msg(&err), "bad JSON at line"));
		err_fini(&err);
	}
	buf_fini(&text);
	bench_result_free(r);
}

static void unknown_keys_are_passed_over(void **state)
{
	struct bench_result *r = fixture_one_sample(), *back;
	struct err err = { 0 };
	struct buf text;
	json_t *doc;
	char *dump;

	document_of(&text, r);
	doc = json_loadb(text.data, text.len, 0, NULL);
	json_object_set_new(doc, "weather", json_string("fine"));
	json_object_set_new(walk(doc, "runs/0/figures"), "fans", json_integer(3));
	json_object_set_new(walk(doc, "runs/0/timeline/columns/0"), "plot", json_string("fans"));
	dump = json_dumps(doc, 0);
	back = bench_json_read(str_c(dump), &err);
	assert_string_equal(err_msg(&err), "");
	assert_int_equal(back->runs[0]->timeline.ncolumns, 0);
	bench_result_free(back);
	free(dump);
	json_decref(doc);
	buf_fini(&text);
	bench_result_free(r);
}

/* ---- files ---- */

struct folder {
	char path[32];
	char file[64];
};

static int make_folder(void **state)
{
	struct folder *f = xcalloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/bench-json-XXXXXX");
	*state = f;
	if (!mkdtemp(f->path))
		return -1;
	snprintf(f->file, sizeof(f->file), "%s/r.json", f->path);
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;

	unlink(f->file);
	rmdir(f->path);
	free(f);
	return 0;
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void a_file_is_saved_and_loaded(void **state)
{
	struct folder *f = *state;
	struct bench_result *r = fixture_full(), *back;
	struct err err = { 0 };
	struct stat st;

	assert_int_equal(bench_json_save(r, f->file, &err), 0);
	assert_int_equal(bench_json_save(r, f->file, &err), 0);	/* replaces */
	assert_int_equal(entries(f->path), 1);
	assert_int_equal(stat(f->file, &st), 0);
	assert_int_equal(st.st_mode & 0700, 0600);
	back = bench_json_load(f->file, &err);
	assert_non_null(back);
	bench_result_free(back);
	bench_result_free(r);
}

static void a_link_stays_a_link(void **state)
{
	struct folder *f = *state;
	struct bench_result *r = fixture_no_runs();
	auto_free char *link = xasprintf("%s/link", f->path);
	struct err err = { 0 };
	struct stat st;

	assert_int_equal(bench_json_save(r, f->file, &err), 0);
	assert_int_equal(symlink("r.json", link), 0);
	assert_int_equal(bench_json_save(r, link, &err), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(link);
	bench_result_free(r);
}

static void a_full_device_is_told(void **state)
{
	struct bench_result *r = fixture_full();
	struct err err = { 0 };

	if (access("/dev/full", W_OK) < 0)
		skip();
	assert_int_equal(bench_json_save(r, "/dev/full", &err), -1);
	assert_string_equal(err_msg(&err), "/dev/full: cannot write it: No space left on device");
	err_fini(&err);
	bench_result_free(r);
}

static void a_full_disk_keeps_the_old_file(void **state)
{
	struct folder *f = *state;
	struct bench_result *small = fixture_no_runs(), *large = fixture_full(), *back;
	struct rlimit old, few = { 4096, 4096 };
	struct err err = { 0 };

	assert_int_equal(bench_json_save(small, f->file, &err), 0);
	getrlimit(RLIMIT_FSIZE, &old);
	few.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &few);
	assert_int_equal(bench_json_save(large, f->file, &err), -1);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(err_msg(&err), "nothing of it was kept"));
	err_fini(&err);
	assert_int_equal(entries(f->path), 1);
	back = bench_json_load(f->file, &err);
	assert_non_null(back);
	assert_string_equal(back->scenario, "nothing");
	bench_result_free(back);
	bench_result_free(small);
	bench_result_free(large);
}

static void what_is_no_file_is_told(void **state)
{
	struct folder *f = *state;
	struct bench_result *r = fixture_no_runs();
	struct err err = { 0 };

	assert_int_equal(bench_json_save(r, f->path, &err), -1);
	assert_non_null(strstr(err_msg(&err), ": cannot write it: Is a directory"));
	assert_int_equal(bench_json_save(r, "/nonexistent/r.json", &err), -1);
	assert_non_null(strstr(err_msg(&err), "/nonexistent/r.json: cannot create a file"));
	assert_null(bench_json_load("/nonexistent/r.json", &err));
	assert_non_null(strstr(err_msg(&err), "/nonexistent/r.json: cannot open it"));
	assert_null(bench_json_load(f->path, &err));
	assert_null(bench_json_load("/dev/null", &err));
	assert_string_equal(err_msg(&err), "/dev/null: bad JSON at line 1, column 0: '[' or '{' "
					   "expected near end of file (the file is empty)");
	err_fini(&err);
	bench_result_free(r);
}

static void too_large_a_file_is_refused(void **state)
{
	struct err err = { 0 };

	assert_null(bench_json_load("/dev/zero", &err));
	assert_string_equal(err_msg(&err), "/dev/zero: larger than the 64 MiB a result may have");
	err_fini(&err);
}

/* ---- metrics ---- */

static double median(const struct metrics *m, const char *path)
{
	struct fig f = metrics_median(m, path);

	assert_true(f.known);
	return f.v;
}

static void what_follows_is_computed(void **state)
{
	struct bench_result *r = bench_result_new("one");
	struct metrics m;

	fixture_run(r, 1, 1);
	metrics_of(r, &m);
	assert_true(median(&m, "makespan_over_optimum") == 204.125 / 200);
	assert_true(median(&m, "cpu_s") > 1.1999 && median(&m, "cpu_s") < 1.2001);
	assert_true(median(&m, "cpu_per_lifecycle_ms") > 1.1999);
	assert_true(median(&m, "rss_per_operation") == 8.5 * 1048576 / 1000);
	assert_true(median(&m, "ec2_calls") == 4419);
	assert_true(median(&m, "ec2_mutating_per_lifecycle") == 4.009);
	assert_true(median(&m, "ec2_describe_per_lifecycle") == 0.41);
	assert_true(fabs(median(&m, "throttled_share") - 100.0 * 9 / 4009) < 1e-9);
	assert_true(median(&m, "rpcs") == 4040);
	assert_true(median(&m, "rpc_retries") == 40);
	assert_true(median(&m, "rpc_timeouts") == 12);
	assert_true(median(&m, "leaks") == 0);
	assert_true(median(&m, "ec2.AttachVolume.calls") == 1006);
	assert_true(median(&m, "rpc.DeleteVolume.attempts.mean") == 1.01);
	assert_null(metrics_find(&m, "rpc.NoSuch.calls"));
	metrics_fini(&m);
	bench_result_free(r);
}

static void nothing_follows_from_the_unknown(void **state)
{
	struct bench_result *r = fixture_unmeasured();
	struct metrics m;

	metrics_of(r, &m);
	assert_true(m.n > 20);
	for (size_t i = 0; i < m.n; i++)
		assert_int_equal(m.items[i].n, 0);
	metrics_fini(&m);
	bench_result_free(r);
}

static void repetitions_give_min_median_max(void **state)
{
	struct bench_result *r = bench_result_new("four");
	static const double spans[] = { 30, 10, 20, 40 };
	const struct metric *x;
	struct metrics m;

	for (int i = 0; i < 4; i++)
		bench_run_set(bench_result_add_run(r, 0), BENCH_makespan_s, spans[i]);
	bench_result_add_run(r, 0);	/* one that did not get there */
	metrics_of(r, &m);
	x = metrics_find(&m, "makespan_s");
	assert_int_equal(x->n, 4);
	assert_true(metric_min(x).v == 10);
	assert_true(metric_median(x).v == 25);
	assert_true(metric_max(x).v == 40);
	metrics_fini(&m);
	bench_result_free(r);
}

static void budgets_are_read_and_judged(void **state)
{
	static const char *const bad[] = { "", "<=3", "x<3", "x=3", "x<=", "x<=abc", "x>=1s" };
	struct bench_result *r = bench_result_new("one");
	struct err err = { 0 };
	struct metrics m;
	struct fig v;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(metrics_parse_budget(r, bad[i], &err), -1);
	assert_string_equal(err_msg(&err), "budget \"x>=1s\": \"1s\" is not a number");
	err_fini(&err);
	assert_int_equal(r->nbudgets, 0);
	fixture_run(r, 1, 1);
	assert_int_equal(metrics_parse_budget(r, "makespan_s<=204.125", &err), 0);
	assert_int_equal(metrics_parse_budget(r, "makespan_s>=204.126", &err), 0);
	assert_int_equal(metrics_parse_budget(r, "fds_max<=9", &err), 0);
	metrics_of(r, &m);
	assert_int_equal(metrics_judge(&m, &r->budgets[0], &v), BUDGET_MET);
	assert_int_equal(metrics_judge(&m, &r->budgets[1], &v), BUDGET_MISSED);
	assert_true(v.v == 204.125);
	assert_int_equal(metrics_judge(&m, &r->budgets[2], &v), BUDGET_UNKNOWN);
	metrics_fini(&m);
	bench_result_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(reading_back_keeps_what_is_unknown),
		cmocka_unit_test(the_summary_is_there_for_other_programs),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(a_missing_key_is_named),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(unknown_keys_are_passed_over),
		cmocka_unit_test_setup_teardown(a_file_is_saved_and_loaded, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_link_stays_a_link, make_folder, remove_folder),
		cmocka_unit_test(a_full_device_is_told),
		cmocka_unit_test_setup_teardown(a_full_disk_keeps_the_old_file, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_told, make_folder, remove_folder),
		cmocka_unit_test(too_large_a_file_is_refused),
		cmocka_unit_test(what_follows_is_computed),
		cmocka_unit_test(nothing_follows_from_the_unknown),
		cmocka_unit_test(repetitions_give_min_median_max),
		cmocka_unit_test(budgets_are_read_and_judged),
	};

	return cmocka_run_group_tests_name("bench_json", tests, NULL, NULL);
}
