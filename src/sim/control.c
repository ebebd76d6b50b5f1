#include "sim/control.h"

#include <string.h>

#include "base/mem.h"
#include "sim/reports.h"

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

/* ---- faults ---- */

static const char *const fault_members[] = {
	"kind", "action", "id", "probability", "skip", "count", "from_ms", "until_ms",
	"delay_ms", "http_status", "code", "message",
};

static int check_members(const json_t *o, const char *const *known, size_t n, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)o, key, value) {
		size_t i = 0;

		while (i < n && strcmp(known[i], key) != 0)
			i++;
		if (i == n)
			return err_set(err, GRPC_INVALID_ARGUMENT, "unknown member \"%s\"", key);
	}
	return 0;
}

static int parse_fault(struct sim_world *w, const json_t *o, struct sim_fault *f,
		       struct err *err)
{
	const char *kind = json_get_str(o, "kind"), *action = json_get_str(o, "action");
	int number = kind ? sim_fault_from_name(kind) : -1;
	int64_t now = sim_world_now(w), until = json_get_int(o, "until_ms", 0);

	if (!json_is_object(o))
		return err_set(err, GRPC_INVALID_ARGUMENT, "a fault is an object");
	if (check_members(o, fault_members, ARRAY_SIZE(fault_members), err) < 0)
		return -1;
	if (number < 0)
		return err_set(err, GRPC_INVALID_ARGUMENT, "kind \"%s\" is not known",
			       cstr_or(kind, ""));
	*f = (struct sim_fault){
		.kind = (enum sim_fault_kind)number,
		.action = action ? ec2_action_from_name(action) : SIM_ANY_ACTION,
		.id = json_get_str(o, "id"),
		.probability = json_number_value(json_object_get(o, "probability")),
		.skip = json_get_int(o, "skip", 0),
		.count = json_get_int(o, "count", 0),
		.from_ms = now + json_get_int(o, "from_ms", 0),
		.until_ms = until ? now + until : 0,
		.delay_ms = json_get_int(o, "delay_ms", 0),
		.http_status = (int)json_get_int(o, "http_status", 0),
		.code = json_get_str(o, "code"),
		.message = json_get_str(o, "message"),
	};
	if (action && f->action < 0)
		return err_set(err, GRPC_INVALID_ARGUMENT, "action \"%s\" is not simulated", action);
	return 0;
}

int sim_control_add_faults(struct sim_world *w, const json_t *faults, struct err *err)
{
	size_t n = json_is_array(faults) ? json_array_size(faults) : 1;
	auto_free struct sim_fault *list = xcalloc(n, sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		const json_t *o = json_is_array(faults) ? json_array_get(faults, i) : faults;

		if (parse_fault(w, o, &list[i], err) < 0)
			return err_prefix(err, "fault %zu", i + 1);
	}
	for (size_t i = 0; i < n; i++)
		if (sim_model_add_fault(w->model, &list[i], err) < 0)
			return err_prefix(err, "fault %zu", i + 1);
	return 0;
}

static void answer(struct http1_request *req, int rc, struct err *err)
{
	if (rc < 0)
		http1_fail(req, 400, "%s", err_msg(err));
	else
		http1_reply(req, 200, JSON, str_c("{}\n"));
	err_fini(err);
}

static void post_faults(struct http1_request *req)
{
	struct err err = { 0 };
	json_t *body = json_parse(req->body, &err);
	int rc = body ? sim_control_add_faults(world_of(req), body, &err) : -1;

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

static void post_instance(struct http1_request *req)
{
	static const char *const members[] = { "id", "type", "zone", "enis" };
	struct sim_world *w = world_of(req);
	struct err err = { 0 };
	json_t *o = json_parse(req->body, &err);
	const char *id = NULL;

	if (o && check_members(o, members, ARRAY_SIZE(members), &err) == 0) {
		struct sim_instance_spec spec = {
			.id = json_get_str(o, "id"),
			.type = json_get_str(o, "type"),
			.zone = json_get_str(o, "zone"),
			.enis = (unsigned int)json_get_int(o, "enis", 0),
		};

		id = sim_model_add_instance(w->model, sim_world_now(w), &spec, &err);
	}
	if (id) {
		struct buf out;

		buf_init(&out, 256);
		buf_printf(&out, "{\"id\":\"%s\"}\n", id);
		reply_json(req, &out);
		buf_fini(&out);
	} else {
		answer(req, -1, &err);
	}
	err_fini(&err);
	json_decref(o);
}

static void put_instance(struct http1_request *req)
{
	struct sim_world *w = world_of(req);
	struct err err = { 0 };
	json_t *o = json_parse(req->body, &err);
	int rc = -1;

	if (o && !json_get_str(o, "state"))
		err_set(&err, GRPC_INVALID_ARGUMENT, "\"state\" is missing");
	else if (o)
		rc = sim_model_set_instance_state(w->model, sim_world_now(w),
						  req->path + strlen("/_sim/instances/"),
						  json_get_str(o, "state"), &err);
	json_decref(o);
	answer(req, rc, &err);
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
		{ "POST", "/_sim/faults", post_faults },
		{ "DELETE", "/_sim/faults", delete_faults },
		{ "POST", "/_sim/reset", post_reset },
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
