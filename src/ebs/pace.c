#include "ebs/pace.h"

#include <string.h>

#define ALONE 4			/* watches that may be looked at whenever due, */
#define ALONE_PEAK 20.0		/* unless there were so many operations lately */
#define CREDIT_MAX 5.0
#define CREDIT_PER_S 0.1
#define PER_START_MIN 0.07	/* at PEAK_FULL operations and more */
#define PER_START_MAX 2.0
#define PEAK_FULL 100.0
#define PEAK_DECAY_MS 30000.0
#define FIRST_MIN 50.0
#define FIRST_MAX 10000.0
#define GROW_MS 1000		/* the first look comes later once in so long */
#define SELDOM_MS 5000
#define BROKE_MS 1500	/* without credit they may wait so long */

static const struct {
	const char *name;
	double typical;		/* where learning starts */
} facts[TRANSITION_COUNT] = {
	[TRANSITION_LOOK] = { "look", 0 },
	[TRANSITION_CREATING] = { "creating", 1500 },
	[TRANSITION_ATTACHING] = { "attaching", 2000 },
	[TRANSITION_DETACHING] = { "detaching", 2500 },
};

static double clamp(double x, double least, double most)
{
	return x < least ? least : x > most ? most : x;
}

void pace_init(struct pace *p, int64_t now)
{
	memset(p, 0, sizeof(*p));
	p->credit = CREDIT_MAX;
	p->at = p->peak_at = now;
	p->last = now - PACE_GAP_MS;
	for (int t = 0; t < TRANSITION_COUNT; t++) {
		p->typical[t] = facts[t].typical;
		p->first[t] = 0.6 * facts[t].typical;
	}
}

const char *pace_name(enum transition t)
{
	return facts[t].name;
}

void pace_set_load(struct pace *p, size_t operations, int64_t now)
{
	p->peak /= 1 + (double)(now - p->peak_at) / PEAK_DECAY_MS;
	p->peak_at = now;
	p->load = operations;
	if (p->peak < (double)operations)
		p->peak = (double)operations;
}

static void earn(struct pace *p, double amount)
{
	p->credit = clamp(p->credit + amount, 0, CREDIT_MAX + p->peak / 10);
}

int64_t pace_begin(struct pace *p, enum transition t, int64_t now)
{
	(void)now;
	p->active++;
	earn(p, clamp(PER_START_MIN * PEAK_FULL / (p->peak + 1), PER_START_MIN, PER_START_MAX));
	return (int64_t)p->first[t];
}

int64_t pace_interval(const struct pace *p, enum transition t, int64_t age)
{
	double old = (double)age - 3 * p->typical[t];

	if (t == TRANSITION_LOOK || old <= 0)
		return PACE_GAP_MS;
	return (int64_t)clamp(PACE_GAP_MS + old / 32, PACE_GAP_MS, SELDOM_MS);
}

static bool once_in(int64_t *last, int64_t now, int64_t ms)
{
	if (now - *last < ms)
		return false;
	*last = now;
	return true;
}

/* Many that began together end in order of age and many of them in one answer:
 * each such round is one lesson, whatever the number of ends in it. */
void pace_learn(struct pace *p, enum transition t, int64_t age, uint32_t looks, int64_t now)
{
	double ms = (double)age;

	if (t == TRANSITION_LOOK)
		return;
	if (once_in(&p->learned_at[t], now, PACE_GAP_MS))
		p->typical[t] *= ms > p->typical[t] ? 1.05 : 1 / 1.05;
	p->typical[t] = clamp(p->typical[t], 2 * FIRST_MIN, 6 * FIRST_MAX);
	/* A first look that came late, for want of credit, proves nothing. */
	if (looks > 1 && once_in(&p->grown_at[t], now, GROW_MS))
		p->first[t] *= 1.01;
	else if (looks == 1 && ms < p->first[t] + 2 * PACE_GAP_MS &&
		 once_in(&p->shrunk_at[t], now, PACE_GAP_MS))
		p->first[t] *= 0.8;
	p->first[t] = clamp(p->first[t], FIRST_MIN, FIRST_MAX);
}

static bool must_pay(const struct pace *p)
{
	return p->active > ALONE || p->peak > ALONE_PEAK;
}

int64_t pace_wait(struct pace *p, int64_t now, double rate)
{
	int64_t gap = rate > 0 ? (int64_t)(2000 / rate) : 1000;
	int64_t wait = p->last + (gap > PACE_GAP_MS ? gap : PACE_GAP_MS) - now;

	earn(p, CREDIT_PER_S * (double)(now - p->at) / 1000);
	p->at = now;
	if (must_pay(p) && p->credit < 1) {
		int64_t broke = p->last + BROKE_MS - now;

		/* Beginning transitions may bring credit sooner: look again soon. */
		broke = broke < PACE_GAP_MS ? broke : PACE_GAP_MS;
		wait = wait > broke ? wait : broke;
	}
	return wait > 0 ? wait : 0;
}

void pace_spend(struct pace *p, int64_t now, bool free_of_charge)
{
	p->last = now;
	if (must_pay(p) && !free_of_charge)
		p->credit = clamp(p->credit - 1, 0, p->credit);
}

void pace_dump(const struct pace *p, struct buf *out)
{
	buf_printf(out, "\"watched\":%zu,\"credit\":%.1f", p->active, p->credit);
	for (int t = TRANSITION_LOOK + 1; t < TRANSITION_COUNT; t++)
		buf_printf(out, ",\"%s\":{\"first_look_ms\":%.0f,\"typical_ms\":%.0f}",
			   facts[t].name, p->first[t], p->typical[t]);
}
