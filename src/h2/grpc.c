#include "h2/grpc.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

/* ---- grpc-timeout ---- */

static const struct unit {
	char letter;
	int64_t mul, div;	/* to ms */
} units[] = {
	{ 'n', 1, 1000000 }, { 'u', 1, 1000 }, { 'm', 1, 1 },
	{ 'S', 1000, 1 }, { 'M', 60 * 1000, 1 }, { 'H', 60 * 60 * 1000, 1 },
};

#define TIMEOUT_DIGITS 8
#define TIMEOUT_COUNT_MAX 99999999

int grpc_timeout_parse(struct str s, int64_t *ret)
{
	uint64_t count;

	if (s.n < 2 || s.n > TIMEOUT_DIGITS + 1 ||
	    parse_u64(str_n(s.p, s.n - 1), &count) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		const struct unit *u = &units[i];

		if (u->letter == s.p[s.n - 1]) {
			*ret = ((int64_t)count * u->mul + u->div - 1) / u->div;
			return 0;
		}
	}
	return -1;
}

void grpc_timeout_format(char out[GRPC_TIMEOUT_SIZE], int64_t ms)
{
	if (ms < 0)
		ms = 0;
	for (size_t i = 2; i < ARRAY_SIZE(units); i++) {
		const struct unit *u = &units[i];
		int64_t count = ms / u->mul + (ms % u->mul != 0);

		if (count <= TIMEOUT_COUNT_MAX) {
			snprintf(out, GRPC_TIMEOUT_SIZE, "%lld%c", (long long)count, u->letter);
			return;
		}
	}
	snprintf(out, GRPC_TIMEOUT_SIZE, "%dH", TIMEOUT_COUNT_MAX);
}

/* ---- grpc-message ---- */

/* Bytes of the well-formed UTF-8 character at p, 0 when there is none: no
 * overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_char(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
		     p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (len == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)))
		return 0;
	if (len == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)))
		return 0;
	return len;
}

static bool literal(unsigned char c)
{
	return c >= 0x20 && c <= 0x7e && c != '%';
}

/* One character, at most 12 bytes when escaped. */
static void add_char(struct buf *out, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (literal(p[i]))
			buf_addc(out, (char)p[i]);
		else
			buf_printf(out, "%%%02X", p[i]);
	}
}

/* A blank at either end makes a header value that peers drop as a whole. */
static void escape_end_blank(struct buf *out, size_t start)
{
	if (out->len == start || out->data[out->len - 1] != ' ')
		return;
	out->len--;
	buf_adds(out, "%20");
}

void grpc_message_encode(struct buf *out, struct str text)
{
	const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
	size_t start = out->len, room = start + GRPC_STATUS_TEXT_MAX - 12;

	while (p < end && out->len < room) {
		size_t n = utf8_char(p, (size_t)(end - p));

		if (n == 0)
			add_char(out, (const unsigned char *)REPLACEMENT, 3);
		else
			add_char(out, p, n);
		if (out->len == start + 1)
			escape_end_blank(out, start);
		p += n ? n : 1;
	}
	escape_end_blank(out, start);
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void grpc_message_decode(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		bool escape = text.p[i] == '%' && i + 2 < text.n &&
			      hex_value(text.p[i + 1]) >= 0 && hex_value(text.p[i + 2]) >= 0;

		if (escape) {
			buf_addc(out, (char)(hex_value(text.p[i + 1]) * 16 +
					     hex_value(text.p[i + 2])));
			i += 2;
		} else {
			buf_addc(out, text.p[i]);
		}
	}
}

enum grpc_code grpc_status_parse(struct str s)
{
	uint64_t n;

	if (s.n == 0 || s.n > 2 || (s.n == 2 && s.p[0] == '0') ||
	    parse_u64(s, &n) < 0 || n > GRPC_UNAUTHENTICATED)
		return GRPC_UNKNOWN;
	return (enum grpc_code)n;
}

/* ---- request line ---- */

enum grpc_content grpc_content_parse(struct str s)
{
	static const char base[] = "application/grpc";
	struct str rest = s, subtype;

	if (!str_starts(s, base))
		return GRPC_CONTENT_FOREIGN;
	rest = str_n(s.p + strlen(base), s.n - strlen(base));
	if (rest.n == 0 || rest.p[0] == ';')
		return GRPC_CONTENT_PLAIN;
	if (rest.p[0] != '+')
		return GRPC_CONTENT_FOREIGN;
	rest = str_n(rest.p + 1, rest.n - 1);
	subtype = str_cut(&rest, ';');
	return str_eq_c(subtype, "proto") ? GRPC_CONTENT_PROTO : GRPC_CONTENT_OTHER;
}

int grpc_path_split(struct str path, struct str *service, struct str *method)
{
	size_t cut = path.n;

	while (cut > 0 && path.p[cut - 1] != '/')
		cut--;
	if (cut < 2 || path.p[0] != '/')
		return -1;
	*service = str_n(path.p + 1, cut - 2);
	*method = str_n(path.p + cut, path.n - cut);
	return 0;
}

/* ---- how a client reads transport-level answers ---- */

enum grpc_code grpc_code_of_http(unsigned int status)
{
	switch (status) {
	case 400: case 431: return GRPC_INTERNAL;
	case 401: return GRPC_UNAUTHENTICATED;
	case 403: return GRPC_PERMISSION_DENIED;
	case 404: return GRPC_UNIMPLEMENTED;
	case 429: case 502: case 503: case 504: return GRPC_UNAVAILABLE;
	default: return GRPC_UNKNOWN;
	}
}

enum grpc_code grpc_code_of_reset(uint32_t h2_error)
{
	/* By HTTP/2 error code, NO_ERROR (0) to HTTP_1_1_REQUIRED (13). */
	static const enum grpc_code codes[] = {
		GRPC_INTERNAL, GRPC_INTERNAL, GRPC_INTERNAL, GRPC_RESOURCE_EXHAUSTED,
		GRPC_INTERNAL, GRPC_INTERNAL, GRPC_INTERNAL, GRPC_UNAVAILABLE,
		GRPC_CANCELLED, GRPC_INTERNAL, GRPC_INTERNAL, GRPC_RESOURCE_EXHAUSTED,
		GRPC_PERMISSION_DENIED, GRPC_INTERNAL,
	};

	return h2_error < ARRAY_SIZE(codes) ? codes[h2_error] : GRPC_UNKNOWN;
}
