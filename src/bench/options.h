/* The command line of the load verbs. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdio.h>

#include "base/arena.h"
#include "bench/amount.h"

enum bench_scenario {
	SCENARIO_CHURN,		/* life cycles of volumes */
	SCENARIO_FLOOD,		/* one RPC again and again */
	SCENARIO_NODE,		/* stage, publish, unpublish, unstage */
	SCENARIO_IDLE,		/* nothing at all */
	SCENARIO_START,		/* from the start to the first answer */
	SCENARIOS
};

struct bench_pair {
	const char *key, *value;
};

struct bench_options {
	enum bench_scenario scenario;
	const char *endpoint, *node_endpoint, *driver, *sim, *debug, *zone, *rpc, *dir;
	const char *prefix, *name, *json, *html;
	int64_t pid;			/* 0: none */
	const char **nodes;
	size_t n_nodes;
	struct bench_pair *parameters;
	size_t n_parameters;
	uint64_t size_gib, count, in_flight, workers, repeat, seed;	/* count 0: without end */
	int64_t for_ms;			/* 0: not bounded by time */
	bool open;			/* rate counts */
	struct rate rate;
	bool phases, quiet;
	struct span hold;
	int64_t timeout_ms;		/* 0: by RPC */
	int64_t backoff_min_ms, backoff_max_ms, give_up_ms;
	const char **budgets;
	size_t n_budgets;
	struct arena arena;		/* of what is not argv's */
};

const char *bench_scenario_name(enum bench_scenario s);
/* -1: no scenario is called so. */
int bench_scenario_find(const char *name);
/* argv[0] is the scenario. -1 and INVALID_ARGUMENT that says which option is wrong,
 * what was given and what is allowed. */
int bench_options_parse(int argc, char **argv, struct bench_options *ret, struct err *err);
void bench_options_fini(struct bench_options *o);
void bench_options_help(FILE *out);

#endif
