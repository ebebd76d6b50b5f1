#include "bench/result_json.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "bench/file.h"

/* Reading goes down the document with the path of where it is; the first thing
 * wrong is kept and everything after it does nothing. */
struct reader {
	struct buf path;
	struct err *err;
	bool failed;
};

#define PATH_MAX_BYTES 4096

static int complain(struct reader *rd, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int complain(struct reader *rd, const char *key, const char *fmt, ...)
{
	auto_free char *what = NULL;
	va_list ap;

	if (rd->failed)
		return -1;
	rd->failed = true;
	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		abort();
	va_end(ap);
	return err_set(rd->err, GRPC_INVALID_ARGUMENT, "%s%s%s: %s", buf_cstr(&rd->path),
		       rd->path.len && key ? "." : "", cstr_or(key, ""), what);
}

/* Puts one more step on the path; returns where it ended before. */
static size_t enter(struct reader *rd, const char *key)
{
	size_t before = rd->path.len;

	buf_printf(&rd->path, "%s%s", before ? "." : "", key);
	return before;
}

static size_t enter_item(struct reader *rd, size_t i)
{
	size_t before = rd->path.len;

	buf_printf(&rd->path, "[%zu]", i);
	return before;
}

static void leave(struct reader *rd, size_t before)
{
	rd->path.overflow = false;
	rd->path.len = before;
	if (rd->path.data)
		rd->path.data[before] = '\0';
}

static const char *type_name(const json_t *v)
{
	if (!v)
		return "missing";
	switch (json_typeof(v)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "a list";
	case JSON_STRING: return "a text";
	case JSON_INTEGER:
	case JSON_REAL: return "a number";
	case JSON_NULL: return "null";
	default: return "true or false";
	}
}

/* ---- members ---- */

static const json_t *need(struct reader *rd, const json_t *obj, const char *key, json_type type,
			  const char *expected)
{
	const json_t *v = json_object_get(obj, key);

	if (rd->failed)
		return NULL;
	if (!v || json_typeof(v) != type) {
		complain(rd, key, "%s, expected %s", type_name(v), expected);
		return NULL;
	}
	return v;
}

static const json_t *need_object(struct reader *rd, const json_t *obj, const char *key)
{
	return need(rd, obj, key, JSON_OBJECT, "an object");
}

static const json_t *need_list(struct reader *rd, const json_t *obj, const char *key)
{
	return need(rd, obj, key, JSON_ARRAY, "a list");
}

static const char *need_text(struct reader *rd, const json_t *obj, const char *key)
{
	const json_t *v = need(rd, obj, key, JSON_STRING, "a text");

	return v ? json_string_value(v) : "";
}

/* A text or null. */
static const char *text_or_null(struct reader *rd, const json_t *obj, const char *key)
{
	return json_is_null(json_object_get(obj, key)) ? NULL : need_text(rd, obj, key);
}

static uint64_t check_count(struct reader *rd, const json_t *v, const char *key)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0) {
		complain(rd, key, "%s, expected a whole number from 0",
			 json_is_integer(v) ? "negative" : type_name(v));
		return 0;
	}
	return (uint64_t)json_integer_value(v);
}

static uint64_t need_count(struct reader *rd, const json_t *obj, const char *key)
{
	return rd->failed ? 0 : check_count(rd, json_object_get(obj, key), key);
}

/* True for an object; false for null or after a complaint about anything else. */
static bool object_or_null(struct reader *rd, const json_t *obj, const char *key,
			   const json_t **ret)
{
	*ret = json_object_get(obj, key);
	if (rd->failed || json_is_null(*ret))
		return false;
	if (!json_is_object(*ret))
		complain(rd, key, "%s, expected an object, or null for not measured",
			 type_name(*ret));
	return json_is_object(*ret);
}

/* json_object_foreach for const objects. */
#define each_member(obj, key, v) \
	for (void *it_ = json_object_iter((json_t *)(uintptr_t)(obj)); \
	     it_ && ((key) = json_object_iter_key(it_), (v) = json_object_iter_value(it_), true); \
	     it_ = json_object_iter_next((json_t *)(uintptr_t)(obj), it_))

static void read_texts(struct reader *rd, const json_t *obj, const char *key,
		       struct bench_texts *ret)
{
	const json_t *texts = need_object(rd, obj, key);
	size_t at = enter(rd, key);
	const char *name;
	const json_t *v;

	each_member(texts, name, v) {
		if (json_is_string(v))
			bench_texts_set(ret, name, json_string_value(v));
		else
			complain(rd, name, "%s, expected a text", type_name(v));
	}
	leave(rd, at);
}

/* ---- histograms ---- */

static void read_bucket(struct reader *rd, const json_t *pair, struct hist *h, uint64_t *total)
{
	uint64_t low, n;
	size_t bucket;

	if (!json_is_array(pair) || json_array_size(pair) != 2) {
		complain(rd, NULL, "%s, expected [lowest value, samples]", type_name(pair));
		return;
	}
	low = check_count(rd, json_array_get(pair, 0), NULL);
	n = check_count(rd, json_array_get(pair, 1), NULL);
	bucket = hist_bucket_of(low);
	if (rd->failed)
		return;
	if (hist_bucket_low(bucket) != low || hist_bucket_count(h, bucket) || n == 0 ||
	    __builtin_add_overflow(*total, n, total)) {
		complain(rd, NULL, "[%llu, %llu] is no bucket", (unsigned long long)low,
			 (unsigned long long)n);
		return;
	}
	hist_put_bucket(h, bucket, n);
}

static void read_buckets(struct reader *rd, const json_t *obj, struct hist *h)
{
	const json_t *list = need_list(rd, obj, "buckets");
	size_t at = enter(rd, "buckets"), i_at;
	uint64_t total = 0;

	for (size_t i = 0; i < json_array_size(list) && !rd->failed; i++) {
		i_at = enter_item(rd, i);
		read_bucket(rd, json_array_get(list, i), h, &total);
		leave(rd, i_at);
	}
	leave(rd, at);
	if (!rd->failed && total != h->count)
		complain(rd, "count", "%llu, but the buckets hold %llu samples",
			 (unsigned long long)h->count, (unsigned long long)total);
}

/* The extremes must lie in the first and the last bucket. */
static void check_extremes(struct reader *rd, const struct hist *h)
{
	size_t low = hist_bucket_of(h->min), high = hist_bucket_of(h->max);

	if (rd->failed || h->count == 0)
		return;
	if (h->min > h->max || hist_next(h, 0) != low || hist_bucket_count(h, high) == 0 ||
	    hist_next(h, high + 1) != HIST_BUCKETS)
		complain(rd, "max", "min %llu and max %llu are not those of the buckets",
			 (unsigned long long)h->min, (unsigned long long)h->max);
}

static void read_hist(struct reader *rd, const json_t *obj, const char *key, struct hist *h)
{
	const json_t *v;
	size_t at;

	if (!object_or_null(rd, obj, key, &v))
		return;
	at = enter(rd, key);
	hist_start(h);
	h->count = need_count(rd, v, "count");
	h->sum = need_count(rd, v, "sum");
	h->min = need_count(rd, v, "min");
	h->max = need_count(rd, v, "max");
	read_buckets(rd, v, h);
	check_extremes(rd, h);
	leave(rd, at);
}

/* ---- a run ---- */

static int code_of(const char *name)
{
	for (int c = 0; c < BENCH_CODES; c++) {
		if (strcmp(grpc_code_name((enum grpc_code)c), name) == 0)
			return c;
	}
	return -1;
}

static void read_codes(struct reader *rd, const json_t *obj, struct bench_rpc *rpc)
{
	const json_t *codes = need_object(rd, obj, "codes");
	size_t at = enter(rd, "codes");
	const char *name;
	const json_t *v;

	each_member(codes, name, v) {
		int c = code_of(name);

		if (c < 0)
			complain(rd, name, "is the name of no gRPC code");
		else
			rpc->codes[c] = check_count(rd, v, name);
	}
	leave(rd, at);
}

static void read_rpc(struct reader *rd, const json_t *obj, struct bench_rpc *rpc)
{
	read_hist(rd, obj, "response", &rpc->response);
	read_hist(rd, obj, "service", &rpc->service);
	read_hist(rd, obj, "over_ec2", &rpc->over_ec2);
	read_hist(rd, obj, "attempts", &rpc->attempts);
	read_codes(rd, obj, rpc);
	rpc->retries = need_count(rd, obj, "retries");
	rpc->timeouts = need_count(rd, obj, "timeouts");
	rpc->failed = need_count(rd, obj, "failed");
}

static void read_rpcs(struct reader *rd, const json_t *obj, struct bench_run *run)
{
	const json_t *rpcs = need_object(rd, obj, "rpcs");
	size_t at = enter(rd, "rpcs"), rpc_at;
	const char *name;
	const json_t *v;

	each_member(rpcs, name, v) {
		rpc_at = enter(rd, name);
		if (json_is_object(v))
			read_rpc(rd, v, bench_run_rpc(run, name));
		else
			complain(rd, NULL, "%s, expected an object", type_name(v));
		leave(rd, rpc_at);
	}
	leave(rd, at);
}

static void read_action(struct reader *rd, const json_t *v, struct bench_action *a)
{
	if (!json_is_object(v)) {
		complain(rd, NULL, "%s, expected an object", type_name(v));
		return;
	}
	a->calls = need_count(rd, v, "calls");
	a->throttled = need_count(rd, v, "throttled");
	a->errors = need_count(rd, v, "errors");
}

static void read_ec2(struct reader *rd, const json_t *obj, struct bench_run *run)
{
	const json_t *ec2, *v;
	const char *name;
	size_t at, action_at;

	if (!object_or_null(rd, obj, "ec2", &ec2))
		return;
	run->ec2_known = true;
	at = enter(rd, "ec2");
	each_member(ec2, name, v) {
		action_at = enter(rd, name);
		read_action(rd, v, bench_run_action(run, name));
		leave(rd, action_at);
	}
	leave(rd, at);
}

static void read_leaks(struct reader *rd, const json_t *obj, struct bench_run *run)
{
	const json_t *leaks, *named, *v;
	uint64_t count;
	size_t at;

	if (!object_or_null(rd, obj, "leaks", &leaks))
		return;
	at = enter(rd, "leaks");
	bench_run_looked_for_leaks(run);
	count = need_count(rd, leaks, "count");
	named = need_list(rd, leaks, "named");
	if (!rd->failed &&
	    json_array_size(named) != (count < BENCH_LEAKS_MAX ? count : BENCH_LEAKS_MAX))
		complain(rd, "named", "%zu texts for a count of %llu", json_array_size(named),
			 (unsigned long long)count);
	for (size_t i = 0; i < json_array_size(named) && !rd->failed; i++) {
		v = json_array_get(named, i);
		if (json_is_string(v))
			bench_run_leak(run, "%s", json_string_value(v));
		else
			complain(rd, "named", "%s in it, expected texts", type_name(v));
	}
	if (!rd->failed)
		run->nleaks = count;
	leave(rd, at);
}

static void read_figures(struct reader *rd, const json_t *obj, struct bench_run *run)
{
	const json_t *figures = need_object(rd, obj, "figures"), *v;
	size_t at = enter(rd, "figures");

	for (size_t i = 0; i < BENCH_FIGURES && !rd->failed; i++) {
		const char *name = bench_figure_facts[i].name;

		v = json_object_get(figures, name);
		if (json_is_number(v))
			bench_run_set(run, (enum bench_figure)i, json_number_value(v));
		else if (v && !json_is_null(v))
			complain(rd, name, "%s, expected a number, or null for not measured",
				 type_name(v));
	}
	leave(rd, at);
}

/* ---- the timeline ---- */

static int plot_of(const char *name)
{
	for (int i = 0; i < TIMELINE_PLOTS; i++) {
		if (strcmp(timeline_facts[i].name, name) == 0)
			return i;
	}
	return -1;
}

static void read_values(struct reader *rd, const json_t *obj, size_t points,
			struct timeline_column *c)
{
	const json_t *values = need_list(rd, obj, "values"), *v;

	if (!rd->failed && json_array_size(values) != points)
		complain(rd, "values", "%zu of them, expected %zu", json_array_size(values), points);
	for (size_t i = 0; i < points && !rd->failed; i++) {
		v = json_array_get(values, i);
		if (json_is_number(v))
			c->cells[i] = (struct timeline_cell){ json_number_value(v), 1 };
		else if (!json_is_null(v))
			complain(rd, "values", "%s in it, expected numbers or null", type_name(v));
	}
}

/* A plot of another release is passed over. */
static void read_column(struct reader *rd, const json_t *obj, struct timeline *t)
{
	int plot = plot_of(need_text(rd, obj, "plot"));
	const char *name = need_text(rd, obj, "name");
	int column;

	if (rd->failed || plot < 0)
		return;
	column = timeline_column(t, (enum timeline_plot)plot, name);
	if (column < 0)
		complain(rd, NULL, "more than %d columns", TIMELINE_COLUMNS_MAX);
	else
		read_values(rd, obj, t->points, t->columns[column]);
}

static void read_timeline(struct reader *rd, const json_t *run, struct timeline *t)
{
	const json_t *obj = need_object(rd, run, "timeline"), *columns, *v;
	size_t at = enter(rd, "timeline"), column_at;
	uint64_t points = need_count(rd, obj, "points"), step = need_count(rd, obj, "step_ms");

	columns = need_list(rd, obj, "columns");
	if (!rd->failed && (points > TIMELINE_POINTS || (points && !step) || step > INT64_MAX / 2048))
		complain(rd, "points", "%llu of %llu ms are no timeline (at most %d points)",
			 (unsigned long long)points, (unsigned long long)step, TIMELINE_POINTS);
	t->points = rd->failed ? 0 : (size_t)points;
	t->step_ms = rd->failed ? 0 : (int64_t)step;
	for (size_t i = 0; i < json_array_size(columns) && !rd->failed; i++) {
		column_at = rd->path.len;
		buf_printf(&rd->path, ".columns[%zu]", i);
		v = json_array_get(columns, i);
		if (json_is_object(v))
			read_column(rd, v, t);
		else
			complain(rd, NULL, "%s, expected an object", type_name(v));
		leave(rd, column_at);
	}
	leave(rd, at);
}

static void read_run(struct reader *rd, const json_t *obj, struct bench_run *run)
{
	const char *started = need_text(rd, obj, "started");
	const char *partial = text_or_null(rd, obj, "partial");

	if (!rd->failed && parse_time_ms(str_c(started), &run->started_ms) < 0)
		complain(rd, "started", "\"%s\" is not a time such as 2026-01-02T03:04:05.678Z",
			 started);
	if (!rd->failed && partial)
		bench_run_partial(run, "%s", partial);
	read_figures(rd, obj, run);
	read_hist(rd, obj, "lifecycle", &run->lifecycle);
	read_hist(rd, obj, "driver_lag", &run->driver_lag);
	read_hist(rd, obj, "generator_lag", &run->generator_lag);
	read_rpcs(rd, obj, run);
	read_ec2(rd, obj, run);
	read_leaks(rd, obj, run);
	read_timeline(rd, obj, &run->timeline);
	read_texts(rd, obj, "unmeasured", &run->unmeasured);
	read_texts(rd, obj, "notes", &run->notes);
}

/* ---- all of it ---- */

static void read_budget(struct reader *rd, const json_t *v, struct bench_result *r)
{
	const json_t *most = json_object_get(v, "at_most"), *least = json_object_get(v, "at_least");
	const char *metric = need_text(rd, v, "metric");

	if (!json_is_number(most) == !json_is_number(least))
		complain(rd, "at_most", "expected a number as at_most or as at_least");
	if (!rd->failed)
		bench_result_budget(r, metric, !json_is_number(most),
				    json_number_value(json_is_number(most) ? most : least));
}

/* Every item of the list `key` by a function. */
static void read_items(struct reader *rd, const json_t *obj, const char *key,
		       struct bench_result *r,
		       void (*read)(struct reader *, const json_t *, struct bench_result *))
{
	const json_t *list = need_list(rd, obj, key), *v;
	size_t at = enter(rd, key), item_at;

	for (size_t i = 0; i < json_array_size(list) && !rd->failed; i++) {
		item_at = enter_item(rd, i);
		v = json_array_get(list, i);
		if (json_is_object(v))
			read(rd, v, r);
		else
			complain(rd, NULL, "%s, expected an object", type_name(v));
		leave(rd, item_at);
	}
	leave(rd, at);
}

static void read_one_run(struct reader *rd, const json_t *v, struct bench_result *r)
{
	read_run(rd, v, bench_result_add_run(r, 0));
}

static void read_loop(struct reader *rd, const json_t *doc, struct bench_result *r)
{
	const char *name = need_text(rd, doc, "loop");

	for (int i = BENCH_LOOP_UNKNOWN; i <= BENCH_OPEN_LOOP; i++) {
		if (strcmp(bench_loop_name((enum bench_loop)i), name) == 0) {
			r->loop = (enum bench_loop)i;
			return;
		}
	}
	complain(rd, "loop", "\"%s\", expected open, closed or unknown", name);
}

static void read_format(struct reader *rd, const json_t *doc)
{
	const char *format = json_string_value(json_object_get(doc, "format"));
	uint64_t version;

	if (!json_is_object(doc) || !format || strcmp(format, BENCH_FORMAT) != 0) {
		complain(rd, "format", "not a result of ebs-csi-bench: expected \"" BENCH_FORMAT
			 "\" here");
		return;
	}
	version = need_count(rd, doc, "version");
	if (rd->failed || version == BENCH_FORMAT_VERSION)
		return;
	complain(rd, "version", version > BENCH_FORMAT_VERSION ?
		 "%llu is newer than this ebs-csi-bench, which reads version %d: use a newer one" :
		 "%llu is not known; this ebs-csi-bench reads version %d",
		 (unsigned long long)version, BENCH_FORMAT_VERSION);
}

static struct bench_result *read_document(struct reader *rd, const json_t *doc)
{
	struct bench_result *r = NULL;

	read_format(rd, doc);
	if (rd->failed)
		return NULL;
	r = bench_result_new(need_text(rd, doc, "scenario"));
	read_loop(rd, doc, r);
	bench_result_driver(r, text_or_null(rd, doc, "driver"));
	read_texts(rd, doc, "parameters", &r->parameters);
	read_texts(rd, doc, "machine", &r->machine);
	read_texts(rd, doc, "versions", &r->versions);
	read_items(rd, doc, "budgets", r, read_budget);
	read_items(rd, doc, "runs", r, read_one_run);
	if (!rd->failed)
		return r;
	bench_result_free(r);
	return NULL;
}

struct bench_result *bench_json_read(struct str text, struct err *err)
{
	struct reader rd = { .err = err };
	struct bench_result *r;
	json_error_t why;
	json_t *doc;

	doc = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
	if (!doc) {
		err_set(err, GRPC_INVALID_ARGUMENT, "bad JSON at line %d, column %d: %s%s", why.line,
			why.column, why.text, text.n ? "" : " (the file is empty)");
		return NULL;
	}
	buf_init(&rd.path, PATH_MAX_BYTES);
	r = read_document(&rd, doc);
	buf_fini(&rd.path);
	json_decref(doc);
	return r;
}

struct bench_result *bench_json_load(const char *path, struct err *err)
{
	struct bench_result *r = NULL;
	struct buf text;

	buf_init(&text, BENCH_FILE_MAX);
	if (bench_file_read(path, &text, err) == 0) {
		r = bench_json_read(buf_view(&text), err);
		if (!r)
			err_prefix(err, "%s", path);
	}
	buf_fini(&text);
	return r;
}

int bench_json_save(const struct bench_result *r, const char *path, struct err *err)
{
	struct buf text;
	int rc;

	buf_init(&text, BENCH_FILE_MAX);
	bench_json_write(&text, r);
	rc = bench_file_write(path, &text, err);
	buf_fini(&text);
	return rc;
}
