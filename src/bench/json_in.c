#include "bench/result_json.h"

#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "bench/file.h"
#include "bench/json_reader.h"

static void read_texts(struct json_reader *rd, const json_t *obj, const char *key,
		       struct bench_texts *ret)
{
	const json_t *texts = jr_object(rd, obj, key);
	size_t at = jr_enter(rd, key);
	const char *name;
	const json_t *v;

	jr_each_member(texts, name, v) {
		if (json_is_string(v))
			bench_texts_set(ret, name, json_string_value(v));
		else
			jr_complain(rd, name, "%s, expected a text", jr_type(v));
	}
	jr_leave(rd, at);
}

/* ---- histograms ---- */

static void read_bucket(struct json_reader *rd, const json_t *pair, struct hist *h, uint64_t *total)
{
	uint64_t low, n;
	size_t bucket;

	if (!json_is_array(pair) || json_array_size(pair) != 2) {
		jr_complain(rd, NULL, "%s, expected [lowest value, samples]", jr_type(pair));
		return;
	}
	low = jr_check_count(rd, json_array_get(pair, 0), NULL);
	n = jr_check_count(rd, json_array_get(pair, 1), NULL);
	bucket = hist_bucket_of(low);
	if (rd->failed)
		return;
	if (hist_bucket_low(bucket) != low || hist_bucket_count(h, bucket) || n == 0 ||
	    __builtin_add_overflow(*total, n, total)) {
		jr_complain(rd, NULL, "[%llu, %llu] is no bucket", (unsigned long long)low,
			    (unsigned long long)n);
		return;
	}
	hist_put_bucket(h, bucket, n);
}

static void read_buckets(struct json_reader *rd, const json_t *obj, struct hist *h)
{
	const json_t *list = jr_list(rd, obj, "buckets");
	size_t at = jr_enter(rd, "buckets"), i_at;
	uint64_t total = 0;

	for (size_t i = 0; i < json_array_size(list) && !rd->failed; i++) {
		i_at = jr_enter_item(rd, i);
		read_bucket(rd, json_array_get(list, i), h, &total);
		jr_leave(rd, i_at);
	}
	jr_leave(rd, at);
	if (!rd->failed && total != h->count)
		jr_complain(rd, "count", "%llu, but the buckets hold %llu samples",
			    (unsigned long long)h->count, (unsigned long long)total);
}

/* The extremes must lie in the first and the last bucket. */
static void check_extremes(struct json_reader *rd, const struct hist *h)
{
	size_t low = hist_bucket_of(h->min), high = hist_bucket_of(h->max);

	if (rd->failed || h->count == 0)
		return;
	if (h->min > h->max || hist_next(h, 0) != low || hist_bucket_count(h, high) == 0 ||
	    hist_next(h, high + 1) != HIST_BUCKETS)
		jr_complain(rd, "max", "min %llu and max %llu are not those of the buckets",
			    (unsigned long long)h->min, (unsigned long long)h->max);
}

static void read_hist(struct json_reader *rd, const json_t *obj, const char *key, struct hist *h)
{
	const json_t *v;
	size_t at;

	if (!jr_object_or_null(rd, obj, key, &v))
		return;
	at = jr_enter(rd, key);
	hist_start(h);
	h->count = jr_count(rd, v, "count");
	h->sum = jr_count(rd, v, "sum");
	h->min = jr_count(rd, v, "min");
	h->max = jr_count(rd, v, "max");
	read_buckets(rd, v, h);
	check_extremes(rd, h);
	jr_leave(rd, at);
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

static void read_codes(struct json_reader *rd, const json_t *obj, struct bench_rpc *rpc)
{
	const json_t *codes = jr_object(rd, obj, "codes");
	size_t at = jr_enter(rd, "codes");
	const char *name;
	const json_t *v;

	jr_each_member(codes, name, v) {
		int c = code_of(name);

		if (c < 0)
			jr_complain(rd, name, "is the name of no gRPC code");
		else
			rpc->codes[c] = jr_check_count(rd, v, name);
	}
	jr_leave(rd, at);
}

static void read_rpc(struct json_reader *rd, const json_t *obj, struct bench_rpc *rpc)
{
	read_hist(rd, obj, "response", &rpc->response);
	read_hist(rd, obj, "service", &rpc->service);
	read_hist(rd, obj, "over_ec2", &rpc->over_ec2);
	read_hist(rd, obj, "attempts", &rpc->attempts);
	read_codes(rd, obj, rpc);
	rpc->retries = jr_count(rd, obj, "retries");
	rpc->timeouts = jr_count(rd, obj, "timeouts");
	rpc->failed = jr_count(rd, obj, "failed");
}

static void read_rpcs(struct json_reader *rd, const json_t *obj, struct bench_run *run)
{
	const json_t *rpcs = jr_object(rd, obj, "rpcs");
	size_t at = jr_enter(rd, "rpcs"), rpc_at;
	const char *name;
	const json_t *v;

	jr_each_member(rpcs, name, v) {
		rpc_at = jr_enter(rd, name);
		if (json_is_object(v))
			read_rpc(rd, v, bench_run_rpc(run, name));
		else
			jr_complain(rd, NULL, "%s, expected an object", jr_type(v));
		jr_leave(rd, rpc_at);
	}
	jr_leave(rd, at);
}

static void read_action(struct json_reader *rd, const json_t *v, struct bench_action *a)
{
	if (!json_is_object(v)) {
		jr_complain(rd, NULL, "%s, expected an object", jr_type(v));
		return;
	}
	a->calls = jr_count(rd, v, "calls");
	a->throttled = jr_count(rd, v, "throttled");
	a->errors = jr_count(rd, v, "errors");
}

static void read_ec2(struct json_reader *rd, const json_t *obj, struct bench_run *run)
{
	const json_t *ec2, *v;
	const char *name;
	size_t at, action_at;

	if (!jr_object_or_null(rd, obj, "ec2", &ec2))
		return;
	run->ec2_known = true;
	at = jr_enter(rd, "ec2");
	jr_each_member(ec2, name, v) {
		action_at = jr_enter(rd, name);
		read_action(rd, v, bench_run_action(run, name));
		jr_leave(rd, action_at);
	}
	jr_leave(rd, at);
}

static void read_leaks(struct json_reader *rd, const json_t *obj, struct bench_run *run)
{
	const json_t *leaks, *named, *v;
	uint64_t count;
	size_t at;

	if (!jr_object_or_null(rd, obj, "leaks", &leaks))
		return;
	at = jr_enter(rd, "leaks");
	bench_run_looked_for_leaks(run);
	count = jr_count(rd, leaks, "count");
	named = jr_list(rd, leaks, "named");
	if (!rd->failed &&
	    json_array_size(named) != (count < BENCH_LEAKS_MAX ? count : BENCH_LEAKS_MAX))
		jr_complain(rd, "named", "%zu texts for a count of %llu", json_array_size(named),
			    (unsigned long long)count);
	for (size_t i = 0; i < json_array_size(named) && !rd->failed; i++) {
		v = json_array_get(named, i);
		if (json_is_string(v))
			bench_run_leak(run, "%s", json_string_value(v));
		else
			jr_complain(rd, "named", "%s in it, expected texts", jr_type(v));
	}
	if (!rd->failed)
		run->nleaks = count;
	jr_leave(rd, at);
}

static void read_figures(struct json_reader *rd, const json_t *obj, struct bench_run *run)
{
	const json_t *figures = jr_object(rd, obj, "figures"), *v;
	size_t at = jr_enter(rd, "figures");

	for (size_t i = 0; i < BENCH_FIGURES && !rd->failed; i++) {
		const char *name = bench_figure_facts[i].name;

		v = json_object_get(figures, name);
		if (json_is_number(v))
			bench_run_set(run, (enum bench_figure)i, json_number_value(v));
		else if (v && !json_is_null(v))
			jr_complain(rd, name, "%s, expected a number, or null for not measured",
				    jr_type(v));
	}
	jr_leave(rd, at);
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

static void read_values(struct json_reader *rd, const json_t *obj, size_t points,
			struct timeline_column *c)
{
	const json_t *values = jr_list(rd, obj, "values"), *v;

	if (!rd->failed && json_array_size(values) != points)
		jr_complain(rd, "values", "%zu of them, expected %zu", json_array_size(values), points);
	for (size_t i = 0; i < points && !rd->failed; i++) {
		v = json_array_get(values, i);
		if (json_is_number(v))
			c->cells[i] = (struct timeline_cell){ json_number_value(v), 1 };
		else if (!json_is_null(v))
			jr_complain(rd, "values", "%s in it, expected numbers or null", jr_type(v));
	}
}

/* A plot of another release is passed over. */
static void read_column(struct json_reader *rd, const json_t *obj, struct timeline *t)
{
	int plot = plot_of(jr_text(rd, obj, "plot"));
	const char *name = jr_text(rd, obj, "name");
	int column;

	if (rd->failed || plot < 0)
		return;
	column = timeline_column(t, (enum timeline_plot)plot, name);
	if (column < 0)
		jr_complain(rd, NULL, "more than %d columns", TIMELINE_COLUMNS_MAX);
	else
		read_values(rd, obj, t->points, t->columns[column]);
}

static void read_timeline(struct json_reader *rd, const json_t *run, struct timeline *t)
{
	const json_t *obj = jr_object(rd, run, "timeline"), *columns, *v;
	size_t at = jr_enter(rd, "timeline"), column_at;
	uint64_t points = jr_count(rd, obj, "points"), step = jr_count(rd, obj, "step_ms");

	columns = jr_list(rd, obj, "columns");
	if (!rd->failed && (points > TIMELINE_POINTS || (points && !step) || step > INT64_MAX / 2048))
		jr_complain(rd, "points", "%llu of %llu ms are no timeline (at most %d points)",
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
			jr_complain(rd, NULL, "%s, expected an object", jr_type(v));
		jr_leave(rd, column_at);
	}
	jr_leave(rd, at);
}

static void read_run(struct json_reader *rd, const json_t *obj, struct bench_run *run)
{
	const char *started = jr_text(rd, obj, "started");
	const char *partial = jr_text_or_null(rd, obj, "partial");

	if (!rd->failed && parse_time_ms(str_c(started), &run->started_ms) < 0)
		jr_complain(rd, "started", "\"%s\" is not a time such as 2026-01-02T03:04:05.678Z",
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

static void read_budget(struct json_reader *rd, const json_t *v, struct bench_result *r)
{
	const json_t *most = json_object_get(v, "at_most"), *least = json_object_get(v, "at_least");
	const char *metric = jr_text(rd, v, "metric");

	if (!json_is_number(most) == !json_is_number(least))
		jr_complain(rd, "at_most", "expected a number as at_most or as at_least");
	if (!rd->failed)
		bench_result_budget(r, metric, !json_is_number(most),
				    json_number_value(json_is_number(most) ? most : least));
}

/* Every item of the list `key` by a function. */
static void read_items(struct json_reader *rd, const json_t *obj, const char *key,
		       struct bench_result *r,
		       void (*read)(struct json_reader *, const json_t *, struct bench_result *))
{
	const json_t *list = jr_list(rd, obj, key), *v;
	size_t at = jr_enter(rd, key), item_at;

	for (size_t i = 0; i < json_array_size(list) && !rd->failed; i++) {
		item_at = jr_enter_item(rd, i);
		v = json_array_get(list, i);
		if (json_is_object(v))
			read(rd, v, r);
		else
			jr_complain(rd, NULL, "%s, expected an object", jr_type(v));
		jr_leave(rd, item_at);
	}
	jr_leave(rd, at);
}

static void read_one_run(struct json_reader *rd, const json_t *v, struct bench_result *r)
{
	read_run(rd, v, bench_result_add_run(r, 0));
}

static void read_loop(struct json_reader *rd, const json_t *doc, struct bench_result *r)
{
	const char *name = jr_text(rd, doc, "loop");

	for (int i = BENCH_LOOP_UNKNOWN; i <= BENCH_OPEN_LOOP; i++) {
		if (strcmp(bench_loop_name((enum bench_loop)i), name) == 0) {
			r->loop = (enum bench_loop)i;
			return;
		}
	}
	jr_complain(rd, "loop", "\"%s\", expected open, closed or unknown", name);
}

static void read_format(struct json_reader *rd, const json_t *doc)
{
	const char *format = json_string_value(json_object_get(doc, "format"));
	uint64_t version;

	if (!json_is_object(doc) || !format || strcmp(format, BENCH_FORMAT) != 0) {
		jr_complain(rd, "format", "not a result of ebs-csi-bench: expected \"" BENCH_FORMAT
			    "\" here");
		return;
	}
	version = jr_count(rd, doc, "version");
	if (rd->failed || version == BENCH_FORMAT_VERSION)
		return;
	jr_complain(rd, "version", version > BENCH_FORMAT_VERSION ?
		    "%llu is newer than this ebs-csi-bench, which reads version %d: use a newer one" :
		    "%llu is not known; this ebs-csi-bench reads version %d",
		    (unsigned long long)version, BENCH_FORMAT_VERSION);
}

static struct bench_result *read_document(struct json_reader *rd, const json_t *doc)
{
	struct bench_result *r = NULL;

	read_format(rd, doc);
	if (rd->failed)
		return NULL;
	r = bench_result_new(jr_text(rd, doc, "scenario"));
	read_loop(rd, doc, r);
	bench_result_driver(r, jr_text_or_null(rd, doc, "driver"));
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
	struct json_reader rd = { .err = err };
	struct bench_result *r;
	json_error_t why;
	json_t *doc;

	doc = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
	if (!doc) {
		err_set(err, GRPC_INVALID_ARGUMENT, "bad JSON at line %d, column %d: %s%s", why.line,
			why.column, why.text, text.n ? "" : " (the file is empty)");
		return NULL;
	}
	buf_init(&rd.path, JSON_READER_PATH_MAX);
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
