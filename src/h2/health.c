#include "h2/health.h"

#include <string.h>

#include "base/map.h"
#include "h2/health.pb-c.h"

#define LIST_MAX 100	/* services that List still answers for */

typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus status_t;
#define SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define SERVICE_UNKNOWN GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

enum { HEALTH_METHODS = 3 };

struct service {
	status_t status;
};

struct grpc_health {
	struct map services;	/* name -> struct service, ours to free */
	struct list watchers;
	struct rpc_method methods[HEALTH_METHODS];
};

/* Lives in its rpc's arena. */
struct watcher {
	struct list link;
	struct rpc *rpc;
	const char *service;
	status_t told;
};

static struct grpc_health *health_of(struct rpc *rpc)
{
	return rpc->method->ctx;
}

static status_t status_of(const struct grpc_health *h, const char *service)
{
	const struct service *s = map_get(&h->services, service);

	return s ? s->status : SERVICE_UNKNOWN;
}

/* The name asked for, in the rpc's arena; NULL and err when msg is no request. */
static const char *parse_request(struct rpc *rpc, struct str msg, struct err *err)
{
	Grpc__Health__V1__HealthCheckRequest *req;
	const char *service;

	req = grpc__health__v1__health_check_request__unpack(NULL, msg.n, (const uint8_t *)msg.p);
	if (!req) {
		err_set(err, GRPC_INTERNAL, "message is no HealthCheckRequest");
		return NULL;
	}
	service = arena_str(&rpc->arena, req->service);
	grpc__health__v1__health_check_request__free_unpacked(req, NULL);
	return service;
}

/* A response is at most three bytes long. */
static struct str pack_status(status_t status, uint8_t out[8])
{
	Grpc__Health__V1__HealthCheckResponse resp =
		GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

	resp.status = status;
	return str_n((char *)out, grpc__health__v1__health_check_response__pack(&resp, out));
}

static void fail(struct rpc *rpc, struct err *err)
{
	rpc_end(rpc, err);
	err_fini(err);
}

/* ---- Check, List ---- */

static void check(struct rpc *rpc, struct str msg)
{
	struct err err = {0};
	const char *service = parse_request(rpc, msg, &err);
	uint8_t out[8];
	status_t status;

	if (!service) {
		fail(rpc, &err);
		return;
	}
	status = status_of(health_of(rpc), service);
	if (status == SERVICE_UNKNOWN) {
		err_set(&err, GRPC_NOT_FOUND, "unknown service \"%s\"", service);
		fail(rpc, &err);
		return;
	}
	rpc_reply(rpc, pack_status(status, out));
}

typedef Grpc__Health__V1__HealthListResponse__StatusesEntry entry_t;

static void fill_list(const struct grpc_health *h, struct arena *a,
		      Grpc__Health__V1__HealthListResponse *resp)
{
	struct map_iter it = {0};
	const char *name;
	void *value;

	resp->statuses = arena_array(a, map_count(&h->services), sizeof(*resp->statuses));
	while (map_next(&h->services, &it, &name, &value)) {
		entry_t *e = arena_alloc(a, sizeof(*e));

		grpc__health__v1__health_list_response__statuses_entry__init(e);
		e->key = arena_str(a, name);
		e->value = arena_alloc(a, sizeof(*e->value));
		grpc__health__v1__health_check_response__init(e->value);
		e->value->status = ((struct service *)value)->status;
		resp->statuses[resp->n_statuses++] = e;
	}
}

static void list(struct rpc *rpc, struct str msg)
{
	Grpc__Health__V1__HealthListResponse resp = GRPC__HEALTH__V1__HEALTH_LIST_RESPONSE__INIT;
	const struct grpc_health *h = health_of(rpc);
	struct err err = {0};
	uint8_t *out;
	size_t n;

	if (map_count(&h->services) > LIST_MAX) {
		err_set(&err, GRPC_RESOURCE_EXHAUSTED, "%zu services are more than List tells (%d)",
			map_count(&h->services), LIST_MAX);
		fail(rpc, &err);
		return;
	}
	fill_list(h, &rpc->arena, &resp);
	out = arena_alloc(&rpc->arena, grpc__health__v1__health_list_response__get_packed_size(&resp) + 1);
	n = grpc__health__v1__health_list_response__pack(&resp, out);
	rpc_reply(rpc, str_n((char *)out, n));
}

/* ---- Watch ---- */

static void tell(struct watcher *w, status_t status)
{
	uint8_t out[8];

	w->told = status;
	rpc_send(w->rpc, pack_status(status, out));
}

static void watch(struct rpc *rpc, struct str msg)
{
	struct err err = {0};
	const char *service = parse_request(rpc, msg, &err);
	struct watcher *w;

	if (service && rpc->user)
		err_set(&err, GRPC_INTERNAL, "Watch takes one request, a second one came");
	if (err_is_set(&err)) {
		if (rpc->user)
			list_del(&((struct watcher *)rpc->user)->link);
		fail(rpc, &err);
		return;
	}
	w = arena_alloc(&rpc->arena, sizeof(*w));
	w->rpc = rpc;
	w->service = service;
	rpc->user = w;
	list_add_tail(&health_of(rpc)->watchers, &w->link);
	tell(w, status_of(health_of(rpc), service));
}

static void watch_half_closed(struct rpc *rpc)
{
	struct err err = {0};

	if (rpc->user)
		return;
	err_set(&err, GRPC_INTERNAL, "Watch came without a request");
	fail(rpc, &err);
}

static void watch_gone(struct rpc *rpc)
{
	struct watcher *w = rpc->user;

	if (w)
		list_del(&w->link);
}

/* ---- life ---- */

struct grpc_health *grpc_health_new(void)
{
	struct grpc_health *h = xcalloc(1, sizeof(*h));
	const struct rpc_method methods[HEALTH_METHODS] = {
		{ .path = "/grpc.health.v1.Health/Check", .message = check, .ctx = h },
		{ .path = "/grpc.health.v1.Health/List", .message = list, .ctx = h },
		{ .path = "/grpc.health.v1.Health/Watch", .message = watch,
		  .half_closed = watch_half_closed, .gone = watch_gone, .ctx = h },
	};

	memcpy(h->methods, methods, sizeof(methods));
	map_init(&h->services);
	list_init(&h->watchers);
	grpc_health_set(h, "", true);
	return h;
}

void grpc_health_free(struct grpc_health *h)
{
	struct map_iter it = {0};
	const char *name;
	void *value;

	if (!h)
		return;
	while (map_next(&h->services, &it, &name, &value))
		free(value);
	map_fini(&h->services);
	free(h);
}

void grpc_health_add_to(struct grpc_health *h, struct grpc_server *s)
{
	grpc_server_add(s, h->methods, HEALTH_METHODS);
}

void grpc_health_set(struct grpc_health *h, const char *service, bool serving)
{
	struct service *s = map_get(&h->services, service);

	if (!s) {
		s = xcalloc(1, sizeof(*s));
		map_put(&h->services, service, s);
	}
	s->status = serving ? SERVING : NOT_SERVING;
	list_for_each_safe(l, &h->watchers) {
		struct watcher *w = list_entry(l, struct watcher, link);

		if (strcmp(w->service, service) == 0 && w->told != s->status)
			tell(w, s->status);
	}
}

void grpc_health_shutdown(struct grpc_health *h)
{
	struct map_iter it = {0};
	struct err err = {0};
	const char *name;
	void *value;

	while (map_next(&h->services, &it, &name, &value))
		grpc_health_set(h, name, false);
	err_set(&err, GRPC_UNAVAILABLE, "the server is shutting down");
	list_for_each_safe(l, &h->watchers) {
		list_del(l);
		rpc_end(list_entry(l, struct watcher, link)->rpc, &err);
	}
	err_fini(&err);
}
