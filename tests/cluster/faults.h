/* What goes wrong in one seed: a swarm of faults drawn from it, each with a rate,
 * until cluster->faults_end. */
#ifndef CLUSTER_FAULTS_H
#define CLUSTER_FAULTS_H

#include "cluster.h"

struct faults *faults_new(struct cluster *c);	/* draws and arms them */
void faults_free(struct faults *f);
/* Called after each step of the clock: kills the controller at the step drawn. */
void faults_step(struct faults *f);

#endif
