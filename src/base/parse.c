#include "base/parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes digits off the front of *s; at least one. */
static int take_u64(struct str *s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s->n && is_digit(s->p[i]); i++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s->p[i] - '0'), &v))
			return -1;
	}
	if (i == 0)
		return -1;
	s->p += i;
	s->n -= i;
	*ret = v;
	return 0;
}

int parse_u64(struct str s, uint64_t *ret)
{
	uint64_t v;

	if (take_u64(&s, &v) < 0 || s.n)
		return -1;
	*ret = v;
	return 0;
}

int parse_i64(struct str s, int64_t *ret)
{
	bool neg = s.n && s.p[0] == '-';
	uint64_t v;

	if (neg)
		s = str_n(s.p + 1, s.n - 1);
	if (parse_u64(s, &v) < 0 || v > (uint64_t)INT64_MAX + neg)
		return -1;
	*ret = neg ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

/* strtod reads more than we want (hex, inf, nan, blanks) and needs a NUL. */
int parse_double(struct str s, double *ret)
{
	char text[64], *end;
	double v;

	if (s.n == 0 || s.n >= sizeof(text))
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]) && !(s.p[i] && strchr("+-.eE", s.p[i])))
			return -1;
	}
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	errno = 0;
	v = strtod(text, &end);
	if (*end || end == text || !isfinite(v))
		return -1;
	*ret = v;
	return 0;
}

int parse_bool(struct str s, bool *ret)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < 6; i++) {
		if (str_eq_c(s, yes[i]) || str_eq_c(s, no[i])) {
			*ret = str_eq_c(s, yes[i]);
			return 0;
		}
	}
	return -1;
}

/* ---- durations ---- */

static const struct unit {
	const char *name;
	double ms;
} units[] = {	/* the longer of two that begin alike first */
	{ "ns", 1e-6 }, { "us", 1e-3 }, { "\xc2\xb5s", 1e-3 }, { "\xce\xbcs", 1e-3 },
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
};

static const struct unit *take_unit(struct str *s)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (str_starts(*s, units[i].name)) {
			size_t n = strlen(units[i].name);

			*s = str_n(s->p + n, s->n - n);
			return &units[i];
		}
	}
	return NULL;
}

/* "3.5s" off the front of *s, added to *ms. */
static int take_term(struct str *s, double *ms)
{
	const struct unit *unit;
	struct str number = { s->p, 0 };
	double v;

	while (number.n < s->n && (is_digit(s->p[number.n]) || s->p[number.n] == '.'))
		number.n++;
	if (str_eq_c(number, ".") || parse_double(number, &v) < 0)
		return -1;
	*s = str_n(s->p + number.n, s->n - number.n);
	unit = take_unit(s);
	if (!unit)
		return -1;
	*ms += v * unit->ms;
	return 0;
}

int parse_duration_ms(struct str s, int64_t *ret)
{
	bool neg = s.n && s.p[0] == '-';
	double ms = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_n(s.p + 1, s.n - 1);
	if (str_eq_c(s, "0")) {
		*ret = 0;
		return 0;
	}
	if (s.n == 0)
		return -1;
	while (s.n) {
		/* Go's limit is that of int64 nanoseconds. */
		if (take_term(&s, &ms) < 0 || ms > (double)(INT64_MAX / 1000000))
			return -1;
	}
	ms = floor(ms + 1e-6);	/* whole ms, without losing one to a binary fraction */
	*ret = neg ? -(int64_t)ms : (int64_t)ms;
	return 0;
}

/* ---- times ---- */

static int take_char(struct str *s, char a, char b)
{
	if (s->n == 0 || (s->p[0] != a && s->p[0] != b))
		return -1;
	*s = str_n(s->p + 1, s->n - 1);
	return 0;
}

/* Exactly n digits, in min..max. */
static int take_field(struct str *s, size_t n, unsigned int min, unsigned int max,
		      unsigned int *ret)
{
	uint64_t v;

	if (s->n < n || parse_u64(str_n(s->p, n), &v) < 0 || v < min || v > max)
		return -1;
	*s = str_n(s->p + n, s->n - n);
	*ret = (unsigned int)v;
	return 0;
}

static bool is_leap(unsigned int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Days from 1970-01-01, by counting years from March so that the leap day is
 * the last of its year. */
static int64_t days_of(unsigned int year, unsigned int month, unsigned int day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int take_date(struct str *s, int64_t *days)
{
	static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned int y, m, d;

	if (take_field(s, 4, 1, 9999, &y) < 0 || take_char(s, '-', '-') < 0 ||
	    take_field(s, 2, 1, 12, &m) < 0 || take_char(s, '-', '-') < 0 ||
	    take_field(s, 2, 1, 31, &d) < 0)
		return -1;
	if (d > lengths[m - 1] + (m == 2 && is_leap(y) ? 1u : 0u))
		return -1;
	*days = days_of(y, m, d);
	return 0;
}

/* ".123456789" if it is there; what is finer than ms is cut. */
static int take_fraction(struct str *s, int64_t *ms)
{
	int64_t scale = 100;
	size_t i = 0;

	*ms = 0;
	if (take_char(s, '.', ',') < 0)
		return 0;
	for (; i < s->n && is_digit(s->p[i]); i++, scale /= 10)
		*ms += (s->p[i] - '0') * scale;
	if (i == 0)
		return -1;
	*s = str_n(s->p + i, s->n - i);
	return 0;
}

/* "Z", "+02:00", "-0530"; in minutes. */
static int take_offset(struct str *s, int64_t *minutes)
{
	unsigned int h, m;
	bool west = s->n && s->p[0] == '-';

	*minutes = 0;
	if (take_char(s, 'Z', 'z') == 0)
		return 0;
	if (take_char(s, '+', '-') < 0 || take_field(s, 2, 0, 23, &h) < 0)
		return -1;
	(void)take_char(s, ':', ':');
	if (take_field(s, 2, 0, 59, &m) < 0)
		return -1;
	*minutes = (int64_t)(h * 60 + m) * (west ? -1 : 1);
	return 0;
}

int parse_time_ms(struct str s, int64_t *ret)
{
	unsigned int h, m, sec;
	int64_t days, ms, offset;

	if (take_date(&s, &days) < 0 || take_char(&s, 'T', ' ') < 0 ||
	    take_field(&s, 2, 0, 23, &h) < 0 || take_char(&s, ':', ':') < 0 ||
	    take_field(&s, 2, 0, 59, &m) < 0 || take_char(&s, ':', ':') < 0 ||
	    take_field(&s, 2, 0, 60, &sec) < 0 || take_fraction(&s, &ms) < 0 ||
	    take_offset(&s, &offset) < 0 || s.n)
		return -1;
	*ret = (days * 86400 + h * 3600 + m * 60 + sec - offset * 60) * 1000 + ms;
	return 0;
}
