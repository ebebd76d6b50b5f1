/* What the parts of the load engine share while one run is under way. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/driver.h"
#include "bench/options.h"
#include "bench/result.h"
#include "bench/simulator.h"
#include "bench/want.h"

/* Where volumes are, for the timeline and the progress line. */
enum bench_state {
	STATE_CREATING, STATE_AVAILABLE, STATE_ATTACHING, STATE_ATTACHED, STATE_DETACHING,
	STATE_DELETING, STATE_NONE,
};

struct bench {
	const struct bench_options *opt;
	struct reactor *reactor;
	struct bench_result *result;
	struct bench_run *run;
	struct channel controller, node;	/* connections to the driver */
	struct workers provisioner, attacher;
	struct driver driver;
	struct simulator sim;
	struct draw draw;

	const char **nodes;	/* to attach to; the options' or the simulator's */
	size_t n_nodes;
	const char *zone;	/* NULL: anywhere */
	struct arena arena;	/* of the run */

	int64_t began_us;	/* the load; reactor_now_us() */
	uint64_t wanted, done, failed;
	uint64_t under_way, rpcs_in_flight;
	uint64_t states[STATE_NONE];
	void *load;		/* the scenario's own */
	volatile bool interrupted;	/* by a signal; seen within some ms */
	bool stopping;		/* nothing new begins: an interrupt, a dead driver, … */
	bool over;		/* the load has ended */
};

/* Ends the load early; the run is marked partial. The first reason stays. */
void bench_stop(struct bench *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Ms since the load began. */
int64_t bench_ms(const struct bench *b);
void bench_move(struct bench *b, enum bench_state *from, enum bench_state to);

#endif
