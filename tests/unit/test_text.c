/* Numbers, times, encodings, JSON and XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/xml.h"

static void numbers(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-", "1.0", "0x1", "1e3",
					   "18446744073709551616", "99999999999999999999" };
	uint64_t u = 7;
	int64_t i = 7;
	double d = 7;

	for (size_t k = 0; k < ARRAY_SIZE(bad); k++) {
		assert_int_equal(parse_u64(str_c(bad[k]), &u), -1);
		assert_int_equal(u, 7);
	}
	assert_int_equal(parse_u64(str_c("18446744073709551615"), &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(parse_u64(str_n("123x", 3), &u), 0);
	assert_int_equal(u, 123);
	assert_int_equal(parse_i64(str_c("-9223372036854775808"), &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(parse_i64(str_c("9223372036854775808"), &i), -1);
	assert_int_equal(parse_i64(str_c("--1"), &i), -1);
	assert_int_equal(parse_double(str_c("-1.5e3"), &d), 0);
	assert_true(d == -1500);
	assert_int_equal(parse_double(str_c("nan"), &d), -1);
	assert_int_equal(parse_double(str_c("0x10"), &d), -1);
	assert_int_equal(parse_double(str_c("1e999"), &d), -1);
	assert_int_equal(parse_double(str_n("1\0002", 3), &d), -1);
	assert_int_equal(parse_double(str_c("1.5.2"), &d), -1);
}

static void booleans(void **state)
{
	bool b = false;

	assert_int_equal(parse_bool(str_c("True"), &b), 0);
	assert_true(b);
	assert_int_equal(parse_bool(str_c("f"), &b), 0);
	assert_false(b);
	assert_int_equal(parse_bool(str_c("yes"), &b), -1);
	assert_int_equal(parse_bool(str_c(""), &b), -1);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "0", 0 }, { "1h2m3.5s", 3723500 }, { "300ms", 300 }, { "-1s", -1000 },
		{ "+1.5m", 90000 }, { "1500us", 1 }, { "1\xc2\xb5s", 0 }, { ".5s", 500 },
		{ "1.s", 1000 }, { "0.001s", 1 }, { "0.3s", 300 }, { "2540400h", 9145440000000 },
	};
	static const char *const bad[] = { "", "1", "s", ".s", "1x", "1 s", "-", "1s2", "1e3s",
					   "--1s", "9999999999h", "1..5s" };
	int64_t ms = 7;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse_duration_ms(str_c(good[i].text), &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_duration_ms(str_c(bad[i]), &ms), -1);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-23T21:19:03.678Z", 1795468743678 },
		{ "2024-02-29T12:00:00.123456789+02:00", 1709200800123 },
		{ "1969-12-31T23:59:59.5Z", -500 },
		{ "2000-01-01 00:00:00-0530", 946704600000 },
		{ "0001-01-01T00:00:00Z", -62135596800000 },
		{ "9999-12-31T23:59:59Z", 253402300799000 },
	};
	static const char *const bad[] = { "", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
		"2026-01-01", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00Zx", "26-01-01T00:00:00Z", "2026-01-01T00:00:00+1" };
	int64_t ms;
	struct buf b;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (parse_time_ms(str_c(good[i].text), &ms) < 0 || ms != good[i].ms)
			fail_msg("%s: %lld", good[i].text, (long long)ms);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_time_ms(str_c(bad[i]), &ms), -1);
	buf_init(&b, 100);
	for (int64_t t = -100000000777; t < 5000000000000; t += 98765432101) {
		buf_reset(&b);
		encode_time(&b, t);
		assert_int_equal(parse_time_ms(buf_view(&b), &ms), 0);
		assert_int_equal(ms, t);
	}
	buf_fini(&b);
}

static void hex_and_base64(void **state)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "\xff\xfe\xfd", "//79" } };
	static const char *const bad[] = { "Z", "Zg=", "Zh==", "Zm9v!", "=", "Zg==Zg==", "Zm 9" };
	unsigned char bytes[4] = { 0 };
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		buf_reset(&b);
		encode_base64(&b, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(buf_cstr(&b), pairs[i][1]);
		buf_reset(&b);
		assert_int_equal(decode_base64(&b, str_c(pairs[i][1])), 0);
		assert_string_equal(buf_cstr(&b), pairs[i][0]);
	}
	buf_reset(&b);
	assert_int_equal(decode_base64(&b, str_c("Zm8")), 0);	/* unpadded */
	assert_string_equal(buf_cstr(&b), "fo");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		buf_reset(&b);
		assert_int_equal(decode_base64(&b, str_c(bad[i])), -1);
	}
	buf_reset(&b);
	encode_hex(&b, "\x00\xab\xff", 3);
	assert_string_equal(buf_cstr(&b), "00abff");
	assert_int_equal(decode_hex(str_c("00aBFf01"), bytes, 4), 0);
	assert_int_equal(bytes[1], 0xab);
	assert_int_equal(decode_hex(str_c("00aBFf0"), bytes, 4), -1);
	assert_int_equal(decode_hex(str_c("00aBFg01"), bytes, 4), -1);
	buf_fini(&b);
}

static void percent(void **state)
{
	struct buf b;

	buf_init(&b, 1000);
	encode_percent(&b, str_c("a b/c~\xc3\xbc+*"), NULL);
	assert_string_equal(buf_cstr(&b), "a%20b%2Fc~%C3%BC%2B%2A");
	buf_reset(&b);
	encode_percent(&b, str_n("/\0", 2), "/");
	assert_string_equal(buf_cstr(&b), "/%00");
	buf_reset(&b);
	assert_int_equal(decode_percent(&b, str_c("a%20b+c%2f"), 1), 0);
	assert_string_equal(buf_cstr(&b), "a b c/");
	assert_int_equal(decode_percent(&b, str_c("%2"), 0), -1);
	assert_int_equal(decode_percent(&b, str_c("%zz"), 0), -1);
	buf_fini(&b);
}

static void json_strings(void **state)
{
	static const char *const pairs[][2] = {
		{ "plain", "\"plain\"" }, { "q\"b\\n\n\x01\x7f", "\"q\\\"b\\\\n\\n\\u0001\\u007f\"" },
		{ "\xc3\xbc\xf0\x9f\x98\x80", "\"\xc3\xbc\xf0\x9f\x98\x80\"" },
		{ "\xff", "\"\xef\xbf\xbd\"" }, { "\xc3", "\"\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },	/* surrogate */
		{ "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },			/* over-long */
		{ "\xf0\x9f\x98", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		buf_reset(&b);
		encode_json(&b, str_c(pairs[i][0]));
		assert_string_equal(buf_cstr(&b), pairs[i][1]);
	}
	buf_fini(&b);
}

static void json_documents(void **state)
{
	struct err err = { 0 };
	auto_free char *big = xcalloc(1, JSON_TEXT_MAX + 1);
	json_t *j = json_parse(str_c("{\"a\":\"x\",\"n\":-5,\"s\":true}"), &err);

	assert_string_equal(json_get_str(j, "a"), "x");
	assert_null(json_get_str(j, "n"));
	assert_null(json_get_str(j, "none"));
	assert_int_equal(json_get_int(j, "n", 1), -5);
	assert_int_equal(json_get_int(j, "s", 1), 1);
	assert_null(json_get_str(NULL, "a"));
	json_decref(j);
	assert_null(json_parse(str_c("{\n \"a\":1,\"a\":2}"), &err));
	assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
	assert_non_null(strstr(err_msg(&err), "line 2"));
	assert_null(json_parse(str_n(NULL, 0), &err));
	memset(big, ' ', JSON_TEXT_MAX + 1);
	assert_null(json_parse(str_n(big, JSON_TEXT_MAX + 1), &err));
	memset(big, '[', JSON_TEXT_MAX);
	assert_null(json_parse(str_n(big, JSON_TEXT_MAX), &err));	/* deep */
	err_fini(&err);
}

/* ---- XML ---- */

static void on_start(void *ctx, int depth, const char *name)
{
	buf_printf(ctx, "<%d%s", depth, name);
}

static void on_end(void *ctx, int depth, const char *name, struct str text)
{
	buf_printf(ctx, "|%.*s>", STR(text));
}

static const struct xml_handler xml_handler = { on_start, on_end };

/* Feeds text in pieces of n bytes; what happened into out. */
static int read_xml(const char *text, size_t n, struct buf *out, struct err *err)
{
	struct xml *x = xml_new(&xml_handler, out);
	struct str rest = str_c(text);
	int rc = 0;

	while (rest.n && rc == 0) {
		size_t k = rest.n < n ? rest.n : n;

		rc = xml_feed(x, str_n(rest.p, k), err);
		rest = str_n(rest.p + k, rest.n - k);
	}
	if (rc == 0)
		rc = xml_finish(x, err);
	else
		assert_int_equal(xml_feed(x, str_c("<a/>"), NULL), -1);	/* stays failed */
	xml_free(x);
	return rc;
}

static void xml_in_any_pieces(void **state)
{
	static const char text[] = "<?xml version=\"1.0\"?><e:a xmlns:e=\"u\"><b>x&lt;<c i='1'/>y</b>"
		"<d> </d></e:a>";
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, 10000);
	for (size_t n = 1; n <= sizeof(text); n++) {
		buf_reset(&out);
		assert_int_equal(read_xml(text, n, &out, &err), 0);
		assert_string_equal(buf_cstr(&out), "<1a<2b<3c|>|x<y><2d| >|>");
	}
	buf_fini(&out);
}

static void hostile_xml(void **state)
{
	static const char *const bad[][2] = {
		{ "<a><b></a>", "mismatched" }, { "<a>", "no element" }, { "", "no element" },
		{ "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "DOCTYPE" },
		{ "<a>&nope;</a>", "undefined" }, { "HTTP error", "line 1" },
	};
	struct err err = { 0 };
	struct buf out, big;

	buf_init(&out, 10000);
	buf_init(&big, 1u << 20);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(read_xml(bad[i][0], 1000, &out, &err), -1);
		if (!strstr(err_msg(&err), bad[i][1]))
			fail_msg("%s: %s", bad[i][0], err_msg(&err));
		assert_int_equal(err.code, GRPC_INTERNAL);
	}
	for (int i = 0; i < XML_DEPTH_MAX + 1; i++)
		buf_adds(&big, "<a>");
	assert_int_equal(read_xml(buf_cstr(&big), 1000, &out, &err), -1);
	assert_non_null(strstr(err_msg(&err), "too deep"));
	buf_reset(&big);
	buf_printf(&big, "<a>%0*d</a>", XML_TEXT_MAX + 1, 1);
	assert_int_equal(read_xml(buf_cstr(&big), 1000, &out, &err), -1);
	assert_non_null(strstr(err_msg(&err), "too long"));
	err_fini(&err);
	buf_fini(&out);
	buf_fini(&big);
}

static void xml_escapes(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	encode_xml(&b, str_c("<a b=\"c\">&'\x01\t\n"));
	assert_string_equal(buf_cstr(&b), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;\t\n");
	buf_fini(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(booleans),
		cmocka_unit_test(durations),
		cmocka_unit_test(times),
		cmocka_unit_test(hex_and_base64),
		cmocka_unit_test(percent),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(json_documents),
		cmocka_unit_test(xml_in_any_pieces),
		cmocka_unit_test(hostile_xml),
		cmocka_unit_test(xml_escapes),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
