#include "bench/report_main.h"

#include <getopt.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "bench/compare.h"
#include "bench/file.h"
#include "bench/html.h"
#include "bench/markdown.h"
#include "bench/result_json.h"
#include "bench/table.h"

#define METRICS_MAX 256

struct report_options {
	bool force, all, markdown, json;
	const char *html;
	const char *metrics[METRICS_MAX];
	size_t nmetrics;
};

struct report_job {
	struct report_options o;
	char **files;
	struct bench_result **results;
	size_t n;
	struct buf out;
	struct err err;
};

struct report_verb {
	const char *name;
	size_t least, most;	/* files */
	int (*run)(struct report_job *);
	const char *usage;
};

static const struct bench_result *const *results_of(const struct report_job *job)
{
	return (const struct bench_result *const *)job->results;
}

static const char *const *names_of(const struct report_job *job)
{
	return (const char *const *)job->files;
}

static int write_page(struct report_job *job, struct buf *page)
{
	int rc = bench_file_write(job->o.html, page, &job->err);

	buf_fini(page);
	return rc;
}

static int show(struct report_job *job)
{
	struct buf page;

	if (job->o.json)
		bench_json_write(&job->out, job->results[0]);
	else if (!job->o.html)
		bench_table_write(&job->out, job->results[0]);
	if (!job->o.html)
		return 0;
	buf_init(&page, BENCH_FILE_MAX);
	html_result(&page, job->results[0]);
	return write_page(job, &page);
}

static int compare_all(struct report_job *job, const struct compare *c)
{
	struct buf page;

	if (!job->o.html) {
		compare_write(&job->out, c, job->o.all);
		return 0;
	}
	buf_init(&page, BENCH_FILE_MAX);
	html_compare(&page, c, job->o.all);
	return write_page(job, &page);
}

static int compare(struct report_job *job)
{
	struct compare c;
	int rc = compare_init(&c, results_of(job), names_of(job), job->n, job->o.force, &job->err);

	if (rc == 0)
		rc = compare_all(job, &c);
	compare_fini(&c);
	return rc;
}

static int table(struct report_job *job)
{
	if (job->o.markdown)
		return markdown_write(&job->out, results_of(job), names_of(job), job->n,
				      job->o.metrics, job->o.nmetrics, &job->err);
	for (size_t i = 0; i < job->n; i++) {
		buf_adds(&job->out, i ? "\n" : "");
		bench_table_write(&job->out, job->results[i]);
	}
	return 0;
}

static const struct report_verb verbs[] = {
	{ "show", 1, 1, show, "show [--html=FILE] [--json] RESULT" },
	{ "compare", 2, 16, compare, "compare [--all] [--force] [--html=FILE] RESULT RESULT..." },
	{ "table", 1, 64, table, "table [--markdown [--metric=PATH]...] RESULT..." },
};

static const struct report_verb *find_verb(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, word) == 0)
			return &verbs[i];
	}
	return NULL;
}

bool bench_report_is_verb(const char *word)
{
	return find_verb(word) != NULL;
}

void bench_report_help(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(out, "  ebs-csi-bench %s\n", verbs[i].usage);
}

/* ---- the command line ---- */

static int take_option(struct report_options *o, int c)
{
	switch (c) {
	case 'f': o->force = true; return 0;
	case 'a': o->all = true; return 0;
	case 'm': o->markdown = true; return 0;
	case 'j': o->json = true; return 0;
	case 'h': o->html = optarg; return 0;
	case 'p':
		if (o->nmetrics == METRICS_MAX)
			return -1;
		o->metrics[o->nmetrics++] = optarg;
		return 0;
	default: return -1;
	}
}

static int parse(struct report_job *job, const struct report_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },	{ "all", no_argument, NULL, 'a' },
		{ "markdown", no_argument, NULL, 'm' }, { "json", no_argument, NULL, 'j' },
		{ "html", required_argument, NULL, 'h' }, { "metric", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	bool good = true;
	int c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		good = good && take_option(&job->o, c) == 0;
	job->files = argv + optind;
	job->n = (size_t)(argc - optind);
	if (good && job->n >= verb->least && job->n <= verb->most)
		return 0;
	return err_set(&job->err, GRPC_INVALID_ARGUMENT, "usage: ebs-csi-bench %s", verb->usage);
}

static int load(struct report_job *job)
{
	job->results = xcalloc(job->n, sizeof(struct bench_result *));
	for (size_t i = 0; i < job->n; i++) {
		job->results[i] = bench_json_load(job->files[i], &job->err);
		if (!job->results[i])
			return -1;
	}
	return 0;
}

static void release(struct report_job *job)
{
	for (size_t i = 0; job->results && i < job->n; i++)
		bench_result_free(job->results[i]);
	free(job->results);
	buf_fini(&job->out);
	err_fini(&job->err);
}

int bench_report_main(int argc, char **argv)
{
	const struct report_verb *verb = find_verb(argv[0]);
	struct report_job job = { .n = 0 };
	int rc;

	buf_init(&job.out, BENCH_FILE_MAX);
	rc = parse(&job, verb, argc, argv);
	if (rc == 0)
		rc = load(&job);
	if (rc == 0)
		rc = verb->run(&job);
	if (rc == 0 && job.out.len)
		rc = bench_file_write("-", &job.out, &job.err);
	if (rc < 0)
		fprintf(stderr, "ebs-csi-bench: %s\n", err_msg(&job.err));
	release(&job);
	return rc < 0;
}
