/* The cluster simulation: one region of EC2, one controller that comes and goes,
 * the sidecars before it, nodes, and the lives of many volumes, all on one
 * virtual clock and from one seed. */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include "base/map.h"
#include "base/mem.h"
#include "controller.h"
#include "life.h"
#include "sidecar.h"
#include "sim/model.h"
#include "sim/rng.h"

#define CLUSTER_WALL INT64_C(1700000000000)	/* ms since 1970 at virtual time 0 */
#define CLUSTER_NODES_MAX 64

struct node {
	const char *id;		/* instance, the model's memory */
	const char *zone;
	bool dead;
};

/* What one seed does; zeroed members take what the seed draws. */
struct cluster_options {
	uint64_t seed;
	size_t lives;
	bool bytes;	/* EC2 is called in bytes; else some seeds do */
	bool calm;	/* no faults, no crashes: for the budget of calls */
	bool log;	/* print every event as it happens */
};

struct cluster_stats {
	uint64_t rpcs[RPC_KINDS], codes[17];
	uint64_t crashes, orphans, timeouts, dropped, duplicates;
	uint64_t node_deaths, clock_jumps, forced;	/* detaches by the operator */
	uint64_t settled_ms;	/* the longest time from the last fault to the end */
};

struct cluster {
	struct cluster_options opt;
	struct sim_rng rng;	/* of everything but the model */
	struct reactor *reactor;
	struct sim_config config;
	struct sim_model *model;
	bool bytes;
	bool hurry;		/* no pod stays long */
	struct controller ctl;
	struct sidecar provisioner, attacher;
	struct node nodes[CLUSTER_NODES_MAX];
	size_t n_nodes, next_node;
	struct life *lives;
	size_t n_lives, n_over;
	bool over;		/* all lives are */
	bool failed;
	int64_t faults_end;	/* nothing goes wrong by order after that */

	struct check *check;	/* check.h */
	struct faults *faults;	/* faults.h */
	uint64_t hash;		/* over all that clients did and saw */
	struct cluster_stats stats;
};

/* Runs one seed from the beginning to the end. True: every rule held. The
 * statistics are added to *sum, the trace goes to *hash. */
bool cluster_run(const struct cluster_options *opt, struct cluster_stats *sum, uint64_t *hash);

/* A rule is broken: tells the story of the life (NULL: of none) and ends the
 * run; the first one counts. */
void cluster_fail(struct cluster *c, const struct life *l, const char *rule, const char *fmt,
		  ...) PRINTF_LIKE(4, 5);

/* Something a client did (code -1) or saw: goes into the story, the hash and, with
 * opt.log, to stdout. what is static; l may be NULL. */
void cluster_event(struct cluster *c, struct life *l, const char *what, const char *node,
		   int code, const char *text);

int64_t cluster_now(const struct cluster *c);
/* Evenly drawn from..to, both included. */
int64_t cluster_draw(struct cluster *c, int64_t from, int64_t to);
bool cluster_chance(struct cluster *c, double p);
void cluster_hash(struct cluster *c, uint64_t x);
void cluster_hash_text(struct cluster *c, const char *s);

/* A node that is alive in this zone, other than `not`; NULL: none. */
struct node *cluster_pick_node(struct cluster *c, const char *zone, const struct node *not);
struct node *cluster_node(struct cluster *c, const char *id);	/* NULL: unknown */
struct node *cluster_add_node(struct cluster *c, const char *zone);
/* The instance goes into this state of EC2; its pods leave some time later. */
void cluster_kill_node(struct cluster *c, struct node *n, const char *state);

#endif
