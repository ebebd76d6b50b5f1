/* Text for people: numbers with units, cells, wrapped paragraphs; and texts from
 * outside made harmless. */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "bench/result.h"

/* A copy that is valid UTF-8 without control characters (each bad byte or
 * character becomes U+FFFD): safe on terminals, in JSON and in HTML. The caller
 * frees. NULL stays NULL. */
char *bench_clean(const char *s);
/* The same, but line ends stay, except at the end. For values, never for names. */
char *bench_clean_lines(const char *s);

/* A number for people by its unit: "ms" and "s" choose among us, ms and s, "bytes"
 * among B, KiB, MiB, GiB; "%", "x", "/s", "/min" and "" (a count) stay as they are.
 * "-" when it is not known. */
void text_number(struct buf *b, struct fig f, const char *unit);
/* The plain number with at most `digits` significant digits; whole numbers below
 * 1e15 in full, no exponents for people's sizes. */
void text_plain(struct buf *b, double v, int digits);

/* How many columns a terminal needs for it: one for each UTF-8 character. */
size_t text_columns(const char *s);
/* Appends s in a cell of `width` columns: cut with "..." when longer, filled with
 * blanks; at its left end, or at its right one. */
void text_left(struct buf *b, const char *s, size_t width);
void text_right(struct buf *b, const char *s, size_t width);
/* "  name        words words" wrapped at `width` columns and at line ends, later lines
 * indented below the first word; name takes `indent` columns with its blanks. */
void text_paragraph(struct buf *b, const char *name, size_t indent, const char *words,
		    size_t width);

#endif
