#include "bench/timeline.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "bench/text.h"

const struct timeline_facts timeline_facts[TIMELINE_PLOTS] = {
#define TIMELINE(id, kind, title, unit, scale) { #id, title, unit, TIMELINE_##kind, scale },
#include "bench/timeline.tbl.h"
#undef TIMELINE
};

void timeline_fini(struct timeline *t)
{
	for (size_t i = 0; i < t->ncolumns; i++) {
		free(t->columns[i]->name);
		free(t->columns[i]);
	}
	memset(t, 0, sizeof(*t));
}

int timeline_column(struct timeline *t, enum timeline_plot plot, const char *name)
{
	auto_free char *clean = bench_clean(name);
	struct timeline_column *c;

	for (size_t i = 0; i < t->ncolumns; i++) {
		c = t->columns[i];
		if (c->plot == plot && strcmp(c->name, clean) == 0)
			return (int)i;
	}
	if (t->ncolumns == TIMELINE_COLUMNS_MAX)
		return -1;
	c = xcalloc(1, sizeof(*c));
	c->plot = plot;
	c->name = xstrdup(clean);
	t->columns[t->ncolumns] = c;
	return (int)t->ncolumns++;
}

/* One cell that says of both stretches together what two said of each. */
static struct timeline_cell joined(enum timeline_kind kind, struct timeline_cell a,
				   struct timeline_cell b)
{
	struct timeline_cell sum = { 0, a.n + b.n };

	if (a.n == 0 || b.n == 0)
		return a.n ? a : b;
	if (kind == TIMELINE_EVENTS)
		sum.value = a.value + b.value;
	else if (kind == TIMELINE_PEAK)
		sum.value = fmax(a.value, b.value);
	else
		sum.value = (a.value * a.n + b.value * b.n) / (double)sum.n;
	return sum;
}

static void halve(struct timeline *t)
{
	for (size_t i = 0; i < t->ncolumns; i++) {
		struct timeline_cell *c = t->columns[i]->cells;
		enum timeline_kind kind = timeline_facts[t->columns[i]->plot].kind;

		for (size_t k = 0; k < TIMELINE_POINTS / 2; k++)
			c[k] = joined(kind, c[2 * k], c[2 * k + 1]);
		memset(c + TIMELINE_POINTS / 2, 0, sizeof(*c) * (TIMELINE_POINTS / 2));
	}
	t->points = (t->points + 1) / 2;
	t->step_ms *= 2;
}

/* The point that covers at_ms, after making room for it. */
static size_t point_of(struct timeline *t, int64_t at_ms)
{
	size_t i;

	if (t->step_ms == 0)
		t->step_ms = TIMELINE_STEP_MS;
	if (at_ms < 0)
		at_ms = 0;
	while (at_ms / t->step_ms >= TIMELINE_POINTS)
		halve(t);
	i = (size_t)(at_ms / t->step_ms);
	if (t->points <= i)
		t->points = i + 1;
	return i;
}

void timeline_reach(struct timeline *t, int64_t at_ms)
{
	(void)point_of(t, at_ms);
}

void timeline_put(struct timeline *t, int column, int64_t at_ms, double value)
{
	struct timeline_cell one = { value, 1 }, *c;
	struct timeline_column *col;
	size_t i;

	if (column < 0 || !isfinite(value))
		return;
	i = point_of(t, at_ms);
	col = t->columns[column];
	c = &col->cells[i];
	*c = joined(timeline_facts[col->plot].kind, *c, one);
}

bool timeline_value(const struct timeline *t, size_t column, size_t i, double *ret)
{
	const struct timeline_column *c = t->columns[column];

	if (timeline_facts[c->plot].kind == TIMELINE_EVENTS) {
		*ret = c->cells[i].value / ((double)t->step_ms / 1000);
		return i < t->points;
	}
	*ret = c->cells[i].value;
	return c->cells[i].n > 0;
}

bool timeline_has(const struct timeline *t, enum timeline_plot plot)
{
	for (size_t i = 0; i < t->ncolumns; i++) {
		if (t->columns[i]->plot == plot && t->points > 0)
			return true;
	}
	return false;
}
