/* Notations and framing of gRPC: timeouts, status texts, messages, gzip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "h2/gzip.h"
#include "h2/message.h"

/* ---- grpc-timeout ---- */

static void reads_timeouts(void **state)
{
	static const struct { const char *text; int64_t ms; } good[] = {
		{ "0n", 0 }, { "1n", 1 }, { "999999n", 1 }, { "1000001n", 2 },
		{ "1u", 1 }, { "999877u", 1000 }, { "59999877u", 60000 },
		{ "120000m", 120000 }, { "7S", 7000 }, { "3M", 180000 },
		{ "1H", 3600000 }, { "99999999H", 99999999LL * 3600000 },
		{ "00000001S", 1000 },
	};
	int64_t ms;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ms = -1;
		assert_int_equal(grpc_timeout_parse(str_c(good[i].text), &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
}

static void refuses_other_timeouts(void **state)
{
	static const char *const bad[] = {
		"", "1", "S", "100000000S", "1s", "1h", "-1S", "+1S", " 1S", "1S ",
		"1.5S", "0x1S", "1SS", "1\xc2\xb5",
	};
	int64_t ms = -7;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(grpc_timeout_parse(str_c(bad[i]), &ms), -1);
	assert_int_equal(ms, -7);
}

static void writes_timeouts_that_read_back(void **state)
{
	static const int64_t ms[] = { 0, 1, 999, 60000, 99999999, 100000000, 86400000LL * 365,
				      INT64_MAX - 1 };
	char text[GRPC_TIMEOUT_SIZE];
	int64_t back;

	for (size_t i = 0; i < ARRAY_SIZE(ms); i++) {
		grpc_timeout_format(text, ms[i]);
		assert_int_equal(grpc_timeout_parse(str_c(text), &back), 0);
		assert_true(back >= ms[i] || back == 99999999LL * 3600000);
	}
	grpc_timeout_format(text, -5);
	assert_string_equal(text, "0m");
	grpc_timeout_format(text, 100000001);
	assert_string_equal(text, "100001S");
}

/* ---- grpc-message ---- */

static const char *encoded(struct buf *b, const char *text)
{
	buf_reset(b);
	grpc_message_encode(b, str_c(text));
	return buf_cstr(b);
}

static void escapes_status_texts(void **state)
{
	struct buf b;

	buf_init(&b, 3 * GRPC_STATUS_TEXT_MAX);
	assert_string_equal(encoded(&b, "plain ~ text"), "plain ~ text");
	assert_string_equal(encoded(&b, "100%\t\r\n"), "100%25%09%0D%0A");
	assert_string_equal(encoded(&b, "\xc3\xa9\xf0\x9f\x98\x88"), "%C3%A9%F0%9F%98%88");
	/* Stray, overlong, surrogate, too high, cut off. */
	assert_string_equal(encoded(&b, "a\x80z"), "a%EF%BF%BDz");
	assert_string_equal(encoded(&b, "\xc0\xaf"), "%EF%BF%BD%EF%BF%BD");
	assert_string_equal(encoded(&b, "\xed\xa0\x80"), "%EF%BF%BD%EF%BF%BD%EF%BF%BD");
	assert_string_equal(encoded(&b, "\xf4\x90\x80\x80"),
			    "%EF%BF%BD%EF%BF%BD%EF%BF%BD%EF%BF%BD");
	assert_string_equal(encoded(&b, "x\xe2\x82"), "x%EF%BF%BD%EF%BF%BD");
	buf_fini(&b);
}

static void cuts_long_status_texts_at_a_character(void **state)
{
	struct buf text, b;

	buf_init(&text, 1 << 20);
	buf_init(&b, 3 * GRPC_STATUS_TEXT_MAX);
	for (int i = 0; i < 50000; i++)
		buf_adds(&text, "\xe2\x82\xac");
	grpc_message_encode(&b, buf_view(&text));
	assert_true(b.len <= GRPC_STATUS_TEXT_MAX && b.len > GRPC_STATUS_TEXT_MAX - 32);
	assert_int_equal(b.len % 9, 0);
	buf_fini(&b);
	buf_fini(&text);
}

static void decodes_what_it_encoded(void **state)
{
	static const char text[] = "t\xc3\xa9st %41 \x01\x7f \xf0\x9f\x98\x88\n";
	struct buf b, back;

	buf_init(&b, 1000);
	buf_init(&back, 1000);
	grpc_message_decode(&back, str_c(encoded(&b, text)));
	assert_string_equal(buf_cstr(&back), text);
	buf_reset(&back);
	grpc_message_decode(&back, str_c("%zz 5% %4"));
	assert_string_equal(buf_cstr(&back), "%zz 5% %4");
	buf_fini(&b);
	buf_fini(&back);
}

/* ---- small readers ---- */

static void reads_status_numbers(void **state)
{
	assert_int_equal(grpc_status_parse(str_c("0")), GRPC_OK);
	assert_int_equal(grpc_status_parse(str_c("16")), GRPC_UNAUTHENTICATED);
	assert_int_equal(grpc_status_parse(str_c("17")), GRPC_UNKNOWN);
	assert_int_equal(grpc_status_parse(str_c("05")), GRPC_UNKNOWN);
	assert_int_equal(grpc_status_parse(str_c("")), GRPC_UNKNOWN);
	assert_int_equal(grpc_status_parse(str_c("-1")), GRPC_UNKNOWN);
}

static void knows_grpc_content_types(void **state)
{
	static const struct { const char *text; enum grpc_content kind; } rows[] = {
		{ "application/grpc", GRPC_CONTENT_PLAIN },
		{ "application/grpc;charset=utf-8", GRPC_CONTENT_PLAIN },
		{ "application/grpc+proto", GRPC_CONTENT_PROTO },
		{ "application/grpc+proto;x=y", GRPC_CONTENT_PROTO },
		{ "application/grpc+json", GRPC_CONTENT_OTHER },
		{ "application/grpc-web", GRPC_CONTENT_FOREIGN },
		{ "APPLICATION/GRPC", GRPC_CONTENT_FOREIGN },
		{ "text/plain", GRPC_CONTENT_FOREIGN },
		{ "", GRPC_CONTENT_FOREIGN }, { NULL, GRPC_CONTENT_FOREIGN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(grpc_content_parse(str_c(rows[i].text)), rows[i].kind);
}

static void splits_paths(void **state)
{
	struct str service, method;

	assert_int_equal(grpc_path_split(str_c("/a.B/C"), &service, &method), 0);
	assert_true(str_eq_c(service, "a.B") && str_eq_c(method, "C"));
	assert_int_equal(grpc_path_split(str_c("/a/b/C"), &service, &method), 0);
	assert_true(str_eq_c(service, "a/b") && str_eq_c(method, "C"));
	assert_int_equal(grpc_path_split(str_c("/a"), &service, &method), -1);
	assert_int_equal(grpc_path_split(str_c("a/b"), &service, &method), -1);
	assert_int_equal(grpc_path_split(str_c("*"), &service, &method), -1);
	assert_int_equal(grpc_path_split(str_c(""), &service, &method), -1);
}

/* ---- messages ---- */

struct reading {
	struct message_reader r;
	struct err err;
	char got[1000];		/* "[first][second]" */
	int rc;
};

static void feed(struct reading *rd, const char *bytes, size_t n)
{
	struct str in = str_n(bytes, n), msg;

	while ((rd->rc = message_read(&rd->r, &in, &msg, &rd->err)) > 0 || (in.n && !rd->rc)) {
		size_t at = strlen(rd->got);

		if (rd->rc > 0)
			snprintf(rd->got + at, sizeof(rd->got) - at, "[%.*s]", STR(msg));
		if (!in.n)
			break;
	}
}

static void start(struct reading *rd, enum grpc_encoding enc, size_t max)
{
	memset(rd, 0, sizeof(*rd));
	message_reader_init(&rd->r, enc, max);
}

static void stop(struct reading *rd)
{
	message_reader_fini(&rd->r);
	err_fini(&rd->err);
}

static const char three[] = "\0\0\0\0\3abc" "\0\0\0\0\0" "\0\0\0\0\2de";

static void takes_messages_however_they_are_cut(void **state)
{
	for (size_t piece = 1; piece < sizeof(three); piece++) {
		struct reading rd;

		start(&rd, GRPC_IDENTITY, 100);
		for (size_t at = 0; at < sizeof(three) - 1; at += piece)
			feed(&rd, three + at, at + piece < sizeof(three) - 1 ?
						piece : sizeof(three) - 1 - at);
		assert_string_equal(rd.got, "[abc][][de]");
		assert_int_equal(message_read_end(&rd.r, &rd.err), 0);
		stop(&rd);
	}
}

static void refuses(const char *bytes, size_t n, enum grpc_encoding enc, enum grpc_code code,
		    const char *text)
{
	struct reading rd;

	start(&rd, enc, 100);
	feed(&rd, bytes, n);
	assert_int_equal(rd.rc, -1);
	assert_int_equal(rd.err.code, code);
	assert_non_null(strstr(err_msg(&rd.err), text));
	stop(&rd);
}

static void refuses_bad_prefixes(void **state)
{
	refuses("\2\0\0\0\0", 5, GRPC_IDENTITY, GRPC_INTERNAL, "flag 2");
	refuses("\1\0\0\0\0", 5, GRPC_IDENTITY, GRPC_INTERNAL, "compressed");
	refuses("\0\0\0\0\145", 5, GRPC_IDENTITY, GRPC_RESOURCE_EXHAUSTED, "101 vs. 100");
	refuses("\0\377\377\377\377", 5, GRPC_IDENTITY, GRPC_RESOURCE_EXHAUSTED, "4294967295");
}

static void takes_no_memory_for_what_is_only_announced(void **state)
{
	struct reading rd;

	start(&rd, GRPC_IDENTITY, 4 << 20);
	feed(&rd, "\0\0\100\0\0ab", 7);	/* 4 MiB */
	assert_true(message_reader_size(&rd.r) < 200);
	stop(&rd);
}

static void notices_a_stream_that_ends_early(void **state)
{
	struct reading rd;

	start(&rd, GRPC_IDENTITY, 100);
	feed(&rd, "\0\0", 2);
	assert_int_equal(message_read_end(&rd.r, &rd.err), -1);
	assert_int_equal(rd.err.code, GRPC_INTERNAL);
	feed(&rd, "\0\0\2a", 4);
	assert_int_equal(message_read_end(&rd.r, &rd.err), -1);
	assert_non_null(strstr(err_msg(&rd.err), "after 1 of 2"));
	stop(&rd);
}

static void writes_what_it_reads(void **state)
{
	struct buf out;

	buf_init(&out, 100);
	message_write(&out, str_c("abc"), GRPC_IDENTITY);
	message_write(&out, str_c(""), GRPC_GZIP);
	message_write(&out, str_c("de"), GRPC_GZIP);	/* too short to pack */
	assert_int_equal(out.len, sizeof(three) - 1);
	assert_memory_equal(out.data, three, out.len);
	assert_int_equal(message_write(&out, str_n(three, 100), GRPC_IDENTITY), -1);
	buf_fini(&out);
}

/* ---- gzip ---- */

static void zeros(struct buf *b, size_t n)
{
	static const char block[4096];

	buf_init(b, n);
	while (b->len < n)
		buf_add(b, block, n - b->len < sizeof(block) ? n - b->len : sizeof(block));
}

static void packs_and_unpacks(void **state)
{
	struct message_reader r;
	struct buf plain, out;
	struct err err = {0};
	struct str in, msg;

	zeros(&plain, 300000);
	plain.data[7] = 'x';
	buf_init(&out, 400000);
	assert_int_equal(message_write(&out, buf_view(&plain), GRPC_GZIP), 0);
	assert_true(out.len < 3000);
	assert_int_equal(out.data[0], 1);
	message_reader_init(&r, GRPC_GZIP, 300000);
	in = buf_view(&out);
	assert_int_equal(message_read(&r, &in, &msg, &err), 1);
	assert_true(str_eq(msg, buf_view(&plain)));
	message_reader_fini(&r);
	buf_fini(&plain);
	buf_fini(&out);
}

static void stops_inflating_at_the_limit(void **state)
{
	struct buf plain, packed, out;
	struct err err = {0};

	zeros(&plain, 20 << 20);
	buf_init(&packed, 1 << 20);
	assert_int_equal(gzip_deflate(&packed, buf_view(&plain)), 0);
	buf_init(&out, 1 << 20);
	assert_int_equal(gzip_inflate(&out, buf_view(&packed), &err), -1);
	assert_int_equal(err.code, GRPC_RESOURCE_EXHAUSTED);
	assert_true(out.cap <= 2 << 20);
	err_fini(&err);
	buf_fini(&plain);
	buf_fini(&packed);
	buf_fini(&out);
}

static void refuses_broken_gzip(void **state)
{
	struct buf packed, out;
	struct err err = {0};

	buf_init(&packed, 1000);
	buf_init(&out, 1000);
	gzip_deflate(&packed, str_c("some text that is some text"));
	assert_int_equal(gzip_inflate(&out, str_n(packed.data, packed.len - 1), &err), -1);
	assert_int_equal(err.code, GRPC_INTERNAL);
	buf_reset(&out);
	assert_int_equal(gzip_inflate(&out, str_c(""), &err), -1);
	buf_reset(&out);
	assert_int_equal(gzip_inflate(&out, str_c("no gzip at all"), &err), -1);
	packed.data[packed.len - 6] ^= 1;	/* checksum */
	buf_reset(&out);
	assert_int_equal(gzip_inflate(&out, buf_view(&packed), &err), -1);
	packed.data[packed.len - 6] ^= 1;
	buf_addc(&packed, 'x');
	buf_reset(&out);
	assert_int_equal(gzip_inflate(&out, buf_view(&packed), &err), -1);
	assert_non_null(strstr(err_msg(&err), "1 bytes follow"));
	err_fini(&err);
	buf_fini(&packed);
	buf_fini(&out);
}

static void knows_encodings(void **state)
{
	enum grpc_encoding enc;

	assert_int_equal(grpc_encoding_parse(NULL, &enc), 0);
	assert_int_equal(enc, GRPC_IDENTITY);
	assert_int_equal(grpc_encoding_parse("gzip", &enc), 0);
	assert_int_equal(enc, GRPC_GZIP);
	assert_int_equal(grpc_encoding_parse("snappy", &enc), -1);
	assert_int_equal(grpc_encoding_parse("", &enc), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_timeouts),
		cmocka_unit_test(refuses_other_timeouts),
		cmocka_unit_test(writes_timeouts_that_read_back),
		cmocka_unit_test(escapes_status_texts),
		cmocka_unit_test(cuts_long_status_texts_at_a_character),
		cmocka_unit_test(decodes_what_it_encoded),
		cmocka_unit_test(reads_status_numbers),
		cmocka_unit_test(knows_grpc_content_types),
		cmocka_unit_test(splits_paths),
		cmocka_unit_test(takes_messages_however_they_are_cut),
		cmocka_unit_test(refuses_bad_prefixes),
		cmocka_unit_test(takes_no_memory_for_what_is_only_announced),
		cmocka_unit_test(notices_a_stream_that_ends_early),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(packs_and_unpacks),
		cmocka_unit_test(stops_inflating_at_the_limit),
		cmocka_unit_test(refuses_broken_gzip),
		cmocka_unit_test(knows_encodings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
