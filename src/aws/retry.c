#include "aws/retry.h"

#include <string.h>

#include "base/defect.h"
#include "base/str.h"

#define DELAY_BASE_MS 100
#define DELAY_MAX_MS 5000

static const struct error_fact {
	const char *code;
	enum ec2_fault fault;
	enum grpc_code grpc;
} facts[] = {
#define EC2_ERROR(code, fault, grpc) { code, EC2_FAULT_##fault, GRPC_##grpc },
#include "aws/ec2_errors.tbl.h"
#undef EC2_ERROR
};

static const struct error_fact *find(const char *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (cstr_eq(facts[i].code, code))
			return &facts[i];
	return NULL;
}

enum ec2_fault retry_fault(const char *code, int http_status)
{
	const struct error_fact *f = find(code);

	if (f)
		return f->fault;
	if (http_status == 429)
		return EC2_FAULT_THROTTLED;
	return http_status >= 500 ? EC2_FAULT_UNKNOWN : EC2_FAULT_REFUSED;
}

enum grpc_code retry_grpc_code(const char *code, enum ec2_fault fault)
{
	const struct error_fact *f = find(code);

	if (fault == EC2_FAULT_SKEW)	/* corrected: the next call will do */
		return GRPC_UNAVAILABLE;
	if (f)
		return f->grpc;
	switch (fault) {
	case EC2_FAULT_AUTH:
		return GRPC_UNAUTHENTICATED;
	case EC2_FAULT_THROTTLED:
	case EC2_FAULT_NOT_SENT:
	case EC2_FAULT_UNKNOWN:
		return GRPC_UNAVAILABLE;
	default:
		return GRPC_INTERNAL;
	}
}

enum retry_verdict retry_decide(struct retry_state *s, enum ec2_fault fault, bool repeatable)
{
	if (DEFECT(retry_unbounded))
		return RETRY_AT_ONCE;
	switch (fault) {
	case EC2_FAULT_THROTTLED:
		return RETRY_QUEUE;
	case EC2_FAULT_AUTH:
	case EC2_FAULT_SKEW:
		return ++s->mended < RETRY_AUTH_MAX ? RETRY_AT_ONCE : RETRY_NEVER;
	case EC2_FAULT_UNKNOWN:
		if (!repeatable)
			return RETRY_NEVER;
		__attribute__((fallthrough));
	case EC2_FAULT_NOT_SENT:
		return ++s->transient < RETRY_MAX ? RETRY_LATER : RETRY_NEVER;
	default:
		return RETRY_NEVER;
	}
}

/* splitmix64: enough for jitter, one word of state, the same on every machine. */
void retry_rng_init(struct retry_rng *rng, uint64_t seed)
{
	rng->s = seed;
}

static uint64_t next(struct retry_rng *rng)
{
	uint64_t z = (rng->s += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

double retry_rng_unit(struct retry_rng *rng)
{
	return (double)(next(rng) >> 11) / 9007199254740992.0;	/* 2^53 */
}

int64_t retry_delay_ms(struct retry_rng *rng, const struct retry_state *s,
		       int64_t server_asked_ms)
{
	unsigned int n = s->transient > 0 ? s->transient - 1u : 0;
	int64_t most = n < 6 ? DELAY_BASE_MS << n : DELAY_MAX_MS;
	int64_t own = (int64_t)(retry_rng_unit(rng) * (double)most);

	if (server_asked_ms <= own)
		return own;
	return server_asked_ms < own + DELAY_MAX_MS ? server_asked_ms : own + DELAY_MAX_MS;
}
