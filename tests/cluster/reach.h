/* What was reached: each fault at each EC2 action it can hit, and each accident (a
 * crash, a client that hangs up or whose deadline passes, the node's end, a jump of
 * the clock) at each step an operation can wait in. Summed over all seeds of the
 * process. */
#ifndef CLUSTER_REACH_H
#define CLUSTER_REACH_H

#include "cluster.h"

enum reach_end {
	REACH_CRASH, REACH_HANG_UP, REACH_DEADLINE,	/* seeds aim with these */
	REACH_NODE, REACH_JUMP, REACH_ENDS
};
#define REACH_AIMS (REACH_DEADLINE + 1)

/* Where every job of the controller stands now; of this node's only unless NULL. */
void reach_jobs(const struct cluster *c, enum reach_end end, const char *node);
/* Where the job stands that this operation of an RPC waits for; NULL: none. */
void reach_client(const struct cluster *c, const struct op *root, enum reach_end end);
/* For seeds that aim at one step: a number of one, and a job that stands there now
 * or NULL. */
size_t reach_draw(struct cluster *c);
const struct job *reach_find(const struct cluster *c, size_t step);
/* The faults that hit in the model, at the end of a seed. */
void reach_faults(const struct cluster *c);

/* Prints all counts. False when something that can happen has not: those are
 * marked. */
bool reach_report(void);

#endif
