#include "bench/markdown.h"

#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "bench/metrics.h"

struct writer {
	struct buf *out;
	const struct bench_result *const *results;
	const char *const *names;
	size_t n;
	struct metrics *metrics;
};

/* Text that must not end the cell or begin HTML, a link or emphasis. */
static void escaped(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("|\\`*_[]<>&", *s))
			buf_addc(out, '\\');
		buf_addc(out, *s == '\n' ? ' ' : *s);
	}
}

static void cell(struct writer *w, const struct metric *m)
{
	struct buf b;

	buf_init(&b, 2048);
	metric_text(&b, m);
	buf_adds(w->out, " | ");
	escaped(w->out, buf_cstr(&b));
	buf_fini(&b);
}

static bool row(struct writer *w, const char *path)
{
	const struct metric *any = NULL;
	struct buf title;

	for (size_t i = 0; i < w->n && !any; i++)
		any = metrics_find(&w->metrics[i], path);
	if (!any)
		return false;
	buf_init(&title, 1u << 16);
	metric_title(&title, any);
	buf_adds(w->out, "| ");
	escaped(w->out, buf_cstr(&title));
	for (size_t i = 0; i < w->n; i++)
		cell(w, metrics_find(&w->metrics[i], path));
	buf_adds(w->out, " |\n");
	buf_fini(&title);
	return true;
}

static void head(struct writer *w)
{
	buf_adds(w->out, "| figure");
	for (size_t i = 0; i < w->n; i++) {
		buf_adds(w->out, " | ");
		escaped(w->out, w->names[i]);
	}
	buf_adds(w->out, " |\n| ---");
	for (size_t i = 0; i < w->n; i++)
		buf_adds(w->out, " | ---");
	buf_adds(w->out, " |\n");
}

/* The main metrics, each once. */
static void main_rows(struct writer *w)
{
	struct bench_texts done = { 0 };

	for (size_t i = 0; i < w->n; i++) {
		for (size_t k = 0; k < w->metrics[i].n; k++) {
			const struct metric *m = &w->metrics[i].items[k];

			if (m->n == 0 || !metric_is_main(m) || bench_texts_get(&done, m->path))
				continue;
			bench_texts_set(&done, m->path, "");
			row(w, m->path);
		}
	}
	bench_texts_fini(&done);
}

static void texts(struct writer *w, const char *what, const struct bench_texts *t)
{
	if (t->n)
		buf_printf(w->out, "; %s", what);
	for (size_t i = 0; i < t->n; i++) {
		buf_adds(w->out, i ? ", " : " ");
		escaped(w->out, t->items[i].name);
		buf_addc(w->out, ' ');
		escaped(w->out, t->items[i].value);
	}
}

static void about(struct writer *w, size_t i)
{
	const struct bench_result *r = w->results[i];
	const char *partial = bench_result_partial(r);

	buf_adds(w->out, "- ");
	escaped(w->out, w->names[i]);
	buf_adds(w->out, ": ");
	escaped(w->out, r->scenario);
	buf_printf(w->out, ", %zu run%s, ", r->nruns, r->nruns == 1 ? "" : "s");
	if (r->nruns)
		encode_time(w->out, r->runs[0]->started_ms);
	texts(w, "load", &r->parameters);
	texts(w, "machine", &r->machine);
	texts(w, "versions", &r->versions);
	if (r->driver) {
		buf_adds(w->out, "; driver ");
		escaped(w->out, r->driver);
	}
	if (partial) {
		buf_adds(w->out, "; **partial**: ");
		escaped(w->out, partial);
	}
	buf_addc(w->out, '\n');
}

static int chosen_rows(struct writer *w, const char *const *paths, size_t npaths, struct err *err)
{
	for (size_t i = 0; i < npaths; i++) {
		if (!row(w, paths[i]))
			return err_set(err, GRPC_NOT_FOUND, "no result has a metric \"%s\"; the paths "
				       "are the keys of \"summary\" in the files", paths[i]);
	}
	return 0;
}

int markdown_write(struct buf *out, const struct bench_result *const *results,
		   const char *const *names, size_t n, const char *const *paths, size_t npaths,
		   struct err *err)
{
	struct writer w = { out, results, names, n, xcalloc(n, sizeof(struct metrics)) };
	int rc;

	for (size_t i = 0; i < n; i++)
		metrics_of(results[i], &w.metrics[i]);
	head(&w);
	if (npaths == 0)
		main_rows(&w);
	rc = chosen_rows(&w, paths, npaths, err);
	buf_addc(out, '\n');
	for (size_t i = 0; i < n; i++)
		about(&w, i);
	for (size_t i = 0; i < n; i++)
		metrics_fini(&w.metrics[i]);
	free(w.metrics);
	return rc;
}
