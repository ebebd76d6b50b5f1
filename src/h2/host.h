/* What all connections of one server share; internal to h2. */
#ifndef H2_HOST_H
#define H2_HOST_H

#include <nghttp2/nghttp2.h>

#include "base/list.h"
#include "base/map.h"
#include "h2/server.h"

#define H2_SCRATCH (64u << 10)

/* Whether reflection names a service. */
#define H2_LISTED ((void *)(uintptr_t)1)
#define H2_UNLISTED ((void *)(uintptr_t)2)

struct h2_host {
	struct reactor *reactor;
	struct grpc_server_options opt;	/* with the defaults filled in */
	struct map methods;	/* path -> const struct rpc_method */
	struct map services;	/* "csi.v1.Identity" -> H2_LISTED or H2_UNLISTED */
	struct list calls;	/* all whose memory lives, newest last */
	size_t open;		/* calls whose stream is open */
	size_t buffered;	/* bytes of messages held for calls */
	uint64_t next_id;
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *local, *remote;	/* for unix and for TCP connections */
	char scratch[H2_SCRATCH];	/* output is collected here before a write */
};

void h2_host_init(struct h2_host *h, struct reactor *r, const struct grpc_server_options *opt);
/* Calls that still run forget it and end by themselves. */
void h2_host_fini(struct h2_host *h);
void h2_host_add(struct h2_host *h, const struct rpc_method *methods, size_t n);

#endif
