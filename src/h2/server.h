/* gRPC server: connections of one or more listeners, one method table. */
#ifndef H2_SERVER_H
#define H2_SERVER_H

#include "base/err.h"
#include "h2/rpc.h"
#include "reactor/reactor.h"

struct grpc_server;

struct grpc_server_options {
	size_t max_message;		/* bytes of one request; 0 = 4 MiB */
	size_t max_header_list;		/* 0 = 64 KiB */
	size_t max_connections;		/* 0 = 4096 */
	size_t max_calls;		/* open at once, all connections; 0 = 20000;
					   beyond: UNAVAILABLE (RESOURCE_EXHAUSTED
					   makes sidecars give the node up) */
	size_t max_buffered;		/* bytes of messages of all calls; 0 = 256 MiB;
					   beyond: UNAVAILABLE */
	unsigned int socket_mode;	/* 0 = 0660 */
	/* One call has ended; for the log line and metrics. May be NULL. */
	void (*on_rpc_done)(void *ctx, const struct rpc *rpc, const struct err *err,
			    int64_t took_ms);
	void *ctx;
};

struct grpc_server *grpc_server_new(struct reactor *r, const struct grpc_server_options *opt);
/* The table must outlive the server. May be called several times; a path twice
 * is a bug (aborts). */
void grpc_server_add(struct grpc_server *s, const struct rpc_method *methods, size_t n);
/* Endpoint as in reactor/listener.h. */
int grpc_server_listen(struct grpc_server *s, const char *endpoint, struct err *err);
/* Its address with the port the kernel chose, of the i-th listener. */
const char *grpc_server_address(const struct grpc_server *s, size_t i);

/* Names of the services added so far ("csi.v1.Identity") that have a listed method,
 * in that order. */
void grpc_server_each_service(const struct grpc_server *s,
			      void (*each)(void *ctx, const char *name), void *ctx);

/* Stops accepting, GOAWAY to all, running calls may end for drain_ms, then they
 * are cancelled; on_drained comes when every connection is closed. */
void grpc_server_drain(struct grpc_server *s, int64_t drain_ms,
		       void (*on_drained)(void *ctx), void *ctx);
/* After on_drained, or at once (cuts everything; ops that still run are
 * cancelled and end by themselves). */
void grpc_server_free(struct grpc_server *s);

size_t grpc_server_calls(const struct grpc_server *s);		/* open now */
size_t grpc_server_connections(const struct grpc_server *s);

#endif
