/* What lies between the controller and the model of EC2. Either the typed seam:
 * requests and answers as structs, fast. Or bytes: the real client with its
 * encoder, signer and XML decoder, and the simulator's front that verifies and
 * reads them, over a link without sockets. */
#ifndef CLUSTER_SEAM_H
#define CLUSTER_SEAM_H

#include "aws/ec2_transport.h"
#include "sim/model.h"

struct seam;

/* One at a time where bytes are asked for. */
struct seam *seam_new(struct reactor *r, struct sim_model *m, bool bytes);
void seam_free(struct seam *s);
/* A controller starts: what of the client is its memory is made anew. */
struct ec2_transport *seam_open(struct seam *s);
void seam_close(struct seam *s);	/* it has ended; no attempt is active */

/* While off, no connection comes about. */
void seam_set_reachable(struct seam *s, bool on);
/* Calls take effect a drawn time after they were sent, also when their sender has
 * gone. */
void seam_set_transit(struct seam *s, const struct sim_delay *transit, uint64_t seed);
/* Calls on their way whose sender has gone. */
size_t seam_orphans(const struct seam *s);

/* The controller's wall clock jumps; EC2's does not. */
void seam_jump(struct seam *s, int64_t ms);
/* EC2 takes another secret key from now on; the controller's configuration has it
 * since seam_give_key. Without effect at the typed seam. */
void seam_change_key(struct seam *s);
void seam_give_key(struct seam *s);

#endif
