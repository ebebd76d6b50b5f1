#include "h2/host.h"

#include <string.h>

#include "base/log.h"
#include "h2/call.h"

/* Defaults of nghttp2 that an honest client can run into (1,000 resets, 1,000
 * unsent acknowledgements) are raised: sidecars exit when their connection ends.
 * What a flood could take is bounded by not reading while the peer does not. */
static nghttp2_option *make_options(uint64_t reset_burst, uint64_t reset_rate)
{
	nghttp2_option *o;

	if (nghttp2_option_new(&o) != 0)
		abort();
	nghttp2_option_set_no_http_messaging(o, 1);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_outbound_ack(o, 100000);
	nghttp2_option_set_stream_reset_rate_limit(o, reset_burst, reset_rate);
	return o;
}

static size_t or_default(size_t n, size_t fallback)
{
	return n ? n : fallback;
}

void h2_host_init(struct h2_host *h, struct reactor *r, const struct grpc_server_options *opt)
{
	memset(h, 0, sizeof(*h));
	h->reactor = r;
	if (opt)
		h->opt = *opt;
	h->opt.max_message = or_default(h->opt.max_message, GRPC_MAX_MESSAGE);
	h->opt.max_header_list = or_default(h->opt.max_header_list, 64u << 10);
	h->opt.max_connections = or_default(h->opt.max_connections, 4096);
	h->opt.max_calls = or_default(h->opt.max_calls, 20000);
	h->opt.max_buffered = or_default(h->opt.max_buffered, 256u << 20);
	map_init(&h->methods);
	map_init(&h->services);
	list_init(&h->calls);
	h->callbacks = h2_session_callbacks();
	h->local = make_options(1000000, 1000000);
	h->remote = make_options(10000, 1000);
}

void h2_host_fini(struct h2_host *h)
{
	list_for_each_safe(l, &h->calls) {
		list_del(l);
		list_entry(l, struct call, on_host)->host = NULL;
	}
	map_fini(&h->methods);
	map_fini(&h->services);
	nghttp2_option_del(h->local);
	nghttp2_option_del(h->remote);
	nghttp2_session_callbacks_del(h->callbacks);
}

/* Known, and listed when one of its methods is. */
static void add_service(struct h2_host *h, struct str name, bool listed)
{
	if (listed || !map_getn(&h->services, name.p, name.n))
		map_putn(&h->services, name.p, name.n, listed ? H2_LISTED : H2_UNLISTED);
}

void h2_host_add(struct h2_host *h, const struct rpc_method *methods, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str service, method;

		if (grpc_path_split(str_c(methods[i].path), &service, &method) < 0 ||
		    map_put(&h->methods, methods[i].path, (void *)(uintptr_t)&methods[i])) {
			log_error(AREA_H2, "method %s is malformed or registered twice",
				  methods[i].path);
			abort();
		}
		add_service(h, service, !methods[i].unlisted);
	}
}
