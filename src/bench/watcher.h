/* Looks at the driver, the simulator and at itself while the load runs: samples
 * into the run's timeline and figures, and a line of progress for people. */
#ifndef BENCH_WATCHER_H
#define BENCH_WATCHER_H

#include "bench/bench.h"

#define WATCHER_TURNS 256

struct watcher {
	struct bench *bench;
	struct timer sample, progress;
	int64_t last_us;	/* of the last sample */
	double last_cpu_s;
	struct proc_sample first, last;
	bool seen;		/* the driver could be looked at */
	struct http *http;	/* of the debug endpoint */
	struct http_exchange lag;
	char *lag_url;
	const char *lag_socket;	/* the options'; NULL: by TCP */
	uint64_t turns[WATCHER_TURNS];	/* of the driver's loop, at the last look */
	bool turns_seen;
	bool asking_lag, quiet, terminal, drawn;
	unsigned int samples;
};

/* From now on. */
void watcher_begin(struct watcher *w, struct bench *b, bool quiet);
/* What was before this belongs to the idle driver: memory and CPU count anew. */
void watcher_load_begins(struct watcher *w);
/* The last sample, and the figures that follow from the whole. */
void watcher_end(struct watcher *w);
void watcher_close(struct watcher *w);

#endif
