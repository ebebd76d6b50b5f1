/* show, compare and table as they are called: what they print, and what they say of
 * bad use and bad files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "bench/file.h"
#include "bench/report_main.h"
#include "bench/result_json.h"
#include "bench_fixture.h"

struct folder {
	char path[32];
	char out[64], err[64], page[64], a[64], b[64], other[64];
	char *text;	/* what the last call printed, output then complaints */
};

static void save(struct bench_result *r, const char *path)
{
	assert_int_equal(bench_json_save(r, path, NULL), 0);
	bench_result_free(r);
}

static int make_folder(void **state)
{
	struct folder *f = xcalloc(1, sizeof(*f));

	snprintf(f->path, sizeof(f->path), "/tmp/bench-verbs-XXXXXX");
	*state = f;
	if (!mkdtemp(f->path))
		return -1;
	snprintf(f->out, sizeof(f->out), "%s/out", f->path);
	snprintf(f->err, sizeof(f->err), "%s/err", f->path);
	snprintf(f->page, sizeof(f->page), "%s/page.html", f->path);
	snprintf(f->a, sizeof(f->a), "%s/a.json", f->path);
	snprintf(f->b, sizeof(f->b), "%s/b.json", f->path);
	snprintf(f->other, sizeof(f->other), "%s/other.json", f->path);
	save(fixture_full(), f->a);
	save(fixture_full(), f->b);
	save(fixture_one_sample(), f->other);
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;

	unlink(f->out);
	unlink(f->err);
	unlink(f->page);
	unlink(f->a);
	unlink(f->b);
	unlink(f->other);
	rmdir(f->path);
	free(f->text);
	free(f);
	return 0;
}

static int redirect(int fd, const char *path)
{
	int old = dup(fd), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	fflush(NULL);
	dup2(to, fd);
	close(to);
	return old;
}

static void restore(int fd, int old)
{
	fflush(NULL);
	dup2(old, fd);
	close(old);
}

/* Calls with the words given, up to NULL; returns the exit status. */
static int call(struct folder *f, ...)
{
	char *argv[16] = { NULL };
	struct buf text;
	int argc = 0, status, out, err;
	va_list ap;

	va_start(ap, f);
	while ((argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	out = redirect(STDOUT_FILENO, f->out);
	err = redirect(STDERR_FILENO, f->err);
	status = bench_report_main(argc, argv);
	restore(STDOUT_FILENO, out);
	restore(STDERR_FILENO, err);
	buf_init(&text, 16u << 20);
	assert_int_equal(bench_file_read(f->out, &text, NULL), 0);
	assert_int_equal(bench_file_read(f->err, &text, NULL), 0);
	free(f->text);
	f->text = buf_take(&text);
	return status;
}

static void has(const struct folder *f, const char *part)
{
	if (!strstr(f->text, part))
		fail_msg("\"%s\" is not in:\n%s", part, f->text);
}

static void show_prints_the_table(void **state)
{
	struct folder *f = *state;

	assert_int_equal(call(f, "show", f->a, NULL), 0);
	has(f, "scenario   \"burst\", 3 runs");
}

static void show_writes_json_and_pages(void **state)
{
	struct folder *f = *state;
	auto_free char *html = xasprintf("--html=%s", f->page);

	assert_int_equal(call(f, "show", "--json", f->a, NULL), 0);
	has(f, "\"format\": \"ebs-csi-bench result\"");
	assert_int_equal(call(f, "show", f->a, html, NULL), 0);
	assert_string_equal(f->text, "");
	assert_int_equal(access(f->page, R_OK), 0);
}

static void compare_prints_both(void **state)
{
	struct folder *f = *state;
	auto_free char *html = xasprintf("--html=%s", f->page);

	assert_int_equal(call(f, "compare", f->a, f->b, NULL), 0);
	has(f, "ebs-csi-bench compare");
	has(f, "make-span");
	assert_int_equal(call(f, "compare", "--all", html, f->a, f->b, f->b, NULL), 0);
	assert_int_equal(access(f->page, R_OK), 0);
}

static void compare_wants_one_scenario(void **state)
{
	struct folder *f = *state;

	assert_int_equal(call(f, "compare", f->a, f->other, NULL), 1);
	has(f, "(--force compares them anyway)");
	assert_int_equal(call(f, "compare", "--force", f->a, f->other, NULL), 0);
}

static void table_makes_rows(void **state)
{
	struct folder *f = *state;

	assert_int_equal(call(f, "table", "--markdown", "--metric=leaks", f->a, NULL), 0);
	has(f, "| leaks | 0 |");
	assert_int_equal(call(f, "table", f->a, f->other, NULL), 0);
	has(f, "\"single\", 1 run");
	assert_int_equal(call(f, "table", "--markdown", "--metric=moon", f->a, NULL), 1);
	has(f, "no result has a metric \"moon\"");
}

static void bad_use_is_told(void **state)
{
	struct folder *f = *state;

	assert_int_equal(call(f, "show", NULL), 1);
	has(f, "ebs-csi-bench: usage: ebs-csi-bench show [--html=FILE] [--json] RESULT");
	assert_int_equal(call(f, "show", f->a, f->b, NULL), 1);
	assert_int_equal(call(f, "compare", f->a, NULL), 1);
	has(f, "usage: ebs-csi-bench compare");
	assert_int_equal(call(f, "compare", "--wrong", f->a, f->b, NULL), 1);
	assert_int_equal(call(f, "table", "--html", NULL), 1);
}

static void bad_files_are_told(void **state)
{
	struct folder *f = *state;

	assert_int_equal(call(f, "show", "/nonexistent.json", NULL), 1);
	has(f, "ebs-csi-bench: /nonexistent.json: cannot open it: No such file or directory\n");
	assert_int_equal(call(f, "show", f->a, "--html=/nonexistent/x.html", NULL), 1);
	has(f, "ebs-csi-bench: /nonexistent/x.html: cannot create a file in its folder");
}

static void a_full_output_is_told(void **state)
{
	struct folder *f = *state;
	char verb[] = "show", *argv[] = { verb, f->a, NULL };
	int out, err, status;

	if (access("/dev/full", W_OK) < 0)
		skip();
	out = redirect(STDOUT_FILENO, "/dev/full");
	err = redirect(STDERR_FILENO, f->err);
	status = bench_report_main(2, argv);
	restore(STDOUT_FILENO, out);
	restore(STDERR_FILENO, err);
	assert_int_equal(status, 1);
}

static void verbs_are_known(void **state)
{
	assert_true(bench_report_is_verb("show"));
	assert_true(bench_report_is_verb("compare"));
	assert_true(bench_report_is_verb("table"));
	assert_false(bench_report_is_verb("churn"));
	assert_false(bench_report_is_verb(""));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(show_prints_the_table),	 WITH_FOLDER(show_writes_json_and_pages),
		WITH_FOLDER(compare_prints_both),	 WITH_FOLDER(compare_wants_one_scenario),
		WITH_FOLDER(table_makes_rows),		 WITH_FOLDER(bad_use_is_told),
		WITH_FOLDER(bad_files_are_told),	 WITH_FOLDER(a_full_output_is_told),
		cmocka_unit_test(verbs_are_known),
	};

	return cmocka_run_group_tests_name("bench_verbs", tests, NULL, NULL);
}
