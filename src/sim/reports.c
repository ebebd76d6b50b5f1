#include "sim/reports.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "sim/world.h"

#define REPORT_MAX (256u << 20)
#define JSON "application/json"
#define JSON_LINES "application/x-ndjson"

static void reply(struct http1_request *req, const char *type, const struct buf *out)
{
	http1_reply(req, 200, type, buf_view(out));
}

void sim_report_state(struct http1_request *req)
{
	struct sim_world *w = req->user;
	struct buf out;

	buf_init(&out, REPORT_MAX);
	sim_model_advance(w->model, sim_world_now(w));
	sim_model_dump_json(w->model, &out);
	reply(req, JSON, &out);
	buf_fini(&out);
}

/* ---- calls ---- */

static void dump_actions(struct sim_world *w, struct buf *out)
{
	for (int i = 0; i < EC2_ACTION_COUNT; i++) {
		const struct sim_counters *c = sim_model_counters(w->model, (enum ec2_action)i);

		buf_printf(out, "%s\"%s\":{\"calls\":%" PRIu64 ",\"throttled\":%" PRIu64
			   ",\"errors\":%" PRIu64 ",\"dry_runs\":%" PRIu64 "}", i ? "," : "",
			   ec2_action_name((enum ec2_action)i), c->calls, c->throttled,
			   c->errors, c->dry_runs);
	}
}

static void dump_buckets(struct sim_world *w, struct buf *out)
{
	for (int i = 0; i < SIM_BUCKET_COUNT; i++) {
		enum sim_bucket_id b = (enum sim_bucket_id)i;

		buf_printf(out, "%s\"%s\":%.2f", i ? "," : "", sim_bucket_name(b),
			   sim_model_bucket_level(w->model, b, sim_world_now(w)));
	}
}

static void dump_limit(enum sim_bucket_id b, double burst, double rate, struct buf *out)
{
	bool more = false;

	buf_printf(out, "\"%s\":{\"burst\":%g,\"rate\":%g,\"actions\":[", sim_bucket_name(b),
		   burst, rate);
	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		if (!sim_bucket_serves(b, (enum ec2_action)a))
			continue;
		buf_printf(out, "%s\"%s\"", more ? "," : "", ec2_action_name((enum ec2_action)a));
		more = true;
	}
	buf_adds(out, "]}");
}

static void dump_limits(struct sim_world *w, struct buf *out)
{
	double burst, rate;
	bool more = false;

	for (int i = 0; i < SIM_BUCKET_COUNT; i++) {
		if (!sim_model_bucket_limits(w->model, (enum sim_bucket_id)i, &burst, &rate))
			continue;
		if (more)
			buf_addc(out, ',');
		dump_limit((enum sim_bucket_id)i, burst, rate, out);
		more = true;
	}
}

static void dump_faults(struct sim_world *w, struct buf *out)
{
	for (int i = 0; i < SIM_FAULT_COUNT; i++) {
		enum sim_fault_kind k = (enum sim_fault_kind)i;

		buf_printf(out, "%s\"%s\":%" PRIu64, i ? "," : "", sim_fault_name(k),
			   sim_model_fault_hits(w->model, k));
	}
}

void sim_report_calls(struct http1_request *req)
{
	struct sim_world *w = req->user;
	struct buf out;

	buf_init(&out, REPORT_MAX);
	buf_adds(&out, "{\"actions\":{");
	dump_actions(w, &out);
	buf_adds(&out, "},\"buckets\":{");
	dump_buckets(w, &out);
	buf_adds(&out, "},\"limits\":{");
	dump_limits(w, &out);
	buf_adds(&out, "},\"faults\":{");
	dump_faults(w, &out);
	buf_adds(&out, "}}\n");
	reply(req, JSON, &out);
	buf_fini(&out);
}

/* ---- times ---- */

struct times_page {
	struct buf out;
	int64_t epoch_ms;
};

static bool dump_time(void *ctx, const struct sim_time *t)
{
	struct times_page *p = ctx;

	buf_printf(&p->out, "{\"n\":%" PRIu64 ",\"what\":\"%s\",\"volume\":\"%s\"", t->n,
		   sim_timed_name(t->kind), t->volume_id);
	if (t->instance_id)
		buf_printf(&p->out, ",\"instance\":\"%s\"", t->instance_id);
	buf_printf(&p->out, ",\"asked_ms\":%" PRId64 ",\"api_ms\":%" PRId64,
		   p->epoch_ms + t->asked_at, t->api_ms);
	if (t->end)
		buf_printf(&p->out, ",\"done_ms\":%" PRId64 ",\"end\":\"%s\"}\n",
			   p->epoch_ms + t->done_at, t->end);
	else
		buf_adds(&p->out, ",\"done_ms\":null,\"end\":null}\n");
	return true;
}

static bool remember_number(void *ctx, const struct sim_time *t)
{
	*(uint64_t *)ctx = t->n;
	return false;
}

static void dump_head(struct sim_world *w, struct times_page *p)
{
	uint64_t first = 0, last = sim_model_times_last(w->model);

	sim_model_each_time(w->model, 0, remember_number, &first);
	buf_printf(&p->out, "{\"version\":1,\"now_ms\":%" PRId64 ",\"first\":%" PRIu64
		   ",\"last\":%" PRIu64 ",\"limit\":%u}\n",
		   p->epoch_ms + sim_world_now(w), first ? first : last + 1, last,
		   SIM_TIMES_MAX);
}

void sim_report_times(struct http1_request *req)
{
	struct sim_world *w = req->user;
	struct times_page p = { .epoch_ms = sim_model_epoch(w->model) };
	const char *text = http1_query(req, "after");
	uint64_t after = 0;

	if (text && parse_u64(str_c(text), &after) < 0) {
		http1_fail(req, 400, "after: \"%s\" is not a number", text);
		return;
	}
	sim_model_advance(w->model, sim_world_now(w));
	buf_init(&p.out, REPORT_MAX);
	dump_head(w, &p);
	sim_model_each_time(w->model, after, dump_time, &p);
	reply(req, JSON_LINES, &p.out);
	buf_fini(&p.out);
}

/* ---- story ---- */

void sim_report_story(struct http1_request *req)
{
	struct sim_world *w = req->user;
	const char *id = req->path + strlen("/_sim/story/");
	struct buf out;

	buf_init(&out, REPORT_MAX);
	sim_model_story(w->model, id, &out);
	if (out.len)
		reply(req, "text/plain", &out);
	else
		http1_fail(req, 404, "no volume %s", id);
	buf_fini(&out);
}
