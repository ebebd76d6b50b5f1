/* The index of what proto files define. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "h2/descriptors.h"
#include "h2/echo.h"
#include "h2/health.h"

static const struct proto_file *file_of(const struct descriptors *d, const char *symbol)
{
	return descriptors_symbol(d, symbol);
}

static void finds_symbols_of_every_kind(void **state)
{
	static const char *const names[] = {
		"grpc.health.v1.Health", "grpc.health.v1.Health.Check",
		"grpc.health.v1.HealthCheckRequest", "grpc.health.v1.HealthCheckRequest.service",
		"grpc.health.v1.HealthCheckResponse.ServingStatus",
		"grpc.health.v1.HealthCheckResponse.NOT_SERVING",
		"grpc.health.v1.HealthListResponse.StatusesEntry",
		"grpc.health.v1.HealthListResponse.StatusesEntry.value",
	};
	struct descriptors d;
	struct err err = {0};

	descriptors_init(&d);
	assert_int_equal(descriptors_add_set(&d, grpc_health_descriptor_set,
					     grpc_health_descriptor_set_len, &err), 0);
	assert_int_equal(descriptors_add_set(&d, echo_descriptor_set, echo_descriptor_set_len,
					     &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_ptr_equal(file_of(&d, names[i]),
				 descriptors_file(&d, "grpc/health/v1/health.proto"));
	assert_non_null(file_of(&d, names[0]));
	assert_ptr_equal(file_of(&d, "test.Echo.Chat"), descriptors_file(&d, "h2/echo.proto"));
	assert_null(file_of(&d, "grpc.health.v1.Nothing"));
	assert_null(file_of(&d, "Health"));
	assert_int_equal(d.n_files, 2);
	/* The same files again change nothing. */
	assert_int_equal(descriptors_add_set(&d, echo_descriptor_set, echo_descriptor_set_len,
					     &err), 0);
	assert_int_equal(d.n_files, 2);
	descriptors_fini(&d);
}

/* file "a.proto", package "p", imports "b.proto" and "c.proto"; message M; an
 * extension "e", number 1000, of .p.M. */
static const char by_hand[] =
	"\n\x31" "\n\7a.proto" "\x12\1p" "\x1a\7b.proto" "\x1a\7c.proto"
	"\"\3\n\1M" "\x3a\xc" "\n\1e" "\x12\4.p.M" "\x18\xe8\7";

static void knows_imports_and_extensions(void **state)
{
	struct descriptors d;
	const struct proto_file *f;
	struct err err = {0};

	descriptors_init(&d);
	assert_int_equal(descriptors_add_set(&d, by_hand, sizeof(by_hand) - 1, &err), 0);
	f = descriptors_file(&d, "a.proto");
	assert_non_null(f);
	assert_int_equal(f->n_imports, 2);
	assert_string_equal(f->imports[1], "c.proto");
	assert_ptr_equal(file_of(&d, "p.M"), f);
	assert_ptr_equal(file_of(&d, "p.e"), f);
	assert_ptr_equal(descriptors_extension(&d, "p.M", 1000), f);
	assert_null(descriptors_extension(&d, "p.M", 1001));
	descriptors_fini(&d);
}

/* Whatever the bytes are: an answer or an error, and no read behind them. */
static void survives_broken_sets(void **state)
{
	size_t n = grpc_health_descriptor_set_len, refused = 0;
	unsigned char *bytes = xmalloc(n);

	for (size_t i = 0; i < 2 * n; i++) {
		struct descriptors d;
		struct err err = {0};
		size_t len = i < n ? i : n;
		unsigned char *exact = xmalloc(len ? len : 1);

		memcpy(bytes, grpc_health_descriptor_set, n);
		if (i >= n)
			bytes[i - n] ^= 0xff;
		memcpy(exact, bytes, len);
		descriptors_init(&d);
		refused += descriptors_add_set(&d, exact, len, &err) < 0;
		err_fini(&err);
		descriptors_fini(&d);
		free(exact);
	}
	assert_true(refused > n);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_symbols_of_every_kind),
		cmocka_unit_test(knows_imports_and_extensions),
		cmocka_unit_test(survives_broken_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
