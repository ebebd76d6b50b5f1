/* The parts pages are made of. */
#include "bench/html.h"

#include "base/encode.h"
#include "base/mem.h"
#include "bench/text.h"

void page_text(struct buf *out, const char *s)
{
	encode_xml(out, str_c(s));
}

/* The policy makes a browser hold us to it: nothing is loaded, nothing runs. */
void page_open(struct buf *out, const char *title)
{
	buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
		 "<meta http-equiv=\"Content-Security-Policy\" "
		 "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n<title>");
	page_text(out, title);
	buf_adds(out, "</title>\n<style>");
	buf_adds(out, html_style);
	buf_adds(out, "</style></head><body>\n");
}

void page_close(struct buf *out)
{
	buf_adds(out, "</body></html>\n");
}

void page_heading(struct buf *out, const char *text)
{
	buf_adds(out, "<section><h2>");
	page_text(out, text);
	buf_adds(out, "</h2>\n");
}

void page_section_end(struct buf *out)
{
	buf_adds(out, "</section>\n");
}

void page_cell(struct buf *out, const char *element, const char *class, const char *text)
{
	if (class)
		buf_printf(out, "<%s class=\"%s\">", element, class);
	else
		buf_printf(out, "<%s>", element);
	page_text(out, text);
	buf_printf(out, "</%s>", element);
}

void page_number(struct buf *out, struct fig f, const char *unit)
{
	struct buf b;

	buf_init(&b, 512);
	text_number(&b, f, unit);
	page_cell(out, "td", "n", buf_cstr(&b));
	buf_fini(&b);
}

void page_table(struct buf *out, const char *const *columns, size_t n)
{
	buf_adds(out, "<div class=\"scroll\"><table><thead><tr>");
	for (size_t i = 0; i < n; i++)
		page_cell(out, "th", i ? "n" : NULL, columns[i]);
	buf_adds(out, "</tr></thead><tbody>\n");
}

void page_table_end(struct buf *out)
{
	buf_adds(out, "</tbody></table></div>\n");
}

static void about_item(struct buf *out, const char *name, const char *value)
{
	page_cell(out, "dt", NULL, name);
	page_cell(out, "dd", NULL, value);
}

static void about_texts(struct buf *out, const char *name, const struct bench_texts *t)
{
	struct buf line;

	buf_init(&line, 1u << 20);
	for (size_t i = 0; i < t->n; i++)
		buf_printf(&line, "%s%s = %s", i ? ", " : "", t->items[i].name, t->items[i].value);
	if (t->n)
		about_item(out, name, buf_cstr(&line));
	buf_fini(&line);
}

void page_about(struct buf *out, const struct bench_result *r)
{
	struct buf when;

	buf_init(&when, 1u << 16);
	for (size_t i = 0; i < r->nruns; i++) {
		buf_adds(&when, i ? ", " : "");
		encode_time(&when, r->runs[i]->started_ms);
	}
	buf_adds(out, "<dl>");
	about_item(out, "scenario", r->scenario);
	if (r->nruns)
		about_item(out, r->nruns > 1 ? "runs started" : "started", buf_cstr(&when));
	if (r->driver)
		about_item(out, "driver", r->driver);
	about_texts(out, "load", &r->parameters);
	about_texts(out, "machine", &r->machine);
	about_texts(out, "versions", &r->versions);
	about_item(out, "times", bench_loop_text(r->loop));
	buf_adds(out, "</dl>\n");
	buf_fini(&when);
}

void page_warning(struct buf *out, const char *head, const char *text)
{
	buf_adds(out, "<div class=\"warning\"><b>");
	page_text(out, head);
	buf_adds(out, "</b> ");
	page_text(out, text);
	buf_adds(out, "</div>\n");
}
