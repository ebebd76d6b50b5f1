#include "bench/amount.h"

#include <math.h>
#include <string.h>

#include "base/parse.h"

#define SPAN_MAX_MS (24 * 3600 * INT64_C(1000))
#define RATE_MAX 1e6
#define GAP_MAX_US (3600 * INT64_C(1000000))

double draw_unit(struct draw *d)
{
	uint64_t z = (d->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;	/* 2^53 */
}

double draw_exponential(struct draw *d, double mean)
{
	return -mean * log1p(-draw_unit(d));
}

static int bad(struct err *err, const char *option, const char *text, const char *expected)
{
	return err_set(err, GRPC_INVALID_ARGUMENT, "--%s: \"%s\" is not %s", option, text,
		       expected);
}

/* ---- times ---- */

static int parse_ms(struct str text, int64_t *ret)
{
	return parse_duration_ms(text, ret) < 0 || *ret < 0 || *ret > SPAN_MAX_MS ? -1 : 0;
}

static int parse_uniform(const char *text, const char *dots, struct span *ret)
{
	ret->kind = SPAN_UNIFORM;
	if (parse_ms(str_n(text, (size_t)(dots - text)), &ret->low) < 0 ||
	    parse_ms(str_c(dots + 2), &ret->high) < 0)
		return -1;
	return ret->low <= ret->high ? 0 : -1;
}

int span_parse(const char *option, const char *text, struct span *ret, struct err *err)
{
	static const char expected[] = "a time such as 5s, 1s..10s or exp:5s, of a day at most";
	const char *dots = strstr(text, "..");
	struct span s = {0};
	int rc;

	if (dots) {
		rc = parse_uniform(text, dots, &s);
	} else if (strncmp(text, "exp:", 4) == 0) {
		s.kind = SPAN_EXPONENTIAL;
		rc = parse_ms(str_c(text + 4), &s.low);
	} else {
		rc = parse_ms(str_c(text), &s.low);
	}
	if (rc < 0)
		return bad(err, option, text, expected);
	*ret = s;
	return 0;
}

int64_t span_draw(const struct span *s, struct draw *d)
{
	switch (s->kind) {
	case SPAN_UNIFORM:
		return s->low + (int64_t)(draw_unit(d) * (double)(s->high - s->low + 1));
	case SPAN_EXPONENTIAL:
		return (int64_t)draw_exponential(d, (double)s->low);
	default:
		return s->low;
	}
}

/* ---- rates ---- */

static int parse_rate(struct str text, double *ret)
{
	return parse_double(text, ret) < 0 || *ret <= 0 || *ret > RATE_MAX ? -1 : 0;
}

int rate_parse(const char *option, const char *text, struct rate *ret, struct err *err)
{
	double x;

	if (parse_rate(str_c(text), &x) < 0)
		return bad(err, option, text, "a number of arrivals a second above 0, 1000000 at most");
	*ret = (struct rate){ .from = x, .to = x };
	return 0;
}

int rate_parse_ramp(const char *option, const char *text, struct rate *ret, struct err *err)
{
	const char *dots = strstr(text, ".."), *slash = strchr(text, '/');
	struct rate r;

	if (!dots || !slash || slash < dots ||
	    parse_rate(str_n(text, (size_t)(dots - text)), &r.from) < 0 ||
	    parse_rate(str_n(dots + 2, (size_t)(slash - dots - 2)), &r.to) < 0 ||
	    parse_ms(str_c(slash + 1), &r.over_ms) < 0 || r.over_ms == 0)
		return bad(err, option, text, "a ramp such as 1..50/60s: from 1 to 50 a second within a minute");
	*ret = r;
	return 0;
}

double rate_at(const struct rate *r, int64_t ms)
{
	if (ms >= r->over_ms)
		return r->to;
	return r->from + (r->to - r->from) * (double)ms / (double)r->over_ms;
}

/* How long until `arrivals` have come, in s, when their rate is now a and changes by
 * slope a second: the gap g of a g + slope g^2 / 2 = arrivals, in the form that does not
 * lose digits when slope is small. */
static double gap_on_slope(double a, double slope, double arrivals)
{
	return 2 * arrivals / (a + sqrt(fmax(0, a * a + 2 * slope * arrivals)));
}

/* The rate goes on changing while we wait: a gap drawn by that of now alone would let a
 * ramp from nearly nothing begin long after its end. */
int64_t rate_gap_us(const struct rate *r, int64_t ms, struct draw *d)
{
	double arrivals = draw_exponential(d, 1), now = rate_at(r, ms), us;
	double left_s = ms < r->over_ms ? (double)(r->over_ms - ms) / 1000 : 0;
	double on_ramp = (now + r->to) / 2 * left_s;

	if (arrivals < on_ramp)
		us = 1e6 * gap_on_slope(now, (r->to - now) / left_s, arrivals);
	else
		us = 1e6 * (left_s + (arrivals - on_ramp) / r->to);
	return us < (double)GAP_MAX_US ? (int64_t)us : GAP_MAX_US;
}
