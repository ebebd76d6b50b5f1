/* Values over time, in bounded memory: every column has the same fixed number of
 * points; when a run grows beyond them, neighbours are joined and each point
 * covers twice the time. */
#ifndef BENCH_TIMELINE_H
#define BENCH_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMELINE_POINTS 600
#define TIMELINE_COLUMNS_MAX 64
#define TIMELINE_STEP_MS 100	/* of a fresh timeline */

enum timeline_kind { TIMELINE_MEAN, TIMELINE_PEAK, TIMELINE_EVENTS };

enum timeline_plot {
#define TIMELINE(id, kind, title, unit, scale) TIMELINE_##id,
#include "bench/timeline.tbl.h"
#undef TIMELINE
	TIMELINE_PLOTS
};

struct timeline_facts {
	const char *name, *title, *unit;
	enum timeline_kind kind;
	double scale;
};

extern const struct timeline_facts timeline_facts[TIMELINE_PLOTS];

struct timeline_cell {
	double value;	/* mean, peak or sum */
	uint32_t n;	/* values put; 0: nothing known of this stretch */
};

struct timeline_column {
	enum timeline_plot plot;
	char *name;	/* "attaching", "ControllerPublishVolume", "rss" */
	struct timeline_cell cells[TIMELINE_POINTS];
};

/* A zeroed timeline is an empty one. */
struct timeline {
	int64_t step_ms;
	size_t points;	/* in use, from the start of the run */
	struct timeline_column *columns[TIMELINE_COLUMNS_MAX];
	size_t ncolumns;
};

void timeline_fini(struct timeline *t);	/* zeroed again */

/* The column of that name in that plot, made when it is new. -1 when there are
 * TIMELINE_COLUMNS_MAX already: timeline_put ignores it. Columns are drawn in the
 * order they were made. */
int timeline_column(struct timeline *t, enum timeline_plot plot, const char *name);
/* at_ms since the run began; earlier than 0 counts as 0. NaN and infinities are
 * left out. For EVENTS, value is how many happened. */
void timeline_put(struct timeline *t, int column, int64_t at_ms, double value);
/* The run lasted until at_ms, though nothing was put there. */
void timeline_reach(struct timeline *t, int64_t at_ms);

/* What point i says, in base units (EVENTS: by seconds, 0 where none happened);
 * false where nothing is known. */
bool timeline_value(const struct timeline *t, size_t column, size_t i, double *ret);
bool timeline_has(const struct timeline *t, enum timeline_plot plot);

#endif
