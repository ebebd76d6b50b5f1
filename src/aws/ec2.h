/* An EC2 call as the rest of the program makes it: queued by the scheduler for
 * its token, attempted, repeated by the one retry policy, ended. Nobody calls
 * EC2 in another way. */
#ifndef AWS_EC2_H
#define AWS_EC2_H

#include "aws/ec2_sched.h"
#include "aws/ec2_transport.h"
#include "aws/ec2_types.h"
#include "aws/retry.h"
#include "base/buf.h"
#include "reactor/op.h"

struct ec2;	/* scheduler, retry policy and counters over one transport */

struct ec2 *ec2_new(struct reactor *r, struct ec2_transport *t);
void ec2_free(struct ec2 *e);	/* no call may be active */
/* Attempts of mutating calls run on when their call is cancelled, so that
 * nobody goes on while one may still take effect. This cuts them off: for the
 * end of the process. */
void ec2_stop(struct ec2 *e);

/* A composite op that ends with resp filled in, or with err: code is the gRPC
 * code that fits the EC2 code in general (NotFound codes NOT_FOUND, quota codes
 * RESOURCE_EXHAUSTED, parameter codes INVALID_ARGUMENT, permission codes
 * PERMISSION_DENIED, credentials UNAUTHENTICATED, state codes
 * FAILED_PRECONDITION, retries given up UNAVAILABLE; volume operations refine
 * it), reason is EC2's code, msg is "<Action>: <Code>: <text> (request id …)".
 * A throttled attempt goes back to its place in the queue, until the deadline
 * of the tree; one that failed otherwise is repeated RETRY_MAX times if it
 * certainly had no effect or the action is repeatable (ec2_actions.tbl.h).
 * After a failure with maybe_done set the caller looks at what is there. */
struct ec2_call {
	struct op op;
	struct ec2 *ec2;
	struct ec2_request req;		/* fill in before the start; what it points to
					   must live until the call has ended */
	struct ec2_response resp;	/* valid after success, until op_fini */
	bool maybe_done;	/* it failed, or an attempt before the last did, and
				   may have taken effect all the same */
	/* The scheduler's and the retry policy's own. */
	struct list link;
	struct ec2_ticket ticket;
	struct ec2_exchange *exchange;	/* only while there is an attempt: few of
					   thousands of calls are on the wire */
	struct op_sleep pause;
	struct retry_state retry;
	struct err last;	/* why it is being repeated */
	unsigned int attempts;
	bool sent;		/* an attempt has begun and is not reported yet */
};

/* Prepares call->op and zeroes call->req but for its action. */
void ec2_call_init(struct ec2_call *call, struct ec2 *e, enum ec2_action action);
/* True when it failed with this EC2 code. */
bool ec2_call_failed_with(const struct ec2_call *call, const char *code);

/* Calls per second that EC2 is believed to grant of this action. */
double ec2_rate(const struct ec2 *e, enum ec2_action action);

/* For /debug/ec2: per bucket rate learned, level, queue lengths by class, waits;
 * per action calls, throttles, errors. JSON. */
void ec2_dump_json(const struct ec2 *e, struct buf *out);

#endif
