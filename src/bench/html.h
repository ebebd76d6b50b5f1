/* Reports as one HTML page each: no external references, no script, light and dark.
 * The pages are well-formed XML too, so that a parser can check them. */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include "base/buf.h"
#include "bench/compare.h"
#include "bench/result.h"

void html_result(struct buf *out, const struct bench_result *r);
void html_compare(struct buf *out, const struct compare *c, bool all);

/* ---- what both are made of (page.c) ---- */

extern const char html_style[];

void page_open(struct buf *out, const char *title);
void page_close(struct buf *out);
void page_text(struct buf *out, const char *s);		/* escaped */
void page_heading(struct buf *out, const char *text);	/* opens a section */
void page_section_end(struct buf *out);
/* <td> or <th> with a class (NULL: none). */
void page_cell(struct buf *out, const char *element, const char *class, const char *text);
void page_number(struct buf *out, struct fig f, const char *unit);	/* <td class="n"> */
/* A table's head from column names; first column left, the others right. */
void page_table(struct buf *out, const char *const *columns, size_t n);
void page_table_end(struct buf *out);
/* What was run: a list of names and values. */
void page_about(struct buf *out, const struct bench_result *r);
/* A box that cannot be overlooked. */
void page_warning(struct buf *out, const char *head, const char *text);

#endif
