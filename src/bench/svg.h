/* Plots as inline SVG: axes with round ticks, lines, areas, bars. Colours and fonts
 * come from classes (html_style.c); every coordinate lies in the view box. */
#ifndef BENCH_SVG_H
#define BENCH_SVG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum svg_scale {
	SVG_LINEAR,
	SVG_LOG,
	SVG_QUANTILE,	/* log of 1 / (1 - q), labelled 0 %, 90 %, 99 %, 99.9 % … */
};

struct svg_axis {
	enum svg_scale scale;
	const char *title;	/* with the unit; the caller's */
	double min, max;	/* widened to round numbers by svg_fit */
	double step;		/* of linear ticks */
	bool tight;		/* ends where the values end, not at a round number */
};

#define SVG_WIDTH 720.0
#define SVG_HEIGHT 300.0
#define SVG_VALUE_MAX 1e15	/* what is beyond is drawn there */
#define SVG_COLOURS 7		/* series beyond are dashed */

/* Chooses round ends and a round step (1, 2 or 5 times a power of ten) for values in
 * min..max; a linear axis begins at 0 unless values are negative. */
void svg_fit(struct svg_axis *a, double min, double max);
/* The i-th tick; false after the last. */
bool svg_tick(const struct svg_axis *a, size_t i, double *ret);
void svg_tick_label(struct buf *b, const struct svg_axis *a, double v);
/* 0 at min, 1 at max, never outside. */
double svg_place(const struct svg_axis *a, double v);

struct svg {
	struct buf *out;
	struct svg_axis x, y;
	double height;
	/* the path being drawn */
	bool pen_down;
	double last_x, last_y;
	size_t points;
};

/* Opens the drawing with its frame: title and description for those who do not see
 * it, grid, ticks, titles of the axes. Both axes were fitted. */
void svg_open(struct svg *s, struct buf *out, const char *title, const char *description,
	      const struct svg_axis *x, const struct svg_axis *y);
void svg_close(struct svg *s);

/* A line of the series' colour: begin, points, end; svg_gap() lifts the pen. Points
 * too near to their predecessor to be seen are left out. */
void svg_line(struct svg *s, size_t series);
void svg_point(struct svg *s, double x, double y);
void svg_gap(struct svg *s);
void svg_line_end(struct svg *s);

/* The area between two lines over the same n places. */
void svg_area(struct svg *s, size_t series, const double *x, const double *low,
	      const double *high, size_t n);

/* Horizontal bars, one above the other, each with its label, its length and the part
 * of it that is set off (drawn in the warning colour). */
struct svg_bar {
	const char *label, *text;	/* text stands at its end */
	double length, part;
};

void svg_bars(struct buf *out, const char *title, const char *description, const char *axis_title,
	      const struct svg_bar *bars, size_t n);

#endif
