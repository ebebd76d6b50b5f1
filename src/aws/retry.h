/* What an EC2 error means and how long to wait before the next try. Facts and
 * arithmetic; no I/O. */
#ifndef AWS_RETRY_H
#define AWS_RETRY_H

#include <stdint.h>

#include "aws/ec2_transport.h"
#include "base/err.h"

/* The fault behind an EC2 error code and HTTP status, for transports. A code
 * that is not known is REFUSED, or UNKNOWN with a 5xx status, or THROTTLED with 429. */
enum ec2_fault retry_fault(const char *code, int http_status);
/* The gRPC code that fits in general; volume operations refine it. */
enum grpc_code retry_grpc_code(const char *code, enum ec2_fault fault);

/* What the policy says to a failed attempt. */
enum retry_verdict {
	RETRY_NEVER,	/* final */
	RETRY_LATER,	/* after retry_delay_ms */
	RETRY_AT_ONCE,	/* the cause has been mended (clock, credentials) */
	RETRY_QUEUE,	/* back to its place in the queue, the bucket decides when */
};

/* Tries of one call that failed for other reasons than a throttle: about 12 s
 * with the delays below, so that a caller with a 15 s deadline still gets the reason. */
#define RETRY_MAX 8
#define RETRY_AUTH_MAX 2

struct retry_state {
	uint8_t transient;	/* failures so far, by kind */
	uint8_t mended;
};

/* Counts the failure and decides. repeatable: the action may be sent again when
 * it is unknown whether it took effect. */
enum retry_verdict retry_decide(struct retry_state *s, enum ec2_fault fault, bool repeatable);

/* Full jitter: uniform in [0, min(100 ms x 2^n, 5 s)), n = failures so far - 1;
 * at least what the server asked for, that limited to 5 s more than our own. */
struct retry_rng {
	uint64_t s;
};
void retry_rng_init(struct retry_rng *rng, uint64_t seed);
double retry_rng_unit(struct retry_rng *rng);	/* [0, 1) */
int64_t retry_delay_ms(struct retry_rng *rng, const struct retry_state *s,
		       int64_t server_asked_ms);

#endif
