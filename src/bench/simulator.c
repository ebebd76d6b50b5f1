#include "bench/simulator.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "bench/bench.h"

#define ANSWER_MAX (256u << 20)
#define ANSWER_MS 30000

void simulator_open(struct simulator *s, struct reactor *r, const char *url)
{
	*s = (struct simulator){ .url = url };
	if (url)
		s->http = http_new(r, NULL);
}

void simulator_close(struct simulator *s)
{
	if (!s->url)
		return;
	op_fini(&s->look.op);
	free(s->look_url);
	json_decref(s->before);
	http_free(s->http);
}

/* ---- one page ---- */

static void on_end(struct op *op)
{
	*(bool *)container_of(op, struct http_exchange, op)->user = true;
}

static int fetch(struct bench *b, const char *page, struct buf *ret, struct err *err)
{
	auto_free char *url = xasprintf("%s/_sim/%s", b->opt->sim, page);
	struct http_exchange x = {0};
	bool ended = false;
	int rc = 0;

	http_exchange_init(&x, b->sim.http, "GET", url);
	x.flags = HTTP_NO_PROXY;
	x.total_ms = ANSWER_MS;
	x.max_response = ANSWER_MAX;
	x.user = &ended;
	op_start(&x.op, on_end);
	reactor_run_until(b->reactor, &ended, ANSWER_MS + 1000);
	if (op_failed(&x.op))
		rc = err_set(err, GRPC_UNAVAILABLE, "the simulator at %s: %s", b->opt->sim,
			     err_msg(&x.op.err));
	else if (x.status != 200)
		rc = err_set(err, GRPC_UNAVAILABLE,
			     "%s answers HTTP %d: is it an ebs-csi-sim of this version?", url,
			     x.status);
	else
		buf_add(ret, x.response.data, x.response.len);
	op_fini(&x.op);
	b->sim.lost |= rc < 0;
	return rc;
}

static json_t *fetch_json(struct bench *b, const char *page, struct err *err)
{
	struct buf text;
	json_error_t why;
	json_t *j = NULL;

	buf_init(&text, ANSWER_MAX);
	if (fetch(b, page, &text, err) == 0) {
		j = json_loadb(buf_cstr(&text), text.len, 0, &why);
		if (!j)
			err_set(err, GRPC_INTERNAL, "%s/_sim/%s: no JSON: %s", b->opt->sim, page,
				why.text);
	}
	buf_fini(&text);
	return j;
}

/* ---- begin ---- */

static int last_time(struct bench *b, struct err *err)
{
	struct buf text;
	struct str rest;
	json_t *head;
	int rc = -1;

	buf_init(&text, ANSWER_MAX);
	if (fetch(b, "times?after=9007199254740991", &text, err) == 0) {
		rest = buf_view(&text);
		head = json_parse(str_cut(&rest, '\n'), err);
		b->sim.times_before = (uint64_t)json_get_int(head, "last", 0);
		rc = head ? 0 : -1;
		json_decref(head);
	}
	buf_fini(&text);
	return rc;
}

int simulator_begin(struct bench *b, struct err *err)
{
	if (!b->sim.url)
		return 0;
	json_decref(b->sim.before);
	b->sim.before = fetch_json(b, "calls", err);
	return b->sim.before ? last_time(b, err) : -1;
}

/* ---- nodes ---- */

static const json_t *list_of(const json_t *state, const char *key)
{
	const json_t *list = json_object_get(state, key);

	return json_is_array(list) ? list : NULL;
}

static int take_running(struct bench *b, const json_t *list, struct err *err)
{
	json_t *i;
	size_t at;

	b->nodes = arena_array(&b->arena, json_array_size(list) + 1, sizeof(*b->nodes));
	b->n_nodes = 0;
	json_array_foreach((json_t *)list, at, i) {
		const char *zone = json_get_str(i, "zone");

		if (!cstr_eq(json_get_str(i, "state"), "running") ||
		    (b->zone && !cstr_eq(zone, b->zone)))
			continue;
		if (!b->zone)
			b->zone = arena_str(&b->arena, zone);
		b->nodes[b->n_nodes++] = arena_str(&b->arena, json_get_str(i, "id"));
	}
	if (b->n_nodes)
		return 0;
	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "the simulator at %s has no running instance%s%s to attach to",
		       b->opt->sim, b->zone ? " in " : "", cstr_or(b->zone, ""));
}

/* Volumes are wanted where the nodes are. */
static int take_zone(struct bench *b, const json_t *list, struct err *err)
{
	json_t *i;
	size_t at;

	json_array_foreach((json_t *)list, at, i) {
		if (!cstr_eq(json_get_str(i, "id"), b->nodes[0]))
			continue;
		if (!b->zone)
			b->zone = arena_str(&b->arena, json_get_str(i, "zone"));
		return 0;
	}
	return err_set(err, GRPC_INVALID_ARGUMENT, "--nodes: the simulator at %s has no instance %s",
		       b->opt->sim, b->nodes[0]);
}

int simulator_nodes(struct bench *b, struct err *err)
{
	json_t *state;
	int rc;

	if (!b->sim.url)
		return 0;
	state = fetch_json(b, "state", err);
	if (!state)
		return -1;
	rc = b->n_nodes ? take_zone(b, list_of(state, "instances"), err)
			: take_running(b, list_of(state, "instances"), err);
	json_decref(state);
	return rc;
}

/* ---- end ---- */

static int64_t counter(const json_t *calls, const char *action, const char *key)
{
	return json_get_int(json_object_get(json_object_get(calls, "actions"), action), key, 0);
}

static void take_counters(struct bench *b, const json_t *after)
{
	const json_t *before = b->sim.before;
	const char *name;
	json_t *a;

	json_object_foreach((json_t *)json_object_get(after, "actions"), name, a) {
		int64_t calls = counter(after, name, "calls") - counter(before, name, "calls");
		struct bench_action *action;

		if (calls <= 0)
			continue;
		action = bench_run_action(b->run, name);
		action->calls = (uint64_t)calls;
		action->throttled = (uint64_t)(counter(after, name, "throttled") -
					       counter(before, name, "throttled"));
		action->errors = (uint64_t)(counter(after, name, "errors") -
					    counter(before, name, "errors"));
	}
}

/* What the emptiest bucket needs: with n calls that took effect, burst at hand
 * and rate a second, (n - burst) / rate. */
static double bucket_s(struct bench *b, const json_t *bucket)
{
	double burst = json_number_value(json_object_get(bucket, "burst"));
	double rate = json_number_value(json_object_get(bucket, "rate"));
	const json_t *actions = json_object_get(bucket, "actions");
	double n = 0;

	for (size_t i = 0; i < json_array_size(actions); i++) {
		const struct bench_action *a = bench_run_find_action(
			b->run, json_string_value(json_array_get(actions, i)));

		n += a ? (double)(a->calls - a->throttled) : 0;
	}
	return rate > 0 && n > burst ? (n - burst) / rate : 0;
}

static void take_optimum(struct bench *b, const json_t *after)
{
	const json_t *limits = json_object_get(after, "limits");
	const char *name;
	json_t *bucket;
	double most = 0;

	json_object_foreach((json_t *)limits, name, bucket) {
		double s = bucket_s(b, bucket);

		if (strncmp(name, "describe", 8) != 0 && s > most)
			most = s;
	}
	if (most > 0)
		bench_run_set(b->run, BENCH_optimum_s, most);
	else
		bench_run_unmeasured(b->run, "bucket optimum",
				     "the load fits into what the buckets hold");
}

static bool is_ours(struct bench *b, const json_t *volume)
{
	const char *name = json_get_str(json_object_get(volume, "tags"), "CSIVolumeName");
	const char *state = json_get_str(volume, "status");

	return name && strncmp(name, b->opt->prefix, strlen(b->opt->prefix)) == 0 &&
	       !cstr_eq(state, "deleting") && !cstr_eq(state, "deleted");
}

static int take_leaks(struct bench *b, struct err *err)
{
	json_t *state = fetch_json(b, "state", err), *v;
	size_t at;

	if (!state)
		return -1;
	bench_run_looked_for_leaks(b->run);
	json_array_foreach((json_t *)list_of(state, "volumes"), at, v) {
		if (is_ours(b, v))
			bench_run_leak(b->run, "%s: %s in EC2", json_get_str(v, "id"),
				       cstr_or(json_get_str(v, "status"), "there"));
	}
	json_decref(state);
	return 0;
}

int simulator_end(struct bench *b, struct err *err)
{
	json_t *after;

	if (!b->sim.url)
		return 0;
	after = fetch_json(b, "calls", err);
	if (!after)
		return -1;
	take_counters(b, after);
	take_optimum(b, after);
	json_decref(after);
	return take_leaks(b, err);
}

/* ---- times ---- */

static void times_key(struct buf *key, const char *what, const char *volume, const char *node)
{
	buf_reset(key);
	buf_printf(key, "%s %s %s", what, volume, cstr_or(node, ""));
}

/* Its own time: until its state was reached, and no less than its call took. */
static void keep_time(struct ec2_times *t, const json_t *line)
{
	const char *what = json_get_str(line, "what"), *volume = json_get_str(line, "volume");
	int64_t asked = json_get_int(line, "asked_ms", 0), done = json_get_int(line, "done_ms", 0);
	int64_t own = json_get_int(line, "api_ms", 0), *boxed;
	struct buf key;

	if (!what || !volume)
		return;
	/* A deletion is answered when it is accepted. */
	if (strcmp(what, "delete") != 0 && done - asked > own)
		own = done - asked;
	boxed = xmalloc(sizeof(*boxed));
	*boxed = own * 1000;
	buf_init(&key, 256);
	times_key(&key, what, volume, json_get_str(line, "instance"));
	free(map_put(&t->by_key, buf_cstr(&key), boxed));
	buf_fini(&key);
}

int simulator_times(struct bench *b, struct ec2_times *ret, struct err *err)
{
	auto_free char *page = xasprintf("times?after=%" PRIu64, b->sim.times_before);
	struct buf text;
	struct str rest;
	int rc;

	buf_init(&text, ANSWER_MAX);
	rc = fetch(b, page, &text, err);
	rest = buf_view(&text);
	str_cut(&rest, '\n');		/* the head */
	while (rc == 0 && rest.p && rest.n) {
		json_t *line = json_parse(str_cut(&rest, '\n'), NULL);

		if (line)
			keep_time(ret, line);
		json_decref(line);
	}
	buf_fini(&text);
	return rc;
}

int64_t ec2_times_get(const struct ec2_times *t, const char *what, const char *volume,
		      const char *node)
{
	struct buf key;
	int64_t *boxed;

	buf_init(&key, 256);
	times_key(&key, what, volume, node);
	boxed = map_get(&t->by_key, buf_cstr(&key));
	buf_fini(&key);
	return boxed ? *boxed : -1;
}

void ec2_times_fini(struct ec2_times *t)
{
	struct map_iter it = {0};
	const char *key;
	void *boxed;

	while (map_next(&t->by_key, &it, &key, &boxed))
		free(boxed);
	map_fini(&t->by_key);
}

/* ---- looks at the buckets ---- */

static void take_look(struct bench *b)
{
	struct timeline *t = &b->run->timeline;
	json_t *calls = json_parse(buf_view(&b->sim.look.response), NULL), *level;
	const char *name;

	json_object_foreach(json_object_get(calls, "buckets"), name, level)
		timeline_put(t, timeline_column(t, TIMELINE_buckets, name), bench_ms(b),
			     json_number_value(level));
	json_decref(calls);
}

static void on_look_end(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);
	struct bench *b = x->user;

	b->sim.looking = false;
	if (op_failed(op)) {
		b->sim.lost = true;
		bench_stop(b, "the simulator at %s went away: %s", b->opt->sim, err_msg(&op->err));
	} else if (!b->over) {
		take_look(b);
	}
}

void simulator_look(struct bench *b)
{
	struct simulator *s = &b->sim;

	if (!s->url || s->looking || s->lost)
		return;
	if (!s->look_url)
		s->look_url = xasprintf("%s/_sim/calls", s->url);
	http_exchange_init(&s->look, s->http, "GET", s->look_url);
	s->look.flags = HTTP_NO_PROXY;
	s->look.user = b;
	s->looking = true;
	op_start(&s->look.op, on_look_end);
}
