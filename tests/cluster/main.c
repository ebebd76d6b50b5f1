/* Whole clusters in virtual time, from seeds. Exit status: 0 all rules held, 1 a
 * rule was broken, 2 bad command line. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "base/parse.h"
#include "cluster.h"
#include "defects.h"
#include "reach.h"

struct task_list {
	uint64_t from, to;	/* seeds, both included */
	uint64_t fresh;		/* seeds drawn, beside them */
	int64_t for_s;		/* go on with fresh ones for so long */
	bool hashes;		/* print one a seed */
	bool list_defects;	/* and nothing else */
	bool report;		/* what was reached */
	struct cluster_options options;
};

struct totals {
	uint64_t seeds, lives, failures;
	uint64_t hash;		/* over the hashes of all seeds */
	double began;
	struct cluster_stats stats;
};

static bool logging;

static const char usage[] =
	"usage: ebs-cluster-sim [options]\n"
	"  --seed N          one seed, with every event printed\n"
	"  --seeds A-B       these seeds\n"
	"  --fresh N         and N drawn ones, which are printed\n"
	"  --for TIME        goes on with drawn ones so long: 90s, 10m, 1h\n"
	"  --lives N         volumes per seed (default 60)\n"
	"  --calm            no faults\n"
	"  --bytes           EC2 calls as signed HTTP requests and XML, in all seeds\n"
	"  --report          what was reached of faults and steps; fails if something\n"
	"                    that can happen never did\n"
	"  --log             print every event of all seeds\n"
	"  --hash            print the hash of each seed's trace\n"
	"  --defect NAME     with this defect; --defects lists those built in\n";

static double clock_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now_s(void)
{
	return clock_s(CLOCK_MONOTONIC);
}

static int bad(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "ebs-cluster-sim: %s: \"%s\" is not %s\n", option, value, expected);
	return -1;
}

static int parse_number(const char *option, const char *text, uint64_t *ret)
{
	return parse_u64(str_c(text), ret) < 0 ? bad(option, text, "a number") : 0;
}

static int parse_range(const char *text, struct task_list *t)
{
	struct str rest = str_c(text), first = str_cut(&rest, '-');

	if (parse_u64(first, &t->from) < 0 || parse_u64(rest, &t->to) < 0 || t->from == 0 ||
	    t->from > t->to || t->to > INT64_MAX)
		return bad("--seeds", text, "a range such as 1-1000");
	return 0;
}

static int parse_time(const char *text, int64_t *ret)
{
	size_t n = strlen(text);
	const char *units = "smh", *unit = n ? strchr(units, text[n - 1]) : NULL;
	static const int64_t seconds[] = { 1, 60, 3600 };
	uint64_t x;

	if (!unit || !*unit || parse_u64(str_n(text, n - 1), &x) < 0 || x > 10000)
		return bad("--for", text, "a time such as 90s, 10m or 1h");
	*ret = (int64_t)x * seconds[unit - units];
	return 0;
}

/* Options without a value; NULL: it is none of them. */
static bool *flag_of(int opt, struct task_list *t)
{
	switch (opt) {
	case 'b':
		return &t->options.bytes;
	case 'L':
		return &t->options.log;
	case 'c':
		return &t->options.calm;
	case 'r':
		return &t->report;
	case 'h':
		return &t->hashes;
	case 'D':
		return &t->list_defects;
	default:
		return NULL;
	}
}

static int parse_one(int opt, const char *value, struct task_list *t)
{
	bool *flag = flag_of(opt, t);
	uint64_t n;

	if (flag) {
		*flag = true;
		return 0;
	}
	switch (opt) {
	case 's':
		t->options.log = true;
		if (parse_number("--seed", value, &t->from) < 0)
			return -1;
		t->to = t->from;
		return t->from ? 0 : bad("--seed", value, "a number from 1");
	case 'S':
		return parse_range(value, t);
	case 'f':
		return parse_number("--fresh", value, &t->fresh);
	case 't':
		return parse_time(value, &t->for_s);
	case 'l':
		if (parse_number("--lives", value, &n) < 0)
			return -1;
		t->options.lives = n;
		return n > 0 && n <= 100000 ? 0 : bad("--lives", value, "in 1-100000");
	case '?' + 128:
		fputs(usage, stdout);
		exit(0);
	case 'd':
		return defects_switch_on(value) ? 0 :
		       bad("--defect", value, "a defect built into this program (see --defects)");
	default:
		return -1;
	}
}

static int parse(int argc, char **argv, struct task_list *t)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'S' },
		{ "fresh", required_argument, NULL, 'f' },
		{ "for", required_argument, NULL, 't' },
		{ "lives", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, '?' + 128 },
		{ "bytes", no_argument, NULL, 'b' },
		{ "log", no_argument, NULL, 'L' },
		{ "calm", no_argument, NULL, 'c' },
		{ "report", no_argument, NULL, 'r' },
		{ "hash", no_argument, NULL, 'h' },
		{ "defect", required_argument, NULL, 'd' },
		{ "defects", no_argument, NULL, 'D' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (parse_one(opt, optarg, t) < 0)
			return -1;
	if (optind < argc)
		return bad("argument", argv[optind], "expected");
	if (!t->from && !t->fresh && !t->for_s) {
		t->from = 1;
		t->to = 100;
	}
	return 0;
}

/* ---- runs ---- */

static void run_seed(const struct task_list *t, uint64_t seed, struct totals *sum)
{
	struct cluster_options opt = t->options;
	uint64_t hash;

	opt.seed = seed;
	sum->seeds++;
	sum->lives += opt.lives;
	if (!cluster_run(&opt, &sum->stats, &hash)) {
		sum->failures++;
		fprintf(stderr, "again, with all events: ./dev sim --lives %zu%s%s --seed %llu\n",
			opt.lives, opt.calm ? " --calm" : "", opt.bytes ? " --bytes" : "",
			(unsigned long long)seed);
	}
	sum->hash = (sum->hash ^ hash) * UINT64_C(0x9e3779b97f4a7c15);
	if (t->hashes)
		printf("%llu %016llx\n", (unsigned long long)seed, (unsigned long long)hash);
}

static uint64_t draw_seed(void)
{
	uint32_t x = 0;

	if (getrandom(&x, sizeof(x), 0) != sizeof(x))
		abort();
	return (uint64_t)x + 1000000;	/* away from the fixed ones */
}

static void run_drawn(const struct task_list *t, struct totals *sum)
{
	uint64_t seed = draw_seed();

	if (t->fresh || t->for_s)
		printf("fresh seeds from %llu\n", (unsigned long long)seed);
	for (uint64_t i = 0; i < t->fresh && !sum->failures; i++)
		run_seed(t, seed++, sum);
	while (!sum->failures && now_s() - sum->began < (double)t->for_s)
		run_seed(t, seed++, sum);
}

static void report(const struct totals *sum)
{
	const struct cluster_stats *s = &sum->stats;
	double took = now_s() - sum->began, cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);

	printf("%llu seeds, %llu lives in %.1f s: %.0f a second of CPU time; trace %016llx\n",
	       (unsigned long long)sum->seeds, (unsigned long long)sum->lives, took,
	       (double)sum->lives / cpu, (unsigned long long)sum->hash);
	printf("RPCs:");
	for (int k = 0; k < RPC_KINDS; k++)
		printf(" %s %llu", rpc_names[k], (unsigned long long)s->rpcs[k]);
	printf("\nanswers:");
	for (int code = 0; code < (int)ARRAY_SIZE(s->codes); code++)
		if (s->codes[code])
			printf(" %s %llu", grpc_code_name((enum grpc_code)code),
			       (unsigned long long)s->codes[code]);
	printf("\ncrashes %llu with %llu calls on their way, nodes lost %llu, clock jumps %llu, hung up %llu, duplicates %llu, detached by force %llu\n",
	       (unsigned long long)s->crashes, (unsigned long long)s->orphans,
	       (unsigned long long)s->node_deaths,
	       (unsigned long long)s->clock_jumps, (unsigned long long)s->dropped,
	       (unsigned long long)s->duplicates, (unsigned long long)s->forced);
	printf("settled at most %.0f s after the last fault\n", (double)s->settled_ms / 1000);
}

/* The daemon's own log: nothing, or with --log all of it, without the time of
 * day. */
static void on_log(enum log_area area, enum log_level level, const char *line)
{
	const char *text = strchr(line, ']');

	(void)area;
	(void)level;
	if (logging)
		printf("          log     %s\n", text ? text + 2 : line);
}

int main(int argc, char **argv)
{
	struct task_list t = { .options.lives = 60 };
	struct totals sum = { .began = now_s() };

	if (parse(argc, argv, &t) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	if (t.list_defects) {
		defects_list();
		return 0;
	}
	logging = t.options.log;
	log_setup(LOG_FORMAT_TEXT, logging ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, STDERR_FILENO);
	log_set_hook(on_log);
	for (uint64_t s = t.from; t.from && s <= t.to && !sum.failures; s++)
		run_seed(&t, s, &sum);
	run_drawn(&t, &sum);
	report(&sum);
	if (t.report && !reach_report() && !sum.failures)
		return 1;
	return sum.failures ? 1 : 0;
}
