#include "bench/json_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"

void jw_init(struct json_writer *w, struct buf *out)
{
	*w = (struct json_writer){ .out = out, .first = true };
}

static void new_line(struct json_writer *w)
{
	if (w->flat || w->depth == 0)
		return;
	buf_addc(w->out, '\n');
	for (int i = 0; i < w->depth; i++)
		buf_addc(w->out, ' ');
}

/* What stands before a value: comma, place, key. */
static void lead(struct json_writer *w, const char *key)
{
	if (!w->first)
		buf_adds(w->out, w->flat ? ", " : ",");
	w->first = false;
	new_line(w);
	if (!key)
		return;
	encode_json(w->out, str_c(key));
	buf_adds(w->out, ": ");
}

void jw_open(struct json_writer *w, const char *key, char bracket)
{
	lead(w, key);
	buf_addc(w->out, bracket);
	w->depth++;
	w->first = true;
}

void jw_open_flat(struct json_writer *w, const char *key, char bracket)
{
	jw_open(w, key, bracket);
	if (!w->flat)
		w->flat = w->depth;
}

void jw_close(struct json_writer *w, char bracket)
{
	bool was_flat = w->flat > 0;

	if (w->flat == w->depth)
		w->flat = 0;
	w->depth--;
	if (!w->first && !was_flat) {
		if (w->depth == 0)
			buf_addc(w->out, '\n');
		new_line(w);
	}
	buf_addc(w->out, bracket);
	w->first = false;
}

void jw_text(struct json_writer *w, const char *key, const char *s)
{
	if (!s) {
		jw_null(w, key);
		return;
	}
	lead(w, key);
	encode_json(w->out, str_c(s));
}

void jw_int(struct json_writer *w, const char *key, uint64_t v)
{
	lead(w, key);
	buf_printf(w->out, "%llu", (unsigned long long)(v > INT64_MAX ? INT64_MAX : v));
}

void jw_number(struct json_writer *w, const char *key, double v)
{
	char text[40];

	if (!isfinite(v)) {
		jw_null(w, key);
		return;
	}
	lead(w, key);
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_adds(w->out, text);
}

void jw_bool(struct json_writer *w, const char *key, bool v)
{
	lead(w, key);
	buf_adds(w->out, v ? "true" : "false");
}

void jw_null(struct json_writer *w, const char *key)
{
	lead(w, key);
	buf_adds(w->out, "null");
}
