#include "sim/control.h"

#include <string.h>

#include "base/mem.h"
#include "sim/fault_json.h"
#include "sim/keys.h"
#include "sim/reports.h"
#include "sim/snapshot.h"

#define LIST_MAX (16u << 20)
#define JSON "application/json"

/* The handlers of a route know the request only. */
static struct sim_world *world_of(const struct http1_request *req)
{
	return req->user;
}

static void reply_json(struct http1_request *req, const struct buf *out)
{
	http1_reply(req, 200, JSON, buf_view(out));
}

static void answer(struct http1_request *req, int rc, struct err *err)
{
	if (rc < 0)
		http1_fail(req, 400, "%s", err_msg(err));
	else
		http1_reply(req, 200, JSON, str_c("{}\n"));
	err_fini(err);
}

/* ---- faults ---- */

static void get_faults(struct http1_request *req)
{
	struct sim_world *w = world_of(req);
	struct buf out;

	buf_init(&out, LIST_MAX);
	sim_fault_json_list(w->model, sim_world_now(w), &out);
	reply_json(req, &out);
	buf_fini(&out);
}

static void post_faults(struct http1_request *req)
{
	struct sim_world *w = world_of(req);
	struct err err = { 0 };
	json_t *body = json_parse(req->body, &err);
	int rc = body ? sim_fault_json_add(w->model, sim_world_now(w), body, &err) : -1;

	json_decref(body);
	answer(req, rc, &err);
}

static void delete_faults(struct http1_request *req)
{
	struct err err = { 0 };

	sim_model_clear_faults(world_of(req)->model);
	answer(req, 0, &err);
}

/* ---- instances ---- */

struct spec {
	const char *id, *type, *zone;
	int64_t enis;
};

static const struct key spec_keys[] = {
	{ "id", KEY_TEXT, offsetof(struct spec, id), 0, 0 },
	{ "type", KEY_TEXT, offsetof(struct spec, type), 0, 0 },
	{ "zone", KEY_TEXT, offsetof(struct spec, zone), 0, 0 },
	{ "enis", KEY_INT, offsetof(struct spec, enis), 1, 16 },
};

static const char *add_instance(struct sim_world *w, struct str body, struct err *err)
{
	json_t *o = json_parse(body, err);
	struct spec s = { 0 };
	const char *id = NULL;

	if (o && keys_read(o, "", spec_keys, ARRAY_SIZE(spec_keys), &s, err) == 0) {
		const struct sim_instance_spec spec = { s.id, s.type, s.zone,
							(unsigned int)s.enis };

		id = sim_model_add_instance(w->model, sim_world_now(w), &spec, err);
	}
	json_decref(o);
	return id;
}

static void post_instance(struct http1_request *req)
{
	struct err err = { 0 };
	const char *id = add_instance(world_of(req), req->body, &err);
	struct buf out;

	if (!id) {
		answer(req, -1, &err);
		return;
	}
	buf_init(&out, 256);
	buf_printf(&out, "{\"id\":\"%s\"}\n", id);
	reply_json(req, &out);
	buf_fini(&out);
}

static void put_instance(struct http1_request *req)
{
	static const struct key key = { "state", KEY_TEXT, 0, 0, 0 };
	struct sim_world *w = world_of(req);
	struct err err = { 0 };
	json_t *o = json_parse(req->body, &err);
	const char *state = NULL;
	int rc = o ? keys_read(o, "", &key, 1, &state, &err) : -1;

	if (rc == 0 && !state)
		rc = err_set(&err, GRPC_INVALID_ARGUMENT, "/state is missing");
	if (rc == 0)
		rc = sim_model_set_instance_state(w->model, sim_world_now(w),
						  req->path + strlen("/_sim/instances/"), state,
						  &err);
	json_decref(o);
	answer(req, rc, &err);
}

/* The file is written in one go: the simulator answers nobody else meanwhile. */
static void post_save(struct http1_request *req)
{
	struct sim_world *w = world_of(req);
	struct err err = { 0 };

	if (!w->state_path) {
		http1_fail(req, 400, "there is no file to save to: start with --state");
		return;
	}
	sim_model_advance(w->model, sim_world_now(w));
	if (sim_snapshot_save(w->model, w->state_path, &err) < 0)
		http1_fail(req, 500, "not saved: %s", err_msg(&err));
	else
		http1_reply(req, 200, JSON, str_c("{}\n"));
	err_fini(&err);
}

static void post_reset(struct http1_request *req)
{
	struct sim_world *w = world_of(req);
	struct err err = { 0 };

	sim_model_reset(w->model, sim_world_now(w));
	answer(req, 0, &err);
}

bool sim_control_handle(struct sim_world *w, struct http1_request *req)
{
	static const struct http1_route routes[] = {
		{ "GET", "/_sim/state", sim_report_state },
		{ "GET", "/_sim/calls", sim_report_calls },
		{ "GET", "/_sim/times", sim_report_times },
		{ "GET", "/_sim/story/*", sim_report_story },
		{ "GET", "/_sim/faults", get_faults },
		{ "POST", "/_sim/faults", post_faults },
		{ "DELETE", "/_sim/faults", delete_faults },
		{ "POST", "/_sim/reset", post_reset },
		{ "POST", "/_sim/save", post_save },
		{ "POST", "/_sim/instances", post_instance },
		{ "PUT", "/_sim/instances/*", put_instance },
	};

	if (strncmp(req->path, "/_sim/", 6) != 0)
		return false;
	req->user = w;
	http1_dispatch(req, routes, ARRAY_SIZE(routes));
	sim_world_touch(w);
	return true;
}
