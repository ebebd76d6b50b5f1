/* The simulated EC2 behind the typed seam: attempts go to the model in process
 * and end after its latency, on a reactor with real or virtual time. */
#ifndef SIM_TRANSPORT_H
#define SIM_TRANSPORT_H

#include "aws/ec2_transport.h"
#include "sim/model.h"

struct sim_transport;

/* The model is the caller's and outlives the transport; several transports on
 * one model are several clients of one account. */
struct sim_transport *sim_transport_new(struct reactor *r, struct sim_model *m);
/* No attempt may be active; orphans are lost. */
void sim_transport_free(struct sim_transport *t);
/* What ec2_new and ec2_exchange_init take. */
struct ec2_transport *sim_transport_ec2(struct sim_transport *t);

/* An attempt that waits longer for its answer (SIM_HANG) ends with
 * EC2_FAULT_UNKNOWN, as the real transport's time-out does. Default 60 s. */
void sim_transport_set_timeout(struct sim_transport *t, int64_t ms);
/* A call takes effect a drawn time after it was sent, instead of at once; its
 * answer takes that much longer. Once sent it will: also when its attempt is
 * stopped before, as by a client that dies. NULL: at once again. */
void sim_transport_set_transit(struct sim_transport *t, const struct sim_delay *transit,
			       uint64_t seed);
/* Calls sent that have not taken effect yet and whose attempts are over. */
size_t sim_transport_orphans(const struct sim_transport *t);
/* While off, attempts end at once with EC2_FAULT_NOT_SENT and never reach the
 * model. */
void sim_transport_set_reachable(struct sim_transport *t, bool on);

#endif
