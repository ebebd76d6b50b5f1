#include "bench/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/parse.h"
#include "bench/file.h"
#include "bench/load.h"

#define COUNT_MAX 1000000
#define IN_FLIGHT_MAX 100000
#define NODES_FILE_MAX (8u << 20)

static const struct {
	const char *name, *argument, *help;
} table[] = {
#define OPTION(name, argument, help) { name, argument, help },
#include "bench/options.tbl.h"
#undef OPTION
};

static const char *const scenarios[SCENARIOS] = {
	[SCENARIO_CHURN] = "churn",
	[SCENARIO_FLOOD] = "flood",
	[SCENARIO_NODE] = "node",
	[SCENARIO_IDLE] = "idle",
	[SCENARIO_START] = "start",
};

const char *bench_scenario_name(enum bench_scenario s)
{
	return scenarios[s];
}

int bench_scenario_find(const char *name)
{
	for (int i = 0; i < SCENARIOS; i++)
		if (strcmp(scenarios[i], name) == 0)
			return i;
	return -1;
}

/* ---- values ---- */

static int bad(struct err *err, const char *option, const char *text, const char *expected)
{
	return err_set(err, GRPC_INVALID_ARGUMENT, "--%s: \"%s\" is not %s", option, text,
		       expected);
}

static int number(const char *option, const char *text, uint64_t min, uint64_t max,
		  uint64_t *ret, struct err *err)
{
	uint64_t x;

	if (parse_u64(str_c(text), &x) < 0 || x < min || x > max)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--%s: \"%s\" is not a number in %" PRIu64 "-%" PRIu64, option,
			       text, min, max);
	*ret = x;
	return 0;
}

static int time_ms(const char *option, const char *text, int64_t *ret, struct err *err)
{
	struct span s;

	if (span_parse(option, text, &s, err) < 0)
		return -1;
	if (s.kind != SPAN_FIXED || s.low == 0)
		return bad(err, option, text, "one time above 0, such as 90s");
	*ret = s.low;
	return 0;
}

static int backoff(const char *text, struct bench_options *o, struct err *err)
{
	struct span s;

	if (span_parse("backoff", text, &s, err) < 0)
		return -1;
	if (s.kind == SPAN_EXPONENTIAL || s.low == 0)
		return bad(err, "backoff", text, "a range of times above 0, such as 1s..5m");
	o->backoff_min_ms = s.low;
	o->backoff_max_ms = s.kind == SPAN_FIXED ? s.low : s.high;
	return 0;
}

/* Adds what stands between commas or on lines. */
static void add_nodes(struct bench_options *o, struct str list, char sep)
{
	while (list.p) {
		struct str id = str_trim(str_cut(&list, sep));
		const char **v;

		if (id.n == 0)
			continue;
		v = arena_array(&o->arena, o->n_nodes + 1, sizeof(*v));
		if (o->n_nodes)
			memcpy(v, o->nodes, o->n_nodes * sizeof(*v));
		v[o->n_nodes++] = arena_strn(&o->arena, id.p, id.n);
		o->nodes = v;
	}
}

static int nodes(const char *text, struct bench_options *o, struct err *err)
{
	struct buf file;
	int rc = 0;

	if (*text != '@') {
		add_nodes(o, str_c(text), ',');
	} else {
		buf_init(&file, NODES_FILE_MAX);
		rc = bench_file_read(text + 1, &file, err);
		if (rc == 0)
			add_nodes(o, buf_view(&file), '\n');
		buf_fini(&file);
	}
	if (rc == 0 && o->n_nodes == 0)
		return bad(err, "nodes", text, "a list of node ids: it is empty");
	return rc;
}

static int parameters(const char *text, struct bench_options *o, struct err *err)
{
	struct str rest = str_c(text);
	size_t n = 1;

	for (const char *p = text; *p; p++)
		n += *p == ',';
	o->parameters = arena_array(&o->arena, n, sizeof(*o->parameters));
	while (rest.p) {
		struct str value = str_cut(&rest, ','), key = str_cut(&value, '=');

		if (key.n == 0 || !value.p)
			return bad(err, "parameters", text, "a list of key=value, comma-separated");
		o->parameters[o->n_parameters++] = (struct bench_pair){
			arena_strn(&o->arena, key.p, key.n),
			arena_strn(&o->arena, value.p, value.n),
		};
	}
	return 0;
}

static void budget(const char *text, struct bench_options *o)
{
	const char **v = arena_array(&o->arena, o->n_budgets + 1, sizeof(*v));

	if (o->n_budgets)
		memcpy(v, o->budgets, o->n_budgets * sizeof(*v));
	v[o->n_budgets++] = text;
	o->budgets = v;
}

/* Those that are kept as they are. */
static const char **text_of(struct bench_options *o, const char *name)
{
	const struct {
		const char *name;
		const char **at;
	} texts[] = {
		{ "endpoint", &o->endpoint }, { "node-endpoint", &o->node_endpoint },
		{ "driver", &o->driver }, { "sim", &o->sim }, { "debug", &o->debug },
		{ "zone", &o->zone }, { "rpc", &o->rpc }, { "dir", &o->dir },
		{ "prefix", &o->prefix }, { "name", &o->name }, { "json", &o->json },
		{ "html", &o->html },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(texts[i].name, name) == 0)
			return texts[i].at;
	return NULL;
}

static int take_number(struct bench_options *o, const char *name, const char *text,
		       struct err *err)
{
	uint64_t pid = 0;

	if (strcmp(name, "count") == 0)
		return number(name, text, 1, COUNT_MAX, &o->count, err);
	if (strcmp(name, "in-flight") == 0)
		return number(name, text, 1, IN_FLIGHT_MAX, &o->in_flight, err);
	if (strcmp(name, "workers") == 0)
		return number(name, text, 0, IN_FLIGHT_MAX, &o->workers, err);
	if (strcmp(name, "size") == 0)
		return number(name, text, 1, 65536, &o->size_gib, err);
	if (strcmp(name, "repeat") == 0)
		return number(name, text, 1, 100, &o->repeat, err);
	if (strcmp(name, "seed") == 0)
		return number(name, text, 0, UINT32_MAX, &o->seed, err);
	if (number(name, text, 1, INT32_MAX, &pid, err) < 0)
		return -1;
	o->pid = (int64_t)pid;
	return 0;
}

static int take_rate(struct bench_options *o, const char *name, const char *text,
		     struct err *err)
{
	if (o->open)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--%s: arrivals are given already: one --rate or --ramp", name);
	o->open = true;
	return strcmp(name, "rate") == 0 ? rate_parse(name, text, &o->rate, err) :
					   rate_parse_ramp(name, text, &o->rate, err);
}

static int take(struct bench_options *o, const char *name, const char *text, struct err *err)
{
	const char **at = text_of(o, name);

	if (at) {
		*at = text;
		return *text ? 0 : bad(err, name, text, "a value: it is empty");
	}
	if (strcmp(name, "phases") == 0)
		o->phases = true;
	else if (strcmp(name, "quiet") == 0)
		o->quiet = true;
	else if (strcmp(name, "budget") == 0)
		budget(text, o);
	else if (strcmp(name, "rate") == 0 || strcmp(name, "ramp") == 0)
		return take_rate(o, name, text, err);
	else if (strcmp(name, "nodes") == 0)
		return nodes(text, o, err);
	else if (strcmp(name, "parameters") == 0)
		return parameters(text, o, err);
	else if (strcmp(name, "hold") == 0)
		return span_parse(name, text, &o->hold, err);
	else if (strcmp(name, "for") == 0)
		return time_ms(name, text, &o->for_ms, err);
	else if (strcmp(name, "timeout") == 0)
		return time_ms(name, text, &o->timeout_ms, err);
	else if (strcmp(name, "give-up") == 0)
		return time_ms(name, text, &o->give_up_ms, err);
	else if (strcmp(name, "backoff") == 0)
		return backoff(text, o, err);
	else
		return take_number(o, name, text, err);
	return 0;
}

/* ---- what goes together ---- */

static int need(const char *value, const char *option, enum bench_scenario s, struct err *err)
{
	if (value)
		return 0;
	return err_set(err, GRPC_INVALID_ARGUMENT, "%s needs --%s; see --help", scenarios[s],
		       option);
}

static int check_loop(struct bench_options *o, struct err *err)
{
	if (o->open && o->in_flight)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--in-flight is a closed loop, --rate and --ramp an open one: choose one");
	if (o->open && o->phases)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--phases begins all at once: it does not go with --rate or --ramp");
	if (o->phases && o->for_ms)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--phases runs to the end of each phase: give --count, not --for");
	if (!o->count && !o->for_ms)
		o->count = 100;
	if (!o->in_flight)
		o->in_flight = o->count && o->scenario != SCENARIO_FLOOD ? o->count : 16;
	return 0;
}

static int check(struct bench_options *o, struct err *err)
{
	if (o->driver && o->pid)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--driver starts a driver, --pid watches another: choose one");
	if (need(o->endpoint, "endpoint", o->scenario, err) < 0)
		return -1;
	if (o->scenario == SCENARIO_FLOOD && !flood_path(o->rpc))
		return bad(err, "rpc", o->rpc,
			   "an RPC without arguments: Probe, GetPluginInfo, GetPluginCapabilities, ControllerGetCapabilities, NodeGetCapabilities, NodeGetInfo");
	if (o->scenario == SCENARIO_START && need(o->driver, "driver", o->scenario, err) < 0)
		return -1;
	if (o->scenario == SCENARIO_NODE &&
	    (need(o->node_endpoint, "node-endpoint", o->scenario, err) < 0 ||
	     need(o->dir, "dir", o->scenario, err) < 0))
		return -1;
	if (o->scenario == SCENARIO_IDLE && !o->driver && !o->pid)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "idle watches a process: give --driver or --pid");
	if (o->scenario == SCENARIO_IDLE && !o->for_ms)
		o->for_ms = 60000;
	if ((o->scenario == SCENARIO_CHURN || o->scenario == SCENARIO_NODE) && !o->n_nodes &&
	    !o->sim)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s needs nodes to attach to: give --nodes or --sim",
			       scenarios[o->scenario]);
	return check_loop(o, err);
}

static void set_defaults(struct bench_options *o)
{
	static char prefix[32];

	snprintf(prefix, sizeof(prefix), "bench-%d", (int)getpid());
	*o = (struct bench_options){
		.prefix = prefix,
		.size_gib = 1, .workers = 100, .repeat = 1, .seed = 1, .rpc = "Probe",
		.backoff_min_ms = 1000, .backoff_max_ms = 300000, .give_up_ms = 1800000,
	};
}

int bench_options_parse(int argc, char **argv, struct bench_options *o, struct err *err)
{
	struct option longs[ARRAY_SIZE(table) + 1] = {0};
	int c, at = 0;

	set_defaults(o);
	o->scenario = (enum bench_scenario)bench_scenario_find(argv[0]);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		longs[i].name = table[i].name;
		longs[i].has_arg = table[i].argument ? required_argument : no_argument;
	}
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, ":", longs, &at)) != -1) {
		if (c == ':')
			return err_set(err, GRPC_INVALID_ARGUMENT, "option %s needs a value",
				       argv[optind - 1]);
		if (c != 0)
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "unknown option \"%s\"; see --help", argv[optind - 1]);
		if (take(o, table[at].name, optarg ? optarg : "", err) < 0)
			return -1;
	}
	if (optind < argc)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "\"%s\" is not an option; see --help", argv[optind]);
	return check(o, err);
}

void bench_options_fini(struct bench_options *o)
{
	arena_fini(&o->arena);
}

void bench_options_help(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int n = fprintf(out, "  --%s %s", table[i].name,
				table[i].argument ? table[i].argument : "");

		fprintf(out, "%*s%s\n", n < 30 ? 30 - n : 1, "", table[i].help);
	}
}
