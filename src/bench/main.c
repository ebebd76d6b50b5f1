/* ebs-csi-bench: load for any CSI driver of EBS, and reports of what it took. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/file.h"
#include "bench/html.h"
#include "bench/metrics.h"
#include "bench/report_main.h"
#include "bench/result_json.h"
#include "bench/run.h"
#include "bench/table.h"

#define REPORT_MAX (64u << 20)

enum { EXIT_GOOD, EXIT_BAD, EXIT_PARTIAL };

static struct interrupt interrupted;

static void help(FILE *out)
{
	fputs("usage: ebs-csi-bench SCENARIO OPTION...\n"
	      "       ebs-csi-bench show | compare | table ...\n\n"
	      "scenarios:\n"
	      "  churn   life cycles of volumes: create, publish, unpublish, delete\n"
	      "  node    the same with stage, mount, unmount and unstage on a node\n"
	      "  flood   one RPC without arguments, again and again\n"
	      "  idle    nothing at all: memory, CPU and wake-ups of an idle driver\n"
	      "  start   from the start of a driver to its first answer\n\n"
	      "options:\n", out);
	bench_options_help(out);
	fputs("\nreports:\n", out);
	bench_report_help(out);
}

static void on_signal(int sig)
{
	(void)sig;
	if (interrupted.asked)
		_exit(130);	/* the second time: at once */
	interrupted.asked = true;
	if (interrupted.bench)
		interrupted.bench->interrupted = true;
}

static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- the result ---- */

static void describe_load(struct bench_result *r, const struct bench_options *o)
{
	struct bench_texts *p = &r->parameters;

	if (o->count)
		bench_texts_setf(p, "count", "%llu", (unsigned long long)o->count);
	if (o->for_ms)
		bench_texts_setf(p, "for", "%lld ms", (long long)o->for_ms);
	if (o->open)
		bench_texts_setf(p, "arrivals", "%g to %g a second within %lld ms", o->rate.from,
				 o->rate.to, (long long)o->rate.over_ms);
	else if (o->scenario != SCENARIO_IDLE && o->scenario != SCENARIO_START)
		bench_texts_setf(p, "in flight", "%llu", (unsigned long long)o->in_flight);
	if (o->scenario == SCENARIO_FLOOD)
		bench_texts_set(p, "rpc", o->rpc);
	if (o->scenario != SCENARIO_CHURN && o->scenario != SCENARIO_NODE)
		return;
	bench_texts_setf(p, "workers", "%llu", (unsigned long long)o->workers);
	bench_texts_set(p, "order", o->phases ? "phases" : "flow");
	bench_texts_setf(p, "hold", "%lld..%lld ms", (long long)o->hold.low,
			 (long long)(o->hold.kind == SPAN_UNIFORM ? o->hold.high : o->hold.low));
}

static struct bench_result *new_result(const struct bench_options *o, struct err *err)
{
	const char *scenario = bench_scenario_name(o->scenario);
	struct bench_result *r = bench_result_new(o->name ? o->name : scenario);

	r->loop = o->open ? BENCH_OPEN_LOOP : BENCH_CLOSED_LOOP;
	describe_load(r, o);
	bench_result_this_machine(r);
	bench_result_driver(r, o->driver);
	bench_texts_set(&r->versions, "ebs-csi-bench", BENCH_VERSION);
	for (size_t i = 0; i < o->n_budgets; i++)
		if (metrics_parse_budget(r, o->budgets[i], err) < 0) {
			bench_result_free(r);
			return NULL;
		}
	return r;
}

/* ---- reports ---- */

static int save(const struct bench_result *r, const struct bench_options *o, struct err *err)
{
	struct buf page;
	int rc = o->json ? bench_json_save(r, o->json, err) : 0;

	if (!o->html || rc < 0)
		return rc;
	buf_init(&page, REPORT_MAX);
	html_result(&page, r);
	rc = bench_file_write(o->html, &page, err);
	buf_fini(&page);
	return rc;
}

static void print_table(const struct bench_result *r)
{
	struct buf text;

	buf_init(&text, REPORT_MAX);
	bench_table_write(&text, r);
	fwrite(buf_cstr(&text), 1, text.len, stdout);
	buf_fini(&text);
}

/* Standard output is for one thing. */
static bool wants_table(const struct bench_options *o)
{
	return !o->quiet && !cstr_eq(o->json, "-") && !cstr_eq(o->html, "-");
}

/* 0 also when a budget is missed: the table says so. A failed one has its files, marked
 * as partial, but no table of what there is not. */
static int report(const struct bench_result *r, const struct bench_options *o, bool failed)
{
	struct err err = {0};
	int rc = failed ? EXIT_BAD : EXIT_GOOD;

	if (wants_table(o) && (!failed || r->nruns > 1))
		print_table(r);
	if (save(r, o, &err) < 0) {
		fprintf(stderr, "ebs-csi-bench: %s\n", err_msg(&err));
		err_fini(&err);
		rc = EXIT_BAD;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "ebs-csi-bench: writing the table: %s\n", strerror(errno));
		rc = EXIT_BAD;
	}
	if (bench_result_partial(r) && !failed) {
		fprintf(stderr, "ebs-csi-bench: the result is partial: %s\n",
			bench_result_partial(r));
		rc = rc == EXIT_BAD ? rc : EXIT_PARTIAL;
	}
	return rc;
}

static int run(const struct bench_options *o, struct err *err)
{
	struct bench_result *r = new_result(o, err);
	int rc = 0, status;

	if (!r)
		return EXIT_BAD;
	for (uint64_t i = 0; i < o->repeat && rc == 0 && !interrupted.asked; i++)
		rc = bench_run_once(r, o, &interrupted, err);
	if (rc < 0)
		bench_run_partial(r->runs[r->nruns - 1], "%s", err_msg(err));
	status = report(r, o, rc < 0);
	bench_result_free(r);
	return status;
}

int main(int argc, char **argv)
{
	struct bench_options o = {0};
	struct err err = {0};
	int status = EXIT_BAD;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		help(argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_BAD : EXIT_GOOD;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("ebs-csi-bench " BENCH_VERSION);
		return EXIT_GOOD;
	}
	if (bench_report_is_verb(argv[1]))
		return bench_report_main(argc - 1, argv + 1);
	if (bench_scenario_find(argv[1]) < 0)
		err_set(&err, GRPC_INVALID_ARGUMENT,
			"no scenario or report is called \"%s\"; see --help", argv[1]);
	else if (bench_options_parse(argc - 1, argv + 1, &o, &err) == 0) {
		catch_signals();
		status = run(&o, &err);
	}
	if (err_is_set(&err))
		fprintf(stderr, "ebs-csi-bench: %s\n", err_msg(&err));
	err_fini(&err);
	bench_options_fini(&o);
	return status;
}
