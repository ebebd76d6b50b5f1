#include "bench/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "bench/text.h"

const struct bench_figure_facts bench_figure_facts[BENCH_FIGURES] = {
#define FIGURE(id, label, unit, better) { #id, label, unit, BENCH_##better },
#include "bench/result.tbl.h"
#undef FIGURE
};

static PRINTF_LIKE(1, 0) char *format(const char *fmt, va_list ap)
{
	auto_free char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	return bench_clean_lines(text);
}

/* A place for one more element at the end of an array that grows by doubling. */
static void *add_slot(void *items, size_t n, size_t size)
{
	if ((n & (n - 1)) == 0)
		items = xrealloc(items, (n ? 2 * n : 1) * size);
	memset((char *)items + n * size, 0, size);
	return items;
}

/* ---- named texts ---- */

static struct bench_text *find_text(const struct bench_texts *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->items[i].name, name) == 0)
			return &t->items[i];
	}
	return NULL;
}

static void take_text(struct bench_texts *t, const char *name, char *value)
{
	auto_free char *clean = bench_clean(name);
	struct bench_text *text = find_text(t, clean);

	if (!text) {
		t->items = add_slot(t->items, t->n, sizeof(*t->items));
		text = &t->items[t->n++];
		text->name = xstrdup(clean);
	}
	free(text->value);
	text->value = value;
}

void bench_texts_set(struct bench_texts *t, const char *name, const char *value)
{
	take_text(t, name, bench_clean_lines(value ? value : ""));
}

void bench_texts_setf(struct bench_texts *t, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	take_text(t, name, format(fmt, ap));
	va_end(ap);
}

const char *bench_texts_get(const struct bench_texts *t, const char *name)
{
	const struct bench_text *text = find_text(t, name);

	return text ? text->value : NULL;
}

void bench_texts_fini(struct bench_texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->items[i].name);
		free(t->items[i].value);
	}
	free(t->items);
	*t = (struct bench_texts){ 0 };
}

/* ---- one repetition ---- */

void bench_run_set(struct bench_run *run, enum bench_figure f, double v)
{
	if (isfinite(v))
		run->figures[f] = fig_of(v);
}

void bench_run_peak(struct bench_run *run, enum bench_figure f, double v)
{
	if (!run->figures[f].known || v > run->figures[f].v)
		bench_run_set(run, f, v);
}

void bench_run_add(struct bench_run *run, enum bench_figure f, double v)
{
	bench_run_set(run, f, run->figures[f].v + v);
}

const struct bench_rpc *bench_run_find_rpc(const struct bench_run *run, const char *name)
{
	for (size_t i = 0; i < run->nrpcs; i++) {
		if (strcmp(run->rpcs[i]->name, name) == 0)
			return run->rpcs[i];
	}
	return NULL;
}

struct bench_rpc *bench_run_rpc(struct bench_run *run, const char *name)
{
	auto_free char *clean = bench_clean(name);
	struct bench_rpc *rpc;

	for (size_t i = 0; i < run->nrpcs; i++) {
		if (strcmp(run->rpcs[i]->name, clean) == 0)
			return run->rpcs[i];
	}
	rpc = xcalloc(1, sizeof(*rpc));
	rpc->name = xstrdup(clean);
	run->rpcs = add_slot(run->rpcs, run->nrpcs, sizeof(struct bench_rpc *));
	run->rpcs[run->nrpcs++] = rpc;
	return rpc;
}

void bench_rpc_code(struct bench_rpc *rpc, enum grpc_code code)
{
	rpc->codes[(unsigned int)code < BENCH_CODES ? code : GRPC_UNKNOWN]++;
}

const struct bench_action *bench_run_find_action(const struct bench_run *run, const char *name)
{
	for (size_t i = 0; i < run->nactions; i++) {
		if (strcmp(run->actions[i].name, name) == 0)
			return &run->actions[i];
	}
	return NULL;
}

struct bench_action *bench_run_action(struct bench_run *run, const char *name)
{
	auto_free char *clean = bench_clean(name);

	run->ec2_known = true;
	for (size_t i = 0; i < run->nactions; i++) {
		if (strcmp(run->actions[i].name, clean) == 0)
			return &run->actions[i];
	}
	run->actions = add_slot(run->actions, run->nactions, sizeof(*run->actions));
	run->actions[run->nactions].name = xstrdup(clean);
	return &run->actions[run->nactions++];
}

bool bench_action_mutates(const char *name)
{
	return !str_starts(str_c(name), "Describe");
}

void bench_run_looked_for_leaks(struct bench_run *run)
{
	run->leaks_known = true;
}

void bench_run_leak(struct bench_run *run, const char *fmt, ...)
{
	va_list ap;

	run->leaks_known = true;
	if (run->nleaks++ >= BENCH_LEAKS_MAX)
		return;
	run->leaks = add_slot(run->leaks, run->nleaks - 1, sizeof(char *));
	va_start(ap, fmt);
	run->leaks[run->nleaks - 1] = format(fmt, ap);
	va_end(ap);
}

void bench_run_unmeasured(struct bench_run *run, const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	take_text(&run->unmeasured, what, format(fmt, ap));
	va_end(ap);
}

void bench_run_note(struct bench_run *run, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	take_text(&run->notes, name, format(fmt, ap));
	va_end(ap);
}

void bench_run_partial(struct bench_run *run, const char *fmt, ...)
{
	va_list ap;

	if (run->partial)
		return;
	va_start(ap, fmt);
	run->partial = format(fmt, ap);
	va_end(ap);
}

static void rpc_free(struct bench_rpc *rpc)
{
	hist_fini(&rpc->response);
	hist_fini(&rpc->service);
	hist_fini(&rpc->attempts);
	hist_fini(&rpc->over_ec2);
	free(rpc->name);
	free(rpc);
}

static void run_free(struct bench_run *run)
{
	for (size_t i = 0; i < run->nrpcs; i++)
		rpc_free(run->rpcs[i]);
	for (size_t i = 0; i < run->nactions; i++)
		free(run->actions[i].name);
	for (size_t i = 0; i < run->nleaks && i < BENCH_LEAKS_MAX; i++)
		free(run->leaks[i]);
	hist_fini(&run->lifecycle);
	hist_fini(&run->driver_lag);
	hist_fini(&run->generator_lag);
	timeline_fini(&run->timeline);
	bench_texts_fini(&run->unmeasured);
	bench_texts_fini(&run->notes);
	free(run->rpcs);
	free(run->actions);
	free(run->leaks);
	free(run->partial);
	free(run);
}

/* ---- all of it ---- */

struct bench_result *bench_result_new(const char *scenario)
{
	struct bench_result *r = xcalloc(1, sizeof(*r));

	r->scenario = bench_clean(scenario);
	return r;
}

void bench_result_free(struct bench_result *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nruns; i++)
		run_free(r->runs[i]);
	for (size_t i = 0; i < r->nbudgets; i++)
		free(r->budgets[i].metric);
	bench_texts_fini(&r->parameters);
	bench_texts_fini(&r->machine);
	bench_texts_fini(&r->versions);
	free(r->runs);
	free(r->budgets);
	free(r->scenario);
	free(r->driver);
	free(r);
}

void bench_result_driver(struct bench_result *r, const char *command)
{
	free(r->driver);
	r->driver = bench_clean_lines(command);
}

struct bench_run *bench_result_add_run(struct bench_result *r, int64_t started_ms)
{
	struct bench_run *run = xcalloc(1, sizeof(*run));

	run->started_ms = started_ms;
	r->runs = add_slot(r->runs, r->nruns, sizeof(struct bench_run *));
	r->runs[r->nruns++] = run;
	return run;
}

void bench_result_budget(struct bench_result *r, const char *metric, bool at_least, double limit)
{
	r->budgets = add_slot(r->budgets, r->nbudgets, sizeof(*r->budgets));
	r->budgets[r->nbudgets++] =
		(struct bench_budget){ bench_clean(metric), at_least, limit };
}

const char *bench_result_partial(const struct bench_result *r)
{
	for (size_t i = 0; i < r->nruns; i++) {
		if (r->runs[i]->partial)
			return r->runs[i]->partial;
	}
	return NULL;
}

void bench_result_names(const struct bench_result *r, struct bench_texts *rpcs,
			struct bench_texts *actions)
{
	for (size_t i = 0; i < r->nruns; i++) {
		for (size_t k = 0; k < r->runs[i]->nrpcs; k++)
			bench_texts_set(rpcs, r->runs[i]->rpcs[k]->name, "");
		for (size_t k = 0; k < r->runs[i]->nactions; k++)
			bench_texts_set(actions, r->runs[i]->actions[k].name, "");
	}
}

static const struct {
	const char *name, *text;
} loops[] = {
	[BENCH_LOOP_UNKNOWN] = { "unknown", "it is not known how calls were started, so nothing "
		"can be said about coordinated omission" },
	[BENCH_CLOSED_LOOP] = { "closed", "closed loop: a call starts when an earlier one ends, so a "
		"stall holds back the load and shows in few samples (coordinated omission is not "
		"corrected: read the make-span, or use an open loop)" },
	[BENCH_OPEN_LOOP] = { "open", "open loop: response times count from the moment each call was "
		"due, whether it could start then or not, so waiting behind a stall is in them "
		"(coordinated omission is corrected)" },
};

const char *bench_loop_name(enum bench_loop loop)
{
	return loops[loop].name;
}

const char *bench_loop_text(enum bench_loop loop)
{
	return loops[loop].text;
}
