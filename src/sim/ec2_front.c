#include "sim/ec2_front.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws/ec2_encode.h"
#include "aws/ec2_query.h"
#include "base/log.h"
#include "base/mem.h"

#define ANSWER_MAX (64u << 20)
#define HTML "text/html"

/* A request whose answer is held back. */
struct pending {
	struct http1_request *req;
	struct timer timer;
	struct arena arena;	/* of the request */
	struct ec2_request call;
	struct sim_answer answer;
};

/* Everything EC2 refuses before or while reading is the client's fault (400),
 * but for what concerns credentials. */
static int status_of(const char *code)
{
	static const char *const unauthorized[] = { "AuthFailure", "MissingAuthenticationToken" };

	for (size_t i = 0; i < ARRAY_SIZE(unauthorized); i++)
		if (strcmp(code, unauthorized[i]) == 0)
			return 401;
	return 400;
}

static void reply_error(struct http1_request *req, int status, const char *code,
			const char *message, const char *request_id)
{
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	ec2_encode_error(code, message, request_id, &out);
	http1_add_header(req, "x-amzn-requestid", request_id);
	http1_reply(req, status, EC2_XML_TYPE, buf_view(&out));
	buf_fini(&out);
}

static void refuse(struct sim_front *f, struct http1_request *req, const struct err *err)
{
	const char *code = cstr_or(err->reason, "InternalError");
	char id[40];

	snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012" PRIx64,
		 ++f->requests & 0xffffffffffff);
	log_info(AREA_SIM, "refused: %s: %s", code, err_msg(err));
	reply_error(req, status_of(code), code, err_msg(err), id);
}

/* ---- answers ---- */

static void reply_result(struct http1_request *req, const struct sim_answer *a, bool truncated)
{
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	ec2_encode_response(&a->resp, &out);
	http1_add_header(req, "x-amzn-requestid", a->resp.request_id);
	http1_reply(req, a->http_status, EC2_XML_TYPE,
		    str_n(buf_cstr(&out), truncated ? out.len / 2 : out.len));
	buf_fini(&out);
}

static void reply(struct http1_request *req, const struct sim_answer *a)
{
	switch (a->outcome) {
	case SIM_ANSWERED:
		if (a->code)
			reply_error(req, a->http_status, a->code, a->message, a->resp.request_id);
		else
			reply_result(req, a, false);
		break;
	case SIM_TRUNCATED:
		reply_result(req, a, true);
		break;
	case SIM_MALFORMED:
		http1_reply(req, 200, EC2_XML_TYPE, str_c("this is not XML"));
		break;
	case SIM_HTML:
		http1_reply(req, a->http_status, HTML,
			    str_c("<html><body><h1>Service Unavailable</h1></body></html>"));
		break;
	case SIM_EMPTY:
		http1_reply(req, a->http_status, NULL, str_c(""));
		break;
	default:
		http1_abort(req);
	}
}

static void pending_free(struct pending *p)
{
	timer_disarm(&p->timer);
	sim_answer_fini(&p->answer);
	arena_fini(&p->arena);
	free(p);
}

static void on_latency_over(struct timer *t)
{
	struct pending *p = container_of(t, struct pending, timer);

	reply(p->req, &p->answer);
	pending_free(p);
}

static void on_gone(struct http1_request *req)
{
	struct pending *p = req->user;

	http1_abort(req);
	pending_free(p);
}

static void carry_out(struct sim_front *f, struct pending *p)
{
	struct sim_world *w = f->world;

	sim_model_call(w->model, sim_world_now(w), &p->call, &p->answer);
	sim_world_touch(w);
	log_debug(AREA_SIM, "%s: %s", ec2_action_name(p->call.action),
		  cstr_or(p->answer.code, "ok"));
	p->req->user = p;
	p->req->on_gone = on_gone;
	if (p->answer.outcome == SIM_HANG)
		return;		/* until the client gives up */
	timer_init(&p->timer, w->reactor, on_latency_over);
	timer_arm(&p->timer, p->answer.latency_ms);
}

void sim_front_handle(struct sim_front *f, struct http1_request *req)
{
	bool get = strcmp(req->method, "GET") == 0;
	int64_t wall = reactor_wall(f->world->reactor) + f->clock_ms;
	struct pending *p = xcalloc(1, sizeof(*p));
	struct err err = { 0 };

	p->req = req;
	if (sim_auth_check(&f->auth, req, wall, &err) < 0 ||
	    ec2_query_decode(get ? req->query : req->body, &p->arena, &p->call, &err) < 0) {
		refuse(f, req, &err);
		pending_free(p);
	} else {
		carry_out(f, p);
	}
	err_fini(&err);
}
