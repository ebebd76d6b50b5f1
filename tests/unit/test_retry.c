#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aws/retry.h"

static void codes_have_their_fault(void **state)
{
	(void)state;
	assert_int_equal(retry_fault("RequestLimitExceeded", 503), EC2_FAULT_THROTTLED);
	assert_int_equal(retry_fault("PriorRequestNotComplete", 400), EC2_FAULT_THROTTLED);
	assert_int_equal(retry_fault("InternalError", 500), EC2_FAULT_UNKNOWN);
	assert_int_equal(retry_fault("RequestTimeout", 400), EC2_FAULT_UNKNOWN);
	assert_int_equal(retry_fault("AuthFailure", 401), EC2_FAULT_AUTH);
	assert_int_equal(retry_fault("VolumeInUse", 400), EC2_FAULT_REFUSED);
	/* Capacity is a server error in EC2's words, and final all the same. */
	assert_int_equal(retry_fault("InsufficientVolumeCapacity", 503), EC2_FAULT_REFUSED);
	assert_int_equal(retry_fault("DryRunOperation", 412), EC2_FAULT_REFUSED);
	assert_int_equal(retry_fault("NeverSeen", 400), EC2_FAULT_REFUSED);
	assert_int_equal(retry_fault("NeverSeen", 502), EC2_FAULT_UNKNOWN);
	assert_int_equal(retry_fault("", 429), EC2_FAULT_THROTTLED);
}

static void codes_have_their_grpc_code(void **state)
{
	(void)state;
	assert_int_equal(retry_grpc_code("InvalidVolume.NotFound", EC2_FAULT_REFUSED),
			 GRPC_NOT_FOUND);
	assert_int_equal(retry_grpc_code("AttachmentLimitExceeded", EC2_FAULT_REFUSED),
			 GRPC_RESOURCE_EXHAUSTED);
	assert_int_equal(retry_grpc_code("VolumeInUse", EC2_FAULT_REFUSED),
			 GRPC_FAILED_PRECONDITION);
	assert_int_equal(retry_grpc_code("", EC2_FAULT_NOT_SENT), GRPC_UNAVAILABLE);
	assert_int_equal(retry_grpc_code("", EC2_FAULT_AUTH), GRPC_UNAUTHENTICATED);
	assert_int_equal(retry_grpc_code("RequestExpired", EC2_FAULT_AUTH), GRPC_UNAUTHENTICATED);
	assert_int_equal(retry_grpc_code("RequestExpired", EC2_FAULT_SKEW), GRPC_UNAVAILABLE);
	assert_int_equal(retry_grpc_code("NeverSeen", EC2_FAULT_REFUSED), GRPC_INTERNAL);
}

static void decides_by_fault(void **state)
{
	struct retry_state s = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(retry_decide(&s, EC2_FAULT_THROTTLED, false), RETRY_QUEUE);
	assert_int_equal(retry_decide(&s, EC2_FAULT_REFUSED, true), RETRY_NEVER);
	assert_int_equal(retry_decide(&s, EC2_FAULT_UNKNOWN, false), RETRY_NEVER);
	assert_int_equal(retry_decide(&s, EC2_FAULT_NOT_SENT, false), RETRY_LATER);
	assert_int_equal(retry_decide(&s, EC2_FAULT_AUTH, false), RETRY_AT_ONCE);
	assert_int_equal(retry_decide(&s, EC2_FAULT_AUTH, false), RETRY_NEVER);
}

static void gives_up_after_some_failures(void **state)
{
	struct retry_state s = { 0 };

	(void)state;
	for (int i = 1; i < RETRY_MAX; i++)
		assert_int_equal(retry_decide(&s, EC2_FAULT_UNKNOWN, true), RETRY_LATER);
	assert_int_equal(retry_decide(&s, EC2_FAULT_UNKNOWN, true), RETRY_NEVER);
}

static void delays_are_jittered_and_bounded(void **state)
{
	struct retry_rng rng;
	struct retry_state s = { .transient = 3 };
	int64_t most = 0, least = INT64_MAX, sum = 0;

	(void)state;
	retry_rng_init(&rng, 7);
	for (int i = 0; i < 10000; i++) {
		int64_t ms = retry_delay_ms(&rng, &s, 0);

		most = ms > most ? ms : most;
		least = ms < least ? ms : least;
		sum += ms;
	}
	assert_true(most < 400 && most > 390 && least < 5);
	assert_in_range(sum / 10000, 190, 210);
	s.transient = 200;
	assert_true(retry_delay_ms(&rng, &s, 0) < 5000);
}

static void the_server_may_ask_for_more_but_not_for_ever(void **state)
{
	struct retry_rng rng;
	struct retry_state s = { .transient = 1 };

	(void)state;
	retry_rng_init(&rng, 7);
	assert_int_equal(retry_delay_ms(&rng, &s, 1500), 1500);
	assert_in_range(retry_delay_ms(&rng, &s, 600000), 5000, 5100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_have_their_fault),
		cmocka_unit_test(codes_have_their_grpc_code),
		cmocka_unit_test(decides_by_fault),
		cmocka_unit_test(gives_up_after_some_failures),
		cmocka_unit_test(delays_are_jittered_and_bounded),
		cmocka_unit_test(the_server_may_ask_for_more_but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
