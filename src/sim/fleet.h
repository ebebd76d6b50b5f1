/* The instances of --instances: a number, a list "ID[:TYPE[:ZONE]],…", or @FILE,
 * in JSON or a line each; see ebs-csi-sim(8). */
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include "sim/model.h"

#define SIM_FLEET_MAX 100000

/* *first is the id of the first one (the model's memory), NULL if there is none.
 * -1 and INVALID_ARGUMENT naming the file and the line or entry. */
int sim_fleet_add(struct sim_model *m, const char *text, const char **first, struct err *err);

#endif
