/* An operator with EC2's console: a detach that EC2 never ends is ended by force,
 * some time later. */
#ifndef CLUSTER_OPERATOR_H
#define CLUSTER_OPERATOR_H

#include "base/map.h"
#include "reactor/timer.h"

struct cluster;

struct operator {
	struct cluster *cluster;
	struct timer round;
	struct map leaving;	/* "volume node", seen at the last round */
};

void operator_init(struct operator *o, struct cluster *c);
void operator_begin(struct operator *o);	/* goes round from now on */
void operator_fini(struct operator *o);

#endif
