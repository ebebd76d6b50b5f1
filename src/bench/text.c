#include "bench/text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define TEXT_MAX (1u << 20)
#define REPLACEMENT "\xef\xbf\xbd"

/* Length of the valid UTF-8 character at p, which is no control; 0 otherwise. */
static size_t printable(const unsigned char *p)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = p[0];

	if (n == 1)
		return c >= 0x20 && c != 0x7f;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || c < 0xa0 ||
	    (c & 0xfffe) == 0xfffe)
		return 0;
	return n;
}

static char *clean(const char *s, size_t len, bool keep_lines)
{
	const char *end = s + len;
	struct buf b;
	size_t n;

	buf_init(&b, TEXT_MAX);
	for (; s < end; s += n ? n : 1) {
		n = *s == '\n' && keep_lines ? 1 : printable((const unsigned char *)s);
		buf_add(&b, n ? s : REPLACEMENT, n ? n : strlen(REPLACEMENT));
	}
	return buf_take(&b);
}

char *bench_clean(const char *s)
{
	return s ? clean(s, strlen(s), false) : NULL;
}

char *bench_clean_lines(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	while (n && s[n - 1] == '\n')
		n--;
	return s ? clean(s, n, true) : NULL;
}

/* ---- numbers ---- */

static void digits_of(struct buf *b, double v, int digits, bool whole_as_is)
{
	/* places before the point, once it is rounded */
	int before = v == 0 ? 1 : (int)floor(log10(fabs(v)) + 0.5 * pow(10, -digits)) + 1;
	char text[64];

	if (fabs(v) >= 1e15) {
		buf_printf(b, "%.*g", digits, v);
		return;
	}
	if ((whole_as_is && v == floor(v)) || before >= digits)
		snprintf(text, sizeof(text), "%.0f", v);
	else	/* very small ones keep 9 places at most */
		snprintf(text, sizeof(text), "%.*f", digits - before > 9 ? 9 : digits - before, v);
	buf_adds(b, strcmp(text, "-0") ? text : "0");
}

void text_plain(struct buf *b, double v, int digits)
{
	digits_of(b, v, digits, true);
}

struct scale {
	double from;	/* in the unit given */
	double divide;
	const char *name;
};

static const struct scale of_ms[] = { { 1000, 1000, " s" }, { 1, 1, " ms" }, { 0, 0.001, " us" } };
static const struct scale of_s[] = { { 1, 1, " s" }, { 0.001, 0.001, " ms" }, { 0, 1e-6, " us" } };
static const struct scale of_bytes[] = { { 1073741824, 1073741824, " GiB" },
	{ 1048576, 1048576, " MiB" }, { 1024, 1024, " KiB" }, { 0, 1, " B" } };

static void scaled(struct buf *b, double v, const struct scale *s)
{
	if (v == 0) {	/* the unit of nothing does not matter */
		buf_adds(b, "0");
		return;
	}
	while (s->from > 0 && fabs(v) < s->from * 0.9995)
		s++;
	digits_of(b, v / s->divide, 3, strcmp(s->name, " B") == 0);
	buf_adds(b, s->name);
}

void text_number(struct buf *b, struct fig f, const char *unit)
{
	if (!f.known) {
		buf_adds(b, "-");
	} else if (strcmp(unit, "ms") == 0) {
		scaled(b, f.v, of_ms);
	} else if (strcmp(unit, "s") == 0) {
		scaled(b, f.v, of_s);
	} else if (strcmp(unit, "bytes") == 0) {
		scaled(b, f.v, of_bytes);
	} else {
		digits_of(b, f.v, 3, strcmp(unit, "x") != 0);
		buf_printf(b, "%s%s", strcmp(unit, "%") == 0 ? " " : "", unit);
	}
}

/* ---- cells ---- */

static bool starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t text_columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += starts_character(*s);
	return n;
}

/* Bytes of the first n characters. */
static size_t bytes_of(const char *s, size_t n)
{
	const char *p = s;

	while (*p) {
		if (starts_character(*p) && n-- == 0)
			break;
		p++;
	}
	return (size_t)(p - s);
}

static void blanks(struct buf *b, size_t n)
{
	buf_printf(b, "%*s", (int)n, "");
}

void text_left(struct buf *b, const char *s, size_t width)
{
	size_t n = text_columns(s);

	if (n <= width) {
		buf_adds(b, s);
		blanks(b, width - n);
	} else {
		buf_add(b, s, bytes_of(s, width - 3));
		buf_adds(b, "...");
	}
}

void text_right(struct buf *b, const char *s, size_t width)
{
	size_t n = text_columns(s);

	if (n < width)
		blanks(b, width - n);
	text_left(b, s, n < width ? n : width);
}

/* The next piece of a line of at most `room` columns: whole words, or as much of
 * one word as fits. */
static size_t take_line(const char *s, size_t room)
{
	size_t line = strcspn(s, "\n"), fits = bytes_of(s, room), end = fits;

	if (line <= fits)
		return line;
	while (end > 0 && s[end] != ' ')
		end--;
	return end ? end : fits;
}

void text_paragraph(struct buf *b, const char *name, size_t indent, const char *words,
		    size_t width)
{
	auto_free char *head = xasprintf("  %s", name);
	size_t n;

	text_left(b, head, indent - 1);
	buf_addc(b, ' ');
	for (;;) {
		n = take_line(words, width - indent);
		buf_add(b, words, n);
		buf_addc(b, '\n');
		words += n;
		if (*words == '\n')
			words++;
		else
			words += strspn(words, " ");
		if (!*words)
			break;
		blanks(b, indent);
	}
}
