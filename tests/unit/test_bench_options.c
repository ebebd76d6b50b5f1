/* The command line of the load verbs: what it means, and what is said of a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/buf.h"
#include "base/str.h"
#include "bench/options.h"

#define WORDS_MAX 32

/* Words separated by blanks; they live in `text`. */
struct line {
	char text[1024];
	char *argv[WORDS_MAX];
	int argc;
};

static void split(struct line *l, const char *words)
{
	snprintf(l->text, sizeof(l->text), "%s", words);
	l->argc = 0;
	for (char *p = l->text; *p && l->argc < WORDS_MAX - 1;) {
		l->argv[l->argc++] = p;
		p += strcspn(p, " ");
		if (*p)
			*p++ = '\0';
	}
	l->argv[l->argc] = NULL;
}

static void parsed(struct line *l, const char *words, struct bench_options *o)
{
	struct err err = { 0 };

	split(l, words);
	if (bench_options_parse(l->argc, l->argv, o, &err) < 0)
		fail_msg("%s: %s", words, err_msg(&err));
}

static void defaults_are_those_of_the_help(void **state)
{
	struct bench_options o;
	struct line l;

	parsed(&l, "churn --endpoint=unix:///s --nodes=i-1", &o);
	assert_int_equal(o.scenario, SCENARIO_CHURN);
	assert_int_equal(o.count, 100);
	assert_int_equal(o.in_flight, 100);
	assert_int_equal(o.workers, 100);
	assert_int_equal(o.repeat, 1);
	assert_int_equal(o.size_gib, 1);
	assert_int_equal(o.backoff_min_ms, 1000);
	assert_int_equal(o.backoff_max_ms, 300000);
	assert_int_equal(o.give_up_ms, 1800000);
	assert_string_equal(o.rpc, "Probe");
	assert_false(o.open);
	assert_null(o.driver);
	bench_options_fini(&o);
}

static void all_options_are_taken(void **state)
{
	struct bench_options o;
	struct line l;

	parsed(&l, "churn --endpoint tcp://127.0.0.1:9 --driver=d --sim=http://s --debug=unix:///d "
		   "--nodes=i-1,i-2,,i-3 --zone=us-east-1a --parameters=type=io2,iops=3000,x= "
		   "--size=20 --count=500 --for=90s --rate=12.5 --hold=1s..10s --workers=0 "
		   "--timeout=15s --backoff=500ms..10s --give-up=5m --repeat=3 --seed=9 "
		   "--prefix=p --name=n --budget=leaks<=0 --budget=rpcs_per_s>=1 --json=j --html=h "
		   "--quiet", &o);
	assert_string_equal(o.endpoint, "tcp://127.0.0.1:9");
	assert_int_equal(o.n_nodes, 3);
	assert_string_equal(o.nodes[2], "i-3");
	assert_int_equal(o.n_parameters, 3);
	assert_string_equal(o.parameters[1].key, "iops");
	assert_string_equal(o.parameters[1].value, "3000");
	assert_string_equal(o.parameters[2].value, "");
	assert_int_equal(o.count, 500);
	assert_int_equal(o.for_ms, 90000);
	assert_true(o.open && o.rate.from == 12.5);
	assert_int_equal(o.hold.kind, SPAN_UNIFORM);
	assert_int_equal(o.workers, 0);
	assert_int_equal(o.timeout_ms, 15000);
	assert_int_equal(o.backoff_min_ms, 500);
	assert_int_equal(o.backoff_max_ms, 10000);
	assert_int_equal(o.give_up_ms, 300000);
	assert_int_equal(o.n_budgets, 2);
	assert_string_equal(o.budgets[1], "rpcs_per_s>=1");
	assert_true(o.quiet);
	bench_options_fini(&o);
}

static void nodes_come_from_a_file(void **state)
{
	char path[] = "/tmp/bench-nodes-XXXXXX";
	auto_close int fd = mkstemp(path);
	auto_free char *words = xasprintf("churn --endpoint=unix:///s --nodes=@%s", path);
	struct bench_options o;
	struct line l;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "i-1\n\n  i-2 \ni-3", 15), 15);
	parsed(&l, words, &o);
	unlink(path);
	assert_int_equal(o.n_nodes, 3);
	assert_string_equal(o.nodes[1], "i-2");
	bench_options_fini(&o);
}

static const struct wrong {
	const char *words, *said;
} wrongs[] = {
	{ "churn --nodes=i-1", "churn needs --endpoint" },
	{ "churn --endpoint=unix:///s", "churn needs nodes to attach to: give --nodes or --sim" },
	{ "start --endpoint=unix:///s", "start needs --driver" },
	{ "idle --endpoint=unix:///s", "idle watches a process: give --driver or --pid" },
	{ "node --endpoint=unix:///s --nodes=i-1", "node needs --node-endpoint" },
	{ "node --endpoint=unix:///s --node-endpoint=unix:///n --nodes=i-1", "node needs --dir" },
	{ "flood --endpoint=unix:///s --wrong", "unknown option \"--wrong\"" },
	{ "flood --endpoint=unix:///s --quiet=yes", "unknown option \"--quiet=yes\"" },
	{ "flood --endpoint=unix:///s more", "\"more\" is not an option" },
	{ "flood --endpoint", "option --endpoint needs a value" },
	{ "flood --endpoint=", "--endpoint: \"\" is not a value: it is empty" },
	{ "flood --endpoint=unix:///s --count=0", "--count: \"0\" is not a number in 1-1000000" },
	{ "flood --endpoint=unix:///s --count=1e3", "--count: \"1e3\" is not a number" },
	{ "flood --endpoint=unix:///s --count=-1", "--count: \"-1\" is not a number" },
	{ "flood --endpoint=unix:///s --in-flight=0", "--in-flight: \"0\" is not a number" },
	{ "flood --endpoint=unix:///s --workers=100001", "--workers: \"100001\" is not a number" },
	{ "flood --endpoint=unix:///s --repeat=101", "--repeat: \"101\" is not a number in 1-100" },
	{ "flood --endpoint=unix:///s --pid=0", "--pid: \"0\" is not a number" },
	{ "flood --endpoint=unix:///s --pid=1 --driver=d", "--driver starts a driver, --pid watches" },
	{ "flood --endpoint=unix:///s --rate=0", "--rate: \"0\" is not a number of arrivals" },
	{ "flood --endpoint=unix:///s --rate=fast", "--rate: \"fast\" is not a number of arrivals" },
	{ "flood --endpoint=unix:///s --ramp=1..2", "--ramp: \"1..2\" is not a ramp" },
	{ "flood --endpoint=unix:///s --rate=1 --ramp=1..2/1s", "--ramp: arrivals are given already" },
	{ "flood --endpoint=unix:///s --rate=1 --in-flight=3", "--in-flight is a closed loop" },
	{ "churn --endpoint=unix:///s --nodes=i-1 --phases --rate=1", "--phases begins all at once" },
	{ "churn --endpoint=unix:///s --nodes=i-1 --phases --for=1m", "--phases runs to the end" },
	{ "churn --endpoint=unix:///s --nodes=,,", "--nodes: \",,\" is not a list of node ids" },
	{ "churn --endpoint=unix:///s --nodes=@/nonexistent", "/nonexistent: cannot open it" },
	{ "churn --endpoint=unix:///s --parameters=type", "--parameters: \"type\" is not a list" },
	{ "churn --endpoint=unix:///s --parameters==x", "--parameters: \"=x\" is not a list" },
	{ "churn --endpoint=unix:///s --hold=soon", "--hold: \"soon\" is not a time" },
	{ "churn --endpoint=unix:///s --timeout=0", "--timeout: \"0\" is not one time above 0" },
	{ "churn --endpoint=unix:///s --timeout=1s..2s", "--timeout: \"1s..2s\" is not one time" },
	{ "churn --endpoint=unix:///s --backoff=exp:1s", "--backoff: \"exp:1s\" is not a range" },
	{ "churn --endpoint=unix:///s --backoff=0..1s", "--backoff: \"0..1s\" is not a range" },
};

static void wrong_lines_are_explained(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct bench_options o;
		struct err err = { 0 };
		struct line l;

		split(&l, wrongs[i].words);
		if (bench_options_parse(l.argc, l.argv, &o, &err) == 0)
			fail_msg("taken: %s", wrongs[i].words);
		if (strncmp(err_msg(&err), wrongs[i].said, strlen(wrongs[i].said)) != 0)
			fail_msg("%s: said \"%s\"", wrongs[i].words, err_msg(&err));
		bench_options_fini(&o);
		err_fini(&err);
	}
}

static void scenarios_have_names(void **state)
{
	for (int i = 0; i < SCENARIOS; i++)
		assert_int_equal(bench_scenario_find(bench_scenario_name((enum bench_scenario)i)), i);
	assert_int_equal(bench_scenario_find("compare"), -1);
	assert_int_equal(bench_scenario_find(""), -1);
}

/* Every option the help shows stands in the man page, and the other way round. */
static void the_man_page_has_all_options(void **state)
{
	auto_free char *path = xasprintf("%s/man/ebs-csi-bench.1",
					 cstr_or(getenv("top_srcdir"), "."));
	FILE *man = fopen(path, "re"), *help = tmpfile();
	auto_free char *page = xcalloc(1, 1u << 20);
	char line[512], name[64];
	size_t n;

	assert_non_null(man);
	assert_non_null(help);
	n = fread(page, 1, (1u << 20) - 1, man);
	fclose(man);
	assert_true(n > 0);
	bench_options_help(help);
	rewind(help);
	while (fgets(line, sizeof(line), help)) {
		if (sscanf(line, "  --%63[a-z-]", name) != 1)
			continue;
		auto_free char *entry = xasprintf("\\-\\-%s", name);
		struct buf escaped;

		buf_init(&escaped, 256);
		for (const char *p = entry; *p; p++) {
			if (*p == '-' && (p == entry || p[-1] != '\\'))
				buf_addc(&escaped, '\\');
			buf_addc(&escaped, *p);
		}
		if (!strstr(page, buf_cstr(&escaped)))
			fail_msg("the man page lacks %s", buf_cstr(&escaped));
		buf_fini(&escaped);
	}
	fclose(help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_help),
		cmocka_unit_test(all_options_are_taken),
		cmocka_unit_test(nodes_come_from_a_file),
		cmocka_unit_test(wrong_lines_are_explained),
		cmocka_unit_test(scenarios_have_names),
		cmocka_unit_test(the_man_page_has_all_options),
	};

	return cmocka_run_group_tests_name("bench_options", tests, NULL, NULL);
}
