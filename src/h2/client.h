/* gRPC client on the loop: one connection, many calls. For ebs-csictl, tests and
 * load tools. */
#ifndef H2_CLIENT_H
#define H2_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "reactor/op.h"

struct grpc_client;

/* Endpoint as in reactor/listener.h. Connects at once; a failed TCP connect ends
 * the calls on it with UNAVAILABLE. NULL and err when a unix socket refuses. */
struct grpc_client *grpc_client_new(struct reactor *r, const char *endpoint, struct err *err);
void grpc_client_free(struct grpc_client *c);	/* its calls end CANCELLED before */
bool grpc_client_connected(const struct grpc_client *c);
/* It is or has been: tells "nobody there" from "went away". */
bool grpc_client_was_connected(const struct grpc_client *c);

/* A unary call: a leaf op. Its deadline (op_time_left) is sent as grpc-timeout;
 * cancelling it resets the stream. */
struct grpc_call {
	struct op op;
	struct grpc_client *client;
	const char *path;	/* "/csi.v1.Identity/Probe"; lives as long as the op */
	struct buf request;	/* filled by the caller after init; released by op_fini */
	struct buf response;	/* the message, after success */
	void *impl;
};
void grpc_call_init(struct grpc_call *call, struct grpc_client *c, const char *path);

#endif
