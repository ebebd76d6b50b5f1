/* A scripted EC2 behind the transport seam, in virtual time: answers come from
 * the test's handler after a latency, refusals from real token buckets. For
 * tests of what lies above the seam; behaviour of EC2 itself is the simulator's. */
#ifndef TESTS_LIB_FAKE_EC2_H
#define TESTS_LIB_FAKE_EC2_H

#include "aws/ec2_transport.h"
#include "reactor/reactor.h"

/* What the handler says; starts as success without a body. */
struct fake_answer {
	struct ec2_response *resp;	/* strings into resp->arena */
	enum ec2_fault fault;
	const char *code;	/* EC2's, with a fault */
	const char *text;
	int64_t latency_ms;	/* starts as the fake's */
	bool lost;		/* takes effect, but the answer is never read: UNKNOWN */
};

struct fake_bucket {
	double burst, rate, level;
	int64_t at;
};

struct fake_ec2 {
	struct ec2_transport transport;
	void *ctx;
	void (*handle)(struct fake_ec2 *f, const struct ec2_request *req,
		       struct fake_answer *a);
	struct fake_bucket *bucket[EC2_ACTION_COUNT];	/* NULL: no limit */
	int64_t latency_ms, jitter_ms;	/* latency + uniform [0, jitter) */
	uint64_t seed;
	unsigned int calls[EC2_ACTION_COUNT];
	unsigned int throttled[EC2_ACTION_COUNT];
	unsigned int in_flight, most_in_flight;
};

void fake_ec2_init(struct fake_ec2 *f, struct reactor *r);
void fake_bucket_init(struct fake_bucket *b, double burst, double rate);
bool fake_bucket_take(struct fake_bucket *b, int64_t now);
void fake_fail(struct fake_answer *a, const char *code, const char *text);

#endif
