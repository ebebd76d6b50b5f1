/* libcurl's side of the HTTP client: handles, sockets, its timer. */
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "net/http_internal.h"
#include "reactor/watch.h"

struct curl_sock {
	struct list link;
	struct http *http;
	curl_socket_t fd;
	struct watch *watch;
};

/* ---- the loop for libcurl ---- */

static void collect(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_exchange *x = NULL;
		CURLcode rc = m->data.result;
		char why[CURL_ERROR_SIZE];

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
		memcpy(why, x->wire->why, sizeof(why));
		wire_stop(x);
		exchange_through(x, rc, *why ? why : curl_easy_strerror(rc));
	}
}

static void turn(struct http *h, curl_socket_t fd, int bits)
{
	int running;

	h->in_curl = true;
	curl_multi_socket_action(h->multi, fd, bits, &running);
	h->in_curl = false;
	collect(h);
}

static void on_timer(struct timer *t)
{
	turn(container_of(t, struct http, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long ms, void *ctx)
{
	struct http *h = ctx;

	if (ms < 0)
		timer_disarm(&h->timer);
	else
		timer_arm(&h->timer, ms);
	return 0;
}

static void on_ready(void *ctx, int events)
{
	struct curl_sock *cs = ctx;	/* may be freed by the turn */

	turn(cs->http, cs->fd, (events & WATCH_READ ? CURL_CSELECT_IN : 0) |
			       (events & WATCH_WRITE ? CURL_CSELECT_OUT : 0));
}

static void forget_sock(struct curl_sock *cs)
{
	watch_close(cs->watch);
	list_del(&cs->link);
	free(cs);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *sock_ctx)
{
	struct curl_sock *cs = sock_ctx;
	struct http *h = ctx;
	int events = (what & CURL_POLL_IN ? WATCH_READ : 0) |
		     (what & CURL_POLL_OUT ? WATCH_WRITE : 0);

	if (what == CURL_POLL_REMOVE) {
		if (cs)
			forget_sock(cs);
		curl_multi_assign(h->multi, fd, NULL);
		return 0;
	}
	if (cs) {
		watch_set(cs->watch, events);
		return 0;
	}
	cs = xcalloc(1, sizeof(*cs));
	cs->http = h;
	cs->fd = fd;
	cs->watch = watch_new(h->reactor, fd, events, on_ready, cs);
	list_add_tail(&h->socks, &cs->link);
	curl_multi_assign(h->multi, fd, cs);
	return 0;
}

int wire_multi_open(struct http *h)
{
	static bool global;

	if (!global && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -1;
	global = true;
	h->multi = curl_multi_init();
	h->share = curl_share_init();
	if (!h->multi || !h->share)
		return -1;
	list_init(&h->socks);
	timer_init(&h->timer, h->reactor, on_timer);
	curl_share_setopt(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)h->max_active);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->max_active);
	return 0;
}

void wire_multi_close(struct http *h)
{
	while (h->pool_len)
		curl_easy_cleanup(h->pool[--h->pool_len]);
	curl_multi_cleanup(h->multi);
	curl_share_cleanup(h->share);
	while (!list_empty(&h->socks))
		forget_sock(list_entry(h->socks.next, struct curl_sock, link));
	timer_disarm(&h->timer);
}

/* ---- what libcurl tells of an exchange ---- */

static int give_up(struct http_exchange *x, enum grpc_code code, const char *text)
{
	if (!err_is_set(&x->body_err))
		err_set(&x->body_err, code, "%s", text);
	return -1;
}

static int take_body(struct http_exchange *x, struct str piece)
{
	long status = 0;

	if (x->op.cancelled)
		return -1;
	curl_easy_getinfo(x->wire->easy, CURLINFO_RESPONSE_CODE, &status);
	x->status = (int)status;
	if (piece.n > x->max_response - x->received)
		return give_up(x, GRPC_RESOURCE_EXHAUSTED, "the answer is over the limit");
	x->received += piece.n;
	if (x->on_body && !(status >= 400 && (x->flags & HTTP_KEEP_ERROR_BODY)))
		return x->on_body(x, piece, &x->body_err);
	return buf_add(&x->response, piece.p, piece.n);
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	return take_body(ctx, str_n(p, size * n)) < 0 ? 0 : size * n;
}

/* Each status line begins anew: what counts is the last answer, after any 100. */
static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct http_exchange *x = ctx;
	struct str line = str_trim(str_n(p, size * n));

	if (str_starts(line, "HTTP/"))
		buf_reset(&x->response_headers);
	x->head_whole = line.n == 0;
	if (buf_add(&x->response_headers, line.p, line.n) < 0 ||
	    buf_addc(&x->response_headers, '\0') < 0) {
		give_up(x, GRPC_RESOURCE_EXHAUSTED, "the answer's headers are over the limit");
		return 0;
	}
	return size * n;
}

static int on_before_request(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
	((struct http_exchange *)ctx)->sent = true;
	return CURL_PREREQFUNC_OK;
}

/* ---- one exchange ---- */

/* "+host:port:1.2.3.4,[::1]"; with it libcurl looks nothing up. */
static struct curl_slist *resolve_entry(const struct http_exchange *x)
{
	struct curl_slist *list;
	struct buf b;

	if (resolve_is_local(x->host))
		return NULL;
	buf_init(&b, 4096);
	buf_printf(&b, "%s:%d", x->host, x->port);
	for (size_t i = 0; i < x->resolve.count; i++) {
		const char *addr = x->resolve.addrs[i];

		buf_printf(&b, strchr(addr, ':') ? "%c[%s]" : "%c%s", i ? ',' : ':', addr);
	}
	list = curl_slist_append(NULL, buf_cstr(&b));
	buf_fini(&b);
	return list;
}

static void set_method(CURL *e, const struct http_exchange *x)
{
	bool post = strcmp(x->method, "POST") == 0;

	if (post || x->body.p || strcmp(x->method, "PUT") == 0) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.n);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, x->body.p ? x->body.p : "");
		if (!post)
			curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, x->method);
	} else if (strcmp(x->method, "HEAD") == 0) {
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	} else if (strcmp(x->method, "GET") != 0) {
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, x->method);
	}
}

static void set_connection(CURL *e, const struct http_exchange *x)
{
	const struct http *h = x->http;

	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->ca_bundle) {
		curl_easy_setopt(e, CURLOPT_CAINFO, h->ca_bundle);
		curl_easy_setopt(e, CURLOPT_PROXY_CAINFO, h->ca_bundle);
	}
	curl_easy_setopt(e, CURLOPT_SHARE, h->share);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_RESOLVE, x->wire->resolve);
	curl_easy_setopt(e, CURLOPT_PROXY, x->proxy ? x->proxy : "");
	curl_easy_setopt(e, CURLOPT_NOPROXY, "");	/* decided already */
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, x->flags & HTTP_FRESH_CONNECTION ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)x->connect_ms);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
}

static void set_request(CURL *e, struct http_exchange *x)
{
	curl_easy_setopt(e, CURLOPT_URL, x->url);
	curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, x->socket_path);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);	/* a signature covers it */
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, x->request_headers);
	if (x->http->user_agent)
		curl_easy_setopt(e, CURLOPT_USERAGENT, x->http->user_agent);
	curl_easy_setopt(e, CURLOPT_PRIVATE, x);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->wire->why);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_before_request);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, x);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
	set_method(e, x);
}

static CURL *easy_get(struct http *h)
{
	CURL *e = h->pool_len ? h->pool[--h->pool_len] : curl_easy_init();

	if (!e)
		abort();	/* out of memory */
	return e;
}

static void easy_put(struct http *h, CURL *e)
{
	if (h->pool_len == EASY_POOL_MAX) {
		curl_easy_cleanup(e);
		return;
	}
	curl_easy_reset(e);
	h->pool[h->pool_len++] = e;
}

int wire_start(struct http_exchange *x, struct err *err)
{
	struct http *h = x->http;
	struct wire *w = xcalloc(1, sizeof(*w));
	CURLMcode rc;

	w->easy = easy_get(h);
	w->resolve = resolve_entry(x);
	x->wire = w;
	set_connection(w->easy, x);
	set_request(w->easy, x);
	h->active++;
	rc = curl_multi_add_handle(h->multi, w->easy);
	if (rc == CURLM_OK)
		return 0;
	wire_stop(x);
	return err_set(err, GRPC_INTERNAL, "libcurl: %s", curl_multi_strerror(rc));
}

void wire_stop(struct http_exchange *x)
{
	struct http *h = x->http;
	struct wire *w = x->wire;
	long status = 0, connects = 0;

	curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(w->easy, CURLINFO_NUM_CONNECTS, &connects);
	x->status = (int)status;
	h->opened += (size_t)connects;
	h->active--;
	curl_multi_remove_handle(h->multi, w->easy);
	easy_put(h, w->easy);
	curl_slist_free_all(w->resolve);
	free(w);
	x->wire = NULL;
	if (!list_empty(&h->waiting))
		reactor_defer(h->reactor, &h->pump);
}
