/* HTTP between the real EC2 client and the simulator's real front, without
 * sockets and in virtual time: every byte is written, signed, checked, read as
 * in the field. Takes the place of net/http.c and net/http1_request.c when linked
 * before libnet. */
#ifndef TESTS_LIB_BYTE_LINK_H
#define TESTS_LIB_BYTE_LINK_H

#include "net/http.h"
#include "sim/ec2_front.h"
#include "sim/rng.h"

/* Requests go from any exchange of this http to the front. Both are the
 * caller's. There may be one link only; it needs no http_new. */
struct http *byte_link_new(struct reactor *r, struct sim_front *front, uint64_t seed);
/* No exchange may be active; what is on the way is lost. */
void byte_link_free(struct http *h);

/* While off, connections are refused. */
void byte_link_set_reachable(struct http *h, bool on);
/* Requests arrive a drawn time after they were sent, then also when their sender
 * has gone. NULL: at once. */
void byte_link_set_transit(struct http *h, const struct sim_delay *transit);
/* Requests on the way whose sender has gone. */
size_t byte_link_orphans(const struct http *h);

#endif
