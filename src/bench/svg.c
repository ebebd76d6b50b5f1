#include "bench/svg.h"

#include <math.h>
#include <string.h>

#include "base/encode.h"
#include "bench/text.h"

#define LEFT 68.0
#define RIGHT 20.0
#define TOP 14.0
#define BOTTOM 46.0
#define TICKS 6	/* about so many on a linear axis */

/* ---- axes ---- */

static double bounded(double v)
{
	return isnan(v) ? 0 : fmax(-SVG_VALUE_MAX, fmin(SVG_VALUE_MAX, v));
}

static double round_step(double span)
{
	double raw = span / TICKS, power = pow(10, floor(log10(raw))), lead = raw / power;

	return power * (lead <= 1.0001 ? 1 : lead <= 2.0001 ? 2 : lead <= 5.0001 ? 5 : 10);
}

static void fit_linear(struct svg_axis *a, double min, double max)
{
	min = fmin(min, 0);
	max = fmax(max, 0);
	if (max - min < 1e-9)
		max = min + 1;
	a->step = round_step(max - min);
	a->min = floor(min / a->step + 1e-9) * a->step;
	a->max = ceil(max / a->step - 1e-9) * a->step;
}

static void fit_log(struct svg_axis *a, double min, double max)
{
	min = fmax(min, 1e-6);
	max = fmax(max, min);
	a->min = pow(10, floor(log10(min) + 1e-9));
	a->max = pow(10, ceil(log10(max) - 1e-9));
	if (a->max <= a->min)
		a->max = a->min * 10;
}

void svg_fit(struct svg_axis *a, double min, double max)
{
	min = bounded(min);
	max = bounded(max);
	if (a->scale == SVG_LINEAR)
		fit_linear(a, min, max);
	else
		fit_log(a, a->scale == SVG_QUANTILE ? 1 : min, max);
	if (a->tight && max > a->min)
		a->max = max;
}

static double decades(const struct svg_axis *a)
{
	return ceil(log10(a->max / a->min));
}

bool svg_tick(const struct svg_axis *a, size_t i, double *ret)
{
	double every = ceil(decades(a) / 10);	/* decades from tick to tick */

	if (a->scale == SVG_LINEAR)
		*ret = a->min + (double)i * a->step;
	else
		*ret = a->min * pow(10, every * (double)i);
	if (a->scale == SVG_LINEAR && fabs(*ret) < a->step * 1e-6)
		*ret = 0;
	return *ret <= a->max * (1 + 1e-9) + a->step * 1e-6;
}

void svg_tick_label(struct buf *b, const struct svg_axis *a, double v)
{
	if (a->scale != SVG_QUANTILE) {
		buf_printf(b, "%.10g", v);
		return;
	}
	/* 100 - 100 / v without rounding it up to 100 */
	buf_printf(b, "%.*f %%", v < 500 ? 0 : (int)round(log10(v)) - 2, 100 - 100 / v);
}

double svg_place(const struct svg_axis *a, double v)
{
	double at;

	v = bounded(v);
	if (a->scale == SVG_LINEAR)
		at = (v - a->min) / (a->max - a->min);
	else
		at = log10(fmax(v, a->min) / a->min) / log10(a->max / a->min);
	return fmax(0, fmin(1, at));
}

/* ---- the frame ---- */

static double x_of(const struct svg *s, double v)
{
	return LEFT + svg_place(&s->x, v) * (SVG_WIDTH - LEFT - RIGHT);
}

static double y_of(const struct svg *s, double v)
{
	return s->height - BOTTOM - svg_place(&s->y, v) * (s->height - TOP - BOTTOM);
}

static void element_text(struct buf *out, const char *element, const char *text)
{
	buf_printf(out, "<%s>", element);
	encode_xml(out, str_c(text));
	buf_printf(out, "</%s>", element);
}

static void text_at(struct buf *out, double x, double y, const char *attributes, const char *text)
{
	buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
	encode_xml(out, str_c(text));
	buf_adds(out, "</text>");
}

static void grid_line(struct buf *out, double x1, double y1, double x2, double y2)
{
	buf_printf(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x1,
		   y1, x2, y2);
}

static void x_ticks(struct svg *s)
{
	struct buf label;
	double v, x;

	buf_init(&label, 512);
	for (size_t i = 0; svg_tick(&s->x, i, &v); i++) {
		x = x_of(s, v);
		buf_reset(&label);
		svg_tick_label(&label, &s->x, v);
		grid_line(s->out, x, TOP, x, s->height - BOTTOM);
		text_at(s->out, x, s->height - BOTTOM + 16, "text-anchor=\"middle\"",
			buf_cstr(&label));
	}
	buf_fini(&label);
	text_at(s->out, (LEFT + SVG_WIDTH - RIGHT) / 2, s->height - 8,
		"class=\"axis\" text-anchor=\"middle\"", s->x.title);
}

static void y_ticks(struct svg *s)
{
	double v, y, middle = (TOP + s->height - BOTTOM) / 2;
	struct buf label;

	buf_init(&label, 512);
	for (size_t i = 0; svg_tick(&s->y, i, &v); i++) {
		y = y_of(s, v);
		buf_reset(&label);
		svg_tick_label(&label, &s->y, v);
		grid_line(s->out, LEFT, y, SVG_WIDTH - RIGHT, y);
		text_at(s->out, LEFT - 6, y + 4, "text-anchor=\"end\"", buf_cstr(&label));
	}
	buf_fini(&label);
	buf_printf(s->out, "<text class=\"axis\" x=\"14\" y=\"%.1f\" text-anchor=\"middle\" "
		   "transform=\"rotate(-90 14 %.1f)\">", middle, middle);
	encode_xml(s->out, str_c(s->y.title));
	buf_adds(s->out, "</text>");
}

static void open_drawing(struct buf *out, double height, const char *title, const char *description)
{
	buf_printf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\">", SVG_WIDTH, height);
	element_text(out, "title", title);
	element_text(out, "desc", description);
}

void svg_open(struct svg *s, struct buf *out, const char *title, const char *description,
	      const struct svg_axis *x, const struct svg_axis *y)
{
	*s = (struct svg){ .out = out, .x = *x, .y = *y, .height = SVG_HEIGHT };
	open_drawing(out, s->height, title, description);
	x_ticks(s);
	y_ticks(s);
}

void svg_close(struct svg *s)
{
	buf_adds(s->out, "</svg>\n");
}

/* ---- lines ---- */

void svg_line(struct svg *s, size_t series)
{
	s->pen_down = false;
	s->points = 0;
	buf_printf(s->out, "<path class=\"line s%zu%s\" d=\"", series % SVG_COLOURS,
		   series / SVG_COLOURS % 2 ? " dash" : "");
}

/* A single point becomes a dot: a line of no length with round ends. */
void svg_gap(struct svg *s)
{
	if (s->pen_down && s->points == 1)
		buf_printf(s->out, "L%.1f %.1f", s->last_x, s->last_y);
	s->pen_down = false;
	s->points = 0;
}

void svg_point(struct svg *s, double x, double y)
{
	double px = x_of(s, x), py = y_of(s, y);

	if (s->pen_down && fabs(px - s->last_x) < 0.5 && fabs(py - s->last_y) < 0.5)
		return;
	buf_printf(s->out, "%c%.1f %.1f", s->pen_down ? 'L' : 'M', px, py);
	s->pen_down = true;
	s->points++;
	s->last_x = px;
	s->last_y = py;
}

void svg_line_end(struct svg *s)
{
	svg_gap(s);
	buf_adds(s->out, "\"/>");
}

void svg_area(struct svg *s, size_t series, const double *x, const double *low,
	      const double *high, size_t n)
{
	if (n == 0)
		return;
	buf_printf(s->out, "<path class=\"area s%zu%s\" d=\"", series % SVG_COLOURS,
		   series / SVG_COLOURS % 2 ? " dash" : "");
	for (size_t i = 0; i < n; i++)
		buf_printf(s->out, "%c%.1f %.1f", i ? 'L' : 'M', x_of(s, x[i]), y_of(s, high[i]));
	for (size_t i = n; i-- > 0;)
		buf_printf(s->out, "L%.1f %.1f", x_of(s, x[i]), y_of(s, low[i]));
	buf_adds(s->out, "Z\"/>");
}

/* ---- bars ---- */

#define BAR_LEFT 220.0
#define BAR_RIGHT 120.0
#define BAR_STEP 26.0
#define BAR_LABEL 30u	/* characters */

static void bar(struct buf *out, const struct svg_axis *a, const struct svg_bar *b, double y)
{
	double room = SVG_WIDTH - BAR_LEFT - BAR_RIGHT;
	double length = svg_place(a, b->length) * room;
	double part = svg_place(a, fmin(b->part, b->length)) * room;
	size_t width = text_columns(b->label);
	struct buf label;

	buf_init(&label, 1024);
	text_left(&label, b->label, width < BAR_LABEL ? width : BAR_LABEL);
	text_at(out, BAR_LEFT - 8, y + 15, "text-anchor=\"end\"", buf_cstr(&label));
	buf_fini(&label);
	buf_printf(out, "<rect class=\"bar s0\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"18\"/>",
		   BAR_LEFT, y + 2, length);
	if (part > 0)
		buf_printf(out, "<rect class=\"bar warn\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			   "height=\"18\"/>", BAR_LEFT, y + 2, part);
	text_at(out, BAR_LEFT + length + 6, y + 15, "", b->text);
}

void svg_bars(struct buf *out, const char *title, const char *description, const char *axis_title,
	      const struct svg_bar *bars, size_t n)
{
	struct svg_axis a = { .scale = SVG_LINEAR };
	double height = (double)n * BAR_STEP + 30, most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, bars[i].length);
	svg_fit(&a, 0, most);
	open_drawing(out, height, title, description);
	for (size_t i = 0; i < n; i++)
		bar(out, &a, &bars[i], (double)i * BAR_STEP);
	text_at(out, BAR_LEFT, height - 8, "class=\"axis\"", axis_title);
	buf_adds(out, "</svg>\n");
}
