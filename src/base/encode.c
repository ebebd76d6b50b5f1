#include "base/encode.h"

#include <string.h>
#include <time.h>

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";
static const char base64_set[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void encode_hex(struct buf *b, const void *p, size_t n)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i++) {
		buf_addc(b, hex_lower[s[i] >> 4]);
		buf_addc(b, hex_lower[s[i] & 15]);
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int decode_hex(struct str s, void *ret, size_t n)
{
	unsigned char *out = ret;

	if (s.n / 2 != n || s.n % 2)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (hex_value(s.p[i]) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)(hex_value(s.p[2 * i]) << 4 | hex_value(s.p[2 * i + 1]));
	return 0;
}

void encode_base64(struct buf *b, const void *p, size_t n)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned int v = (unsigned int)s[i] << 16;
		char four[4];

		if (left > 1)
			v |= (unsigned int)s[i + 1] << 8;
		if (left > 2)
			v |= s[i + 2];
		four[0] = base64_set[v >> 18];
		four[1] = base64_set[v >> 12 & 63];
		four[2] = left > 1 ? base64_set[v >> 6 & 63] : '=';
		four[3] = left > 2 ? base64_set[v & 63] : '=';
		buf_add(b, four, 4);
	}
}

int decode_base64(struct buf *b, struct str s)
{
	unsigned int v = 0, bits = 0;

	if (s.n % 4 == 0 && str_ends(s, "="))
		s.n -= str_ends(s, "==") ? 2 : 1;
	if (s.n % 4 == 1)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(base64_set, s.p[i]) : NULL;

		if (!at)
			return -1;
		v = v << 6 | (unsigned int)(at - base64_set);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (buf_addc(b, (char)(v >> bits & 255)) < 0)
				return -1;
		}
	}
	return v & ((1u << bits) - 1) ? -1 : 0;	/* left-over bits must be zero */
}

static int is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void encode_percent(struct buf *b, struct str s, const char *keep)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(s.p[i]) || (c && keep && strchr(keep, c))) {
			buf_addc(b, s.p[i]);
		} else {
			buf_addc(b, '%');
			buf_addc(b, hex_upper[c >> 4]);
			buf_addc(b, hex_upper[c & 15]);
		}
	}
}

int decode_percent(struct buf *b, struct str s, int form)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			unsigned char byte;

			if (s.n - i < 3 || decode_hex(str_n(s.p + i + 1, 2), &byte, 1) < 0)
				return -1;
			c = (char)byte;
			i += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		if (buf_addc(b, c) < 0)
			return -1;
	}
	return 0;
}

static const char *xml_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	default:
		return NULL;
	}
}

void encode_xml(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		const char *entity = xml_entity(s.p[i]);
		unsigned char c = (unsigned char)s.p[i];

		if (entity)
			buf_adds(b, entity);
		else if (c >= 0x20 || c == '\t' || c == '\n' || c == '\r')
			buf_addc(b, s.p[i]);
	}
}

/* ---- JSON ---- */

/* Length of the valid UTF-8 sequence at p, 0 when there is none (Unicode's
 * table of well-formed sequences: no surrogates, nothing over-long). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char first, last, second_min, second_max, len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		if (left < forms[i].len || p[1] < forms[i].second_min ||
		    p[1] > forms[i].second_max)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		}
		return forms[i].len;
	}
	return 0;
}

static void json_ascii(struct buf *b, unsigned char c)
{
	static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',
					['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
					['\\'] = '\\' };

	if (c < sizeof(letters) && letters[c]) {
		buf_addc(b, '\\');
		buf_addc(b, letters[c]);
	} else if (c < 0x20 || c == 0x7f) {
		buf_printf(b, "\\u%04x", c);
	} else {
		buf_addc(b, (char)c);
	}
}

void encode_json(struct buf *b, struct str s)
{
	size_t i = 0;

	buf_addc(b, '"');
	while (i < s.n) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t n = utf8_length(p, s.n - i);

		if (n == 1)
			json_ascii(b, *p);
		else if (n)
			buf_add(b, p, n);
		else
			buf_adds(b, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	buf_addc(b, '"');
}

void encode_time(struct buf *b, int64_t ms)
{
	time_t sec = (time_t)(ms / 1000 - (ms % 1000 < 0));
	int milli = (int)(ms - (int64_t)sec * 1000);
	struct tm tm;

	if (!gmtime_r(&sec, &tm))
		memset(&tm, 0, sizeof(tm));
	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, milli);
}
