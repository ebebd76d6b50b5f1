/* What a benchmark found: one result holds what was run where, and one run for
 * each repetition. The engine and the watcher fill it while they work, at any time
 * it can be written out (a result cut short is marked partial and says why).
 *
 * "Not measured" is never 0: figures, counts of leaks and histograms know whether
 * they were measured, and bench_run_unmeasured() says why not.
 *
 * All texts are copied, and cleaned of what is no UTF-8 or could drive a terminal:
 * they may come from anywhere. Values keep their line ends. Everything belongs to the result; bench_result_free()
 * releases it all. */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bench/hist.h"
#include "bench/timeline.h"

/* A number that may be unknown; {0} is unknown. */
struct fig {
	bool known;
	double v;
};

static inline struct fig fig_of(double v)
{
	return (struct fig){ .known = true, .v = v };
}

enum bench_better { BENCH_NEITHER, BENCH_LOWER, BENCH_HIGHER };

enum bench_figure {
#define FIGURE(id, label, unit, better) BENCH_##id,
#include "bench/result.tbl.h"
#undef FIGURE
	BENCH_FIGURES
};

struct bench_figure_facts {
	const char *name, *label, *unit;
	enum bench_better better;
};

extern const struct bench_figure_facts bench_figure_facts[BENCH_FIGURES];

/* ---- named texts: parameters, versions, notes ---- */

struct bench_text {
	char *name, *value;
};

struct bench_texts {	/* in the order they were added */
	struct bench_text *items;
	size_t n;
};

/* Replaces the value of a name that is there already. */
void bench_texts_set(struct bench_texts *t, const char *name, const char *value);
void bench_texts_setf(struct bench_texts *t, const char *name, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
const char *bench_texts_get(const struct bench_texts *t, const char *name);	/* or NULL */
void bench_texts_fini(struct bench_texts *t);	/* empty again */

/* ---- one RPC of the CSI, e.g. "ControllerPublishVolume" ---- */

#define BENCH_CODES 17	/* gRPC codes; others count as UNKNOWN */

/* A call is what a client wants once; an attempt is one RPC on the wire for it.
 * Times in microseconds. */
struct bench_rpc {
	char *name;
	struct hist response;	/* a call: from its intended start to its last answer */
	struct hist service;	/* an attempt: from sending it to its answer */
	struct hist attempts;	/* a call: how many attempts */
	struct hist over_ec2;	/* a call: response without EC2's own time */
	uint64_t codes[BENCH_CODES];	/* attempts by their answer */
	uint64_t retries;	/* attempts beyond the first of each call */
	uint64_t timeouts;	/* attempts the client gave up at its deadline */
	uint64_t failed;	/* calls given up for good */
};

/* ---- EC2 calls, by the simulator's counters ---- */

struct bench_action {
	char *name;	/* "AttachVolume" */
	uint64_t calls;	/* all, throttled ones included */
	uint64_t throttled;
	uint64_t errors;	/* answered with another error */
};

#define BENCH_LEAKS_MAX 100	/* of them kept by name */

/* ---- one repetition ---- */

struct bench_run {
	int64_t started_ms;	/* since 1970 */
	char *partial;		/* why it was cut short; NULL: complete */
	struct fig figures[BENCH_FIGURES];
	struct bench_rpc **rpcs;	/* in the order they were first used */
	size_t nrpcs;
	struct hist lifecycle;		/* us, from intended start to the end */
	struct hist driver_lag;		/* us, loop lag of the driver */
	struct hist generator_lag;	/* us, that of ebs-csi-bench itself */
	bool ec2_known;			/* a simulator was asked */
	struct bench_action *actions;
	size_t nactions;
	bool leaks_known;		/* somebody looked */
	uint64_t nleaks;
	char **leaks;			/* the first BENCH_LEAKS_MAX: "vol-…: in EC2, unknown to CSI" */
	struct timeline timeline;
	struct bench_texts unmeasured;	/* what ("memory", "EC2 calls") -> why not */
	struct bench_texts notes;	/* what to know when reading it */
};

void bench_run_set(struct bench_run *run, enum bench_figure f, double v);
/* Keeps the greatest. */
void bench_run_peak(struct bench_run *run, enum bench_figure f, double v);
void bench_run_add(struct bench_run *run, enum bench_figure f, double v);
struct bench_rpc *bench_run_rpc(struct bench_run *run, const char *name);	/* made when new */
const struct bench_rpc *bench_run_find_rpc(const struct bench_run *run, const char *name);
/* Counts one answered attempt by its code. */
void bench_rpc_code(struct bench_rpc *rpc, enum grpc_code code);
/* Made when new; also says that EC2's counters are known. The pointer is good until
 * the next call. */
struct bench_action *bench_run_action(struct bench_run *run, const char *name);
const struct bench_action *bench_run_find_action(const struct bench_run *run, const char *name);
/* Mutating calls are what the buckets of EC2 are about: all but Describe*. */
bool bench_action_mutates(const char *name);
void bench_run_looked_for_leaks(struct bench_run *run);
void bench_run_leak(struct bench_run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);
void bench_run_unmeasured(struct bench_run *run, const char *what, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void bench_run_note(struct bench_run *run, const char *name, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* The first reason stays. */
void bench_run_partial(struct bench_run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- all of it ---- */

enum bench_loop { BENCH_LOOP_UNKNOWN, BENCH_CLOSED_LOOP, BENCH_OPEN_LOOP };

/* "at most 0.6 of rpc.ControllerPublishVolume.over_ec2.p99"; metrics.h has the
 * paths and the units. */
struct bench_budget {
	char *metric;
	bool at_least;	/* else at most */
	double limit;
};

struct bench_result {
	char *scenario;			/* a name; results of different ones are not compared */
	enum bench_loop loop;		/* what coordinated omission handling follows from */
	struct bench_texts parameters;	/* of the load; order kept */
	struct bench_texts machine;	/* "cpus", "model", "kernel", "memory" */
	struct bench_texts versions;	/* "ebs-csi-bench", "driver", "simulator" */
	char *driver;			/* its command line; NULL: it ran already */
	struct bench_budget *budgets;
	size_t nbudgets;
	struct bench_run **runs;
	size_t nruns;
};

struct bench_result *bench_result_new(const char *scenario);
void bench_result_free(struct bench_result *r);	/* NULL is fine */
void bench_result_driver(struct bench_result *r, const char *command);	/* NULL: it ran already */
struct bench_run *bench_result_add_run(struct bench_result *r, int64_t started_ms);
void bench_result_budget(struct bench_result *r, const char *metric, bool at_least, double limit);
/* Fills machine from /proc and uname. */
void bench_result_this_machine(struct bench_result *r);
/* Why one of its runs was cut short; NULL when all are complete. */
const char *bench_result_partial(const struct bench_result *r);
/* Adds the names of the RPCs and actions of all runs, each once, with empty values. */
void bench_result_names(const struct bench_result *r, struct bench_texts *rpcs,
			struct bench_texts *actions);
/* One sentence on what was done about coordinated omission. */
const char *bench_loop_text(enum bench_loop loop);
const char *bench_loop_name(enum bench_loop loop);	/* "open", "closed", "unknown" */

#endif
