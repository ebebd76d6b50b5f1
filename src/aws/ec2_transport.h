/* The seam below the controller: one attempt of one EC2 call. The real
 * transport signs, sends by HTTP and decodes; the simulated one asks the model
 * in process, in virtual time. Everything above (scheduler, retry, volume
 * operations) sees this only. */
#ifndef AWS_EC2_TRANSPORT_H
#define AWS_EC2_TRANSPORT_H

#include "aws/ec2_types.h"
#include "reactor/op.h"

/* How an attempt failed, for the retry policy (EC2 notes 4.4, 6). */
enum ec2_fault {
	EC2_FAULT_NONE,
	EC2_FAULT_THROTTLED,	/* refused by a bucket; had no effect */
	EC2_FAULT_NOT_SENT,	/* no connection: certainly had no effect */
	EC2_FAULT_UNKNOWN,	/* reset, time-out, 5xx, unreadable answer: may have taken effect */
	EC2_FAULT_AUTH,		/* credentials refused or expired; had no effect */
	EC2_FAULT_SKEW,		/* our clock is off; corrected now; had no effect */
	EC2_FAULT_REFUSED,	/* EC2 said no; final. err.reason is its code */
};

struct ec2_transport;

/* One attempt: a leaf or a small tree, opaque to the caller. err on failure:
 * reason = EC2's error code or "" , msg = EC2's text with the request id
 * appended as "(request id …)". */
struct ec2_exchange {
	struct op op;
	struct ec2_transport *transport;
	const struct ec2_request *req;	/* caller's; lives as long as the op */
	struct ec2_response resp;	/* on success; released by op_fini */
	enum ec2_fault fault;
	int http_status;		/* 0: no answer */
	int64_t retry_after_ms;		/* what the server asked for, or 0 */
	void *impl;			/* the transport's own, freed by op_fini */
};

struct ec2_transport {
	/* Prepares x->op (op_init) for an attempt of x->req; the caller starts it.
	 * x is zeroed or has been op_fini'd. */
	void (*prepare)(struct ec2_transport *t, struct ec2_exchange *x);
	struct reactor *reactor;
};

void ec2_exchange_init(struct ec2_exchange *x, struct ec2_transport *t,
		       const struct ec2_request *req);

#endif
