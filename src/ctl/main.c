/* ebs-csictl: CSI calls from a shell. */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "csi/csi.pb-c.h"
#include "ctl/debug.h"
#include "ctl/message.h"
#include "ctl/options.h"
#include "ctl/print.h"
#include "ctl/verbs.h"
#include "h2/client.h"
#include "reactor/reactor.h"

enum { EXIT_USAGE = 1, EXIT_NOT_CONNECTED = 2, EXIT_GRPC = 64 };

#define ANSWER_MAX (16u << 20)

struct ctl {
	struct reactor *reactor;
	struct ctl_options *options;
	int64_t timeout_ms;
	struct grpc_client *clients[2];	/* by enum ctl_where; may be the same */
	struct arena arena;
	json_t *answers;	/* by method name */
	struct err err;
};

static int fail(const struct ctl *c, int status)
{
	fprintf(stderr, "ebs-csictl: %s\n", err_msg(&c->err));
	return status;
}

static const char *endpoint_of(struct ctl *c, enum ctl_where where)
{
	const char *node = ctl_text(c->options, "node-endpoint");
	const char *given = ctl_text(c->options, "endpoint");

	if (where == CTL_NODE && node)
		return node;
	return given ? given : cstr_or(getenv("CSI_ENDPOINT"), "unix://tmp/csi.sock");
}

static struct grpc_client *client_for(struct ctl *c, enum ctl_where where)
{
	if (!c->clients[where])
		c->clients[where] = grpc_client_new(c->reactor, endpoint_of(c, where), &c->err);
	return c->clients[where];
}

/* ---- one call ---- */

struct call {
	struct grpc_call grpc;
	bool ended;
};

static void on_end(struct op *op)
{
	struct call *call = container_of(op, struct call, grpc.op);

	call->ended = true;
}

static void pack(const ProtobufCMessage *m, struct buf *out)
{
	size_t n = protobuf_c_message_get_packed_size(m);
	auto_free uint8_t *bytes = xmalloc(n + 1);

	protobuf_c_message_pack(m, bytes);
	buf_add(out, bytes, n);
}

static int take_answer(struct ctl *c, const struct ctl_call *what, const struct buf *bytes)
{
	ProtobufCMessage *m = protobuf_c_message_unpack(what->response, NULL, bytes->len,
							(const uint8_t *)buf_cstr(bytes));

	if (!m)
		return err_set(&c->err, GRPC_INTERNAL, "%s: the answer is no %s",
			       ctl_call_name(what), what->response->short_name);
	json_object_set_new(c->answers, ctl_call_name(what), message_json(m));
	protobuf_c_message_free_unpacked(m, NULL);
	return 0;
}

/* "DeleteVolume: FailedPrecondition: <text>" */
static int call_failed(struct ctl *c, const struct ctl_call *what, struct call *call)
{
	enum grpc_code code = call->grpc.op.err.code;

	err_move(&c->err, &call->grpc.op.err);
	err_prefix(&c->err, "%s: %s", ctl_call_name(what), grpc_code_name(code));
	if (code == GRPC_UNAVAILABLE && !grpc_client_was_connected(c->clients[what->where]))
		return EXIT_NOT_CONNECTED;
	return EXIT_GRPC + (int)code;
}

static int finish_call(struct ctl *c, const struct ctl_call *what, struct call *call)
{
	if (!op_failed(&call->grpc.op))
		return take_answer(c, what, &call->grpc.response) < 0 ? EXIT_GRPC + GRPC_INTERNAL : 0;
	if (what->optional && call->grpc.op.err.code == GRPC_UNIMPLEMENTED)
		return 0;
	return call_failed(c, what, call);
}

static int run_call(struct ctl *c, const struct ctl_call *what)
{
	struct call call = { .ended = false };
	ProtobufCMessage *request = ctl_build_request(what, c->options, &c->arena, &c->err);
	int status;

	if (!request)
		return EXIT_USAGE;
	if (!client_for(c, what->where))
		return EXIT_NOT_CONNECTED;
	grpc_call_init(&call.grpc, c->clients[what->where], what->path);
	pack(request, &call.grpc.request);
	op_set_deadline(&call.grpc.op, c->timeout_ms);
	op_start(&call.grpc.op, on_end);
	reactor_run_until(c->reactor, &call.ended, INT64_MAX / 2);
	status = finish_call(c, what, &call);
	op_fini(&call.grpc.op);
	return status;
}

/* ---- verbs ---- */

static void print_answers(struct ctl *c)
{
	const json_t *only = json_object_iter_value(json_object_iter(c->answers));
	const json_t *shown = json_object_size(c->answers) == 1 ? only : c->answers;

	if (ctl_switch(c->options, "json"))
		print_json(stdout, shown);
	else
		print_table(stdout, shown);
}

static int run_verb(struct ctl *c, const char *verb)
{
	const struct ctl_call *first = ctl_next_call(verb, NULL);
	int status = 0;

	if (!first) {
		err_set(&c->err, GRPC_INVALID_ARGUMENT, "unknown verb \"%s\"; see --help", verb);
		return EXIT_USAGE;
	}
	if (ctl_check_usage(first, c->options, &c->err) < 0)
		return EXIT_USAGE;
	for (const struct ctl_call *w = first; w && !status; w = ctl_next_call(verb, w))
		status = run_call(c, w);
	if (!status)
		print_answers(c);
	return status;
}

/* The dump as the daemon writes it. */
static int run_ops(struct ctl *c)
{
	const char *endpoint = ctl_text(c->options, "debug-endpoint");
	const char *target = ctl_switch(c->options, "json") ? "/debug/ops?format=json"
							    : "/debug/ops";
	struct buf body;
	int rc;

	if (!endpoint || ctl_arguments(c->options)) {
		err_set(&c->err, GRPC_INVALID_ARGUMENT,
			"usage: ebs-csictl --debug-endpoint=URL [--json] ops");
		return EXIT_USAGE;
	}
	buf_init(&body, ANSWER_MAX);
	rc = ctl_debug_get(c->reactor, endpoint, target, c->timeout_ms, &body, &c->err);
	if (rc == 0)
		fputs(buf_cstr(&body), stdout);
	buf_fini(&body);
	return rc < 0 ? EXIT_NOT_CONNECTED : 0;
}

static int run(struct ctl *c)
{
	const char *verb = ctl_verb(c->options);
	const char *timeout = ctl_text(c->options, "timeout");

	if (!verb) {
		err_set(&c->err, GRPC_INVALID_ARGUMENT, "a verb is missing; see --help");
		return EXIT_USAGE;
	}
	if (parse_duration_ms(str_c(timeout), &c->timeout_ms) < 0 || c->timeout_ms <= 0) {
		err_set(&c->err, GRPC_INVALID_ARGUMENT,
			"--timeout: \"%s\" is not a time such as 30s", timeout);
		return EXIT_USAGE;
	}
	return strcmp(verb, "ops") ? run_verb(c, verb) : run_ops(c);
}

static int ctl_main(struct ctl *c)
{
	int status;

	c->reactor = reactor_new();
	c->answers = json_object();
	status = run(c);
	if (status)
		fail(c, status);
	grpc_client_free(c->clients[CTL_ENDPOINT]);
	grpc_client_free(c->clients[CTL_NODE]);
	json_decref(c->answers);
	arena_fini(&c->arena);
	reactor_advance(c->reactor, 0);
	reactor_free(c->reactor);
	return status;
}

int main(int argc, char **argv)
{
	struct ctl c = { .options = NULL };
	int status = 0;

	c.options = ctl_options_new(argc, argv, &c.err);
	if (!c.options)
		status = fail(&c, EXIT_USAGE);
	else if (ctl_switch(c.options, "help"))
		ctl_print_help(stdout);
	else if (ctl_switch(c.options, "version"))
		puts("ebs-csictl " EBS_CSID_VERSION);
	else
		status = ctl_main(&c);
	ctl_options_free(c.options);
	err_fini(&c.err);
	return status;
}
