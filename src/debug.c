#include "debug.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "aws/ec2.h"
#include "base/buf.h"
#include "block/block.h"
#include "ebs/ebs.h"
#include "net/http1.h"
#include "reactor/listener.h"
#include "reactor/op.h"

#define DUMP_MAX (16u << 20)

struct debug {
	struct debug_sources sources;
	struct http1_server *server;
};

static void reply(struct http1_request *req, const char *type, struct buf *body)
{
	http1_reply(req, 200, type, buf_view(body));
	buf_fini(body);
}

static void on_healthz(struct http1_request *req)
{
	const struct debug *d = req->ctx;

	if (*d->sources.stopping)
		http1_fail(req, 503, "stopping");
	else
		http1_reply(req, 200, "text/plain", str_c("ok\n"));
}

static void on_ops(struct http1_request *req)
{
	const struct debug *d = req->ctx;
	bool json = cstr_eq(http1_query(req, "format"), "json");
	struct buf body;

	buf_init(&body, DUMP_MAX);
	if (json)
		op_dump_json(d->sources.reactor, &body);
	else
		op_dump_text(d->sources.reactor, &body);
	reply(req, json ? "application/json" : "text/plain", &body);
}

static void on_ec2(struct http1_request *req)
{
	const struct debug *d = req->ctx;
	struct buf body;

	if (!d->sources.ec2)
		return http1_fail(req, 404, "this mode does not talk to EC2");
	buf_init(&body, DUMP_MAX);
	ec2_dump_json(d->sources.ec2, &body);
	reply(req, "application/json", &body);
}

static void on_ebs(struct http1_request *req)
{
	const struct debug *d = req->ctx;
	struct buf body;

	if (!d->sources.ebs)
		return http1_fail(req, 404, "this mode does not talk to EC2");
	buf_init(&body, DUMP_MAX);
	ebs_dump_json(d->sources.ebs, &body);
	reply(req, "application/json", &body);
}

static void on_block(struct http1_request *req)
{
	const struct debug *d = req->ctx;
	struct buf body;

	if (!d->sources.block)
		return http1_fail(req, 404, "this mode has no disks");
	buf_init(&body, DUMP_MAX);
	block_dump(d->sources.block, &body);
	reply(req, "text/plain", &body);
}

/* The longest turn of the loop since this was asked last; all turns since the start
 * by the least time they took, in us. */
static void on_loop(struct http1_request *req)
{
	const struct debug *d = req->ctx;
	struct buf body;

	buf_init(&body, DUMP_MAX);
	buf_printf(&body, "{\"lag_us\":%lld,\"turns\":[",
		   (long long)reactor_lag_us(d->sources.reactor));
	for (unsigned int i = 0; i < REACTOR_TURNS; i++)
		buf_printf(&body, "%s[%lld,%llu]", i ? "," : "", (long long)reactor_turn_us(i),
			   (unsigned long long)reactor_turns(d->sources.reactor, i));
	buf_adds(&body, "]}\n");
	reply(req, "application/json", &body);
}

static void on_request(struct http1_request *req)
{
	static const struct http1_route routes[] = {
		{ "GET", "/healthz", on_healthz },
		{ "GET", "/debug/ops", on_ops },
		{ "GET", "/debug/ec2", on_ec2 },
		{ "GET", "/debug/ebs", on_ebs },
		{ "GET", "/debug/block", on_block },
		{ "GET", "/debug/loop", on_loop },
	};

	http1_dispatch(req, routes, ARRAY_SIZE(routes));
}

/* What it shows is not for the network. */
static bool is_local(const struct sockaddr_storage *at)
{
	const struct sockaddr_in *v4 = (const void *)at;
	const struct sockaddr_in6 *v6 = (const void *)at;

	if (at->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	if (at->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return true;
}

static int check_endpoint(const char *endpoint, struct err *err)
{
	struct sockaddr_storage at;
	socklen_t n;

	if (endpoint_parse(endpoint, &at, &n, err) < 0)
		return -1;
	if (!is_local(&at))
		return err_set(err, GRPC_INVALID_ARGUMENT, "\"%s\" is not on this machine: use unix:// or tcp://127.0.0.1:PORT",
			       endpoint);
	return 0;
}

struct debug *debug_new(const struct debug_sources *sources, const char *endpoint,
			struct err *err)
{
	struct debug *d;

	if (check_endpoint(endpoint, err) < 0)
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->sources = *sources;
	d->server = http1_server_new(sources->reactor, NULL, on_request, d);
	if (http1_server_listen(d->server, endpoint, err) == 0)
		return d;
	debug_free(d);
	return NULL;
}

const char *debug_address(const struct debug *d)
{
	return http1_server_address(d->server, 0);
}

void debug_free(struct debug *d)
{
	if (!d)
		return;
	http1_server_free(d->server);
	free(d);
}
