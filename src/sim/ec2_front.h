/* EC2's Query endpoint over HTTP: reads requests, asks the model, answers after
 * the latency the model gives, with the faults it orders. */
#ifndef SIM_EC2_FRONT_H
#define SIM_EC2_FRONT_H

#include "net/http1.h"
#include "sim/auth.h"
#include "sim/world.h"

struct sim_front {
	struct sim_world *world;
	struct sim_auth auth;	/* strings are the owner's */
	uint64_t requests;	/* for the ids of those that the model never sees */
	int64_t clock_ms;	/* EC2's clock is ahead of this host's by that */
};

/* A POST or GET to "/"; answers it now or later. */
void sim_front_handle(struct sim_front *f, struct http1_request *req);

#endif
