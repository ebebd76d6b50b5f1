/* The simulator behind the driver: EC2's counters, times, buckets and volumes, by
 * the pages of ebs-csi-sim(8). */
#ifndef BENCH_SIMULATOR_H
#define BENCH_SIMULATOR_H

#include <jansson.h>

#include "base/map.h"
#include "net/http.h"

struct bench;

struct simulator {
	struct http *http;
	const char *url;	/* NULL: there is none */
	json_t *before;		/* its counters at the begin of the run */
	uint64_t times_before;	/* number of the last operation then */
	bool lost;		/* it went away */
	/* A look under way at the buckets, for the timeline. */
	struct http_exchange look;
	char *look_url;
	bool looking;
};

void simulator_open(struct simulator *s, struct reactor *r, const char *url);
void simulator_close(struct simulator *s);

/* These run the loop until the answer is there. -1 and err that names the URL. */
int simulator_begin(struct bench *b, struct err *err);
/* All instances that run, unless the options name nodes; the zone of the first, unless
 * they name one. No-op without a simulator. */
int simulator_nodes(struct bench *b, struct err *err);
/* Differences of the counters, the bucket optimum and leaks of this run's volumes,
 * into the run. */
int simulator_end(struct bench *b, struct err *err);

/* EC2's own time of one step of a volume's life, in us; -1: unknown. */
struct ec2_times {
	struct map by_key;	/* "attach vol-… i-…" -> us, boxed */
};
int simulator_times(struct bench *b, struct ec2_times *ret, struct err *err);
int64_t ec2_times_get(const struct ec2_times *t, const char *what, const char *volume,
		      const char *node);
void ec2_times_fini(struct ec2_times *t);

/* Starts a look at the buckets unless one is under way; what it finds goes into
 * the timeline. */
void simulator_look(struct bench *b);

#endif
