/* Volume limits: the worked examples of the reference driver, and the table's
 * own order, which the look-up relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "ebs/limits.h"

static void computes_the_worked_examples(void **state)
{
	static const struct {
		struct ebs_limits_input in;
		int64_t want;
	} cases[] = {
		/*  type, attach limit, reserved, extra volumes, interfaces */
		{ { "m5.large", 10, -1, 0, 1 }, 10 },
		{ { "m5.large", 0, -1, 0, 1 }, 0 },
		{ { "t2.medium", -1, -1, 0, 5 }, 38 },
		{ { "t2.medium", -1, 3, 0, 5 }, 36 },
		{ { "m5.large", -1, -1, 0, 0 }, 27 },
		{ { "m5.large", -1, -1, 0, 1 }, 26 },
		{ { "m5.large", -1, -1, 2, 3 }, 22 },
		{ { "m5d.large", -1, -1, 0, 3 }, 23 },
		{ { "m7i.48xlarge", -1, -1, 0, 15 }, 127 },
		{ { "t3.xlarge", -1, 0, 0, 40 }, 1 },
		{ { "d3en.12xlarge", -1, -1, 0, 1 }, 2 },
		{ { "d3.8xlarge", -1, -1, 0, 1 }, 2 },
		{ { "mac1.metal", -1, -1, 0, 1 }, 15 },
		{ { "g4dn.xlarge", -1, -1, 0, 1 }, 24 },
		{ { "g4ad.xlarge", -1, -1, 0, 1 }, 24 },
		{ { "g4dn.12xlarge", -1, -1, 0, 1 }, 21 },
		{ { "g5.48xlarge", -1, -1, 0, 1 }, 8 },
		{ { "inf1.xlarge", -1, -1, 0, 1 }, 25 },
		{ { "inf1.2xlarge", -1, -1, 0, 1 }, 25 },
		{ { "inf1.6xlarge", -1, -1, 0, 1 }, 22 },
		{ { "inf1.24xlarge", -1, -1, 0, 1 }, 10 },
		{ { "m5.large", -1, INT32_MAX, 0, 1 }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("# case %zu: %s\n", i, cases[i].in.instance_type);
		assert_int_equal(ebs_limits_max_volumes(&cases[i].in), cases[i].want);
	}
}

static void finds_every_row(void **state)
{
	static const struct {
		const char *type;
		uint16_t attachments;
		uint8_t cards;
	} rows[] = {
#define INSTANCE_LIMIT(type, attachments, pool, cards) { type, attachments, cards },
#include "ebs/instance_limits.tbl.h"
#undef INSTANCE_LIMIT
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ebs_instance_limit got = ebs_limits_of(rows[i].type);

		assert_true(i == 0 || strcmp(rows[i - 1].type, rows[i].type) < 0);
		assert_true(got.known);
		assert_int_equal(got.attachments, rows[i].attachments);
		assert_int_equal(got.ebs_cards, rows[i].cards);
	}
}

static void unknown_types_have_the_usual_limit(void **state)
{
	static const char *const types[] = { NULL, "", "zz99.mega", "m5.larg", "m5.large" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct ebs_instance_limit got = ebs_limits_of(types[i]);

		assert_false(got.known);
		assert_true(got.shared);
		assert_int_equal(got.attachments, 27);
		assert_int_equal(got.ebs_cards, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computes_the_worked_examples),
		cmocka_unit_test(finds_every_row),
		cmocka_unit_test(unknown_types_have_the_usual_limit),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
