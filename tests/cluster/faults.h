/* What goes wrong in one seed: a swarm of faults drawn from it, each with a rate,
 * until cluster->faults_end. */
#ifndef CLUSTER_FAULTS_H
#define CLUSTER_FAULTS_H

#include "cluster.h"

struct faults *faults_new(struct cluster *c);	/* draws and arms them */
void faults_free(struct faults *f);
/* Called after each step of the clock: kills the controller at the step drawn. */
void faults_step(struct faults *f);
/* What EC2 may say in this seed because it was told to: that the caller is not
 * allowed, that a limit is reached, that a volume it accepted has failed. */
bool faults_refuse(const struct faults *f);
bool faults_limit(const struct faults *f);
bool faults_fail_volumes(const struct faults *f);
/* A volume has become available: some parts of EC2 may not know it yet. */
void faults_created(struct faults *f, const char *volume);
/* A detach finds the device still in use on its node, this time. */
bool faults_device_busy(struct faults *f);
/* Calls of a dead controller may still take effect: EC2 can do now what no
 * controller that lives has asked for. */
bool faults_late(const struct faults *f);

#endif
