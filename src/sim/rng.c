#include "sim/rng.h"

uint64_t sim_rng_next(struct sim_rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t sim_rng_below(struct sim_rng *r, uint64_t n)
{
	return sim_rng_next(r) % n;	/* n is tiny beside 2^64: no visible bias */
}

static double unit(struct sim_rng *r)
{
	return (double)(sim_rng_next(r) >> 11) / 9007199254740992.0;	/* 2^53 */
}

bool sim_rng_chance(struct sim_rng *r, double probability)
{
	return probability >= 1 || (probability > 0 && unit(r) < probability);
}

void sim_rng_hex(struct sim_rng *r, char *ret, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % 16 == 0)
			bits = sim_rng_next(r);
		ret[i] = digits[bits & 15];
		bits >>= 4;
	}
	ret[n] = '\0';
}

static double between(int64_t low, int64_t high, double part)
{
	return (double)low + (double)(high - low) * part;
}

int64_t sim_curve_draw(const struct sim_curve *c, double scale, struct sim_rng *r)
{
	double u = unit(r);
	size_t i = 1;

	if (scale <= 0)
		return 0;
	while (i + 1 < c->n && u >= c->v[i].part)
		i++;
	return (int64_t)(between(c->v[i - 1].ms, c->v[i].ms, (u - c->v[i - 1].part) /
				 (c->v[i].part - c->v[i - 1].part)) * scale + 0.5);
}

int64_t sim_delay_draw(const struct sim_delay *d, double scale, struct sim_rng *r)
{
	double u, ms;

	if (scale <= 0 || d->max <= 0)
		return 0;
	u = d->min == d->max ? 0 : unit(r);
	if (u < 0.5)
		ms = between(d->min, d->p50, u / 0.5);
	else if (u < 0.99)
		ms = between(d->p50, d->p99, (u - 0.5) / 0.49);
	else
		ms = between(d->p99, d->max, (u - 0.99) / 0.01);
	return (int64_t)(ms * scale + 0.5);
}
