/* One run of a scenario from the start of the driver to its end. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "bench/bench.h"

/* Asked between steps; true ends the run early. */
struct interrupt {
	volatile bool asked;
	struct bench *bench;	/* the run under way, or NULL */
};

/* Adds a run to the result. -1 and err when nothing could be measured at all (bad
 * endpoint, a driver that does not start); else what was measured is in the run,
 * marked partial if it was cut short. Nothing is left running. */
int bench_run_once(struct bench_result *result, const struct bench_options *o,
		   struct interrupt *interrupt, struct err *err);

#endif
