/* One gRPC call as a service sees it. Services hand the server a table of
 * methods; bytes in, bytes out: what the messages mean is theirs. */
#ifndef H2_RPC_H
#define H2_RPC_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "reactor/op.h"

struct rpc;

struct rpc_method {
	const char *path;	/* "/csi.v1.Identity/Probe" */
	/* Unary: once, with the request message (valid as long as the rpc).
	 * Streaming: for each message, in order, while the call is open. */
	void (*message)(struct rpc *rpc, struct str msg);
	/* Streaming only (NULL marks a unary method): the client has closed its
	 * side; the service ends the call with rpc_end when it has said all. */
	void (*half_closed)(struct rpc *rpc);
	/* Streaming only, may be NULL: the call is gone (cancelled, connection
	 * lost); drop references to rpc. Not called after rpc_end; may come
	 * before any message. */
	void (*gone)(struct rpc *rpc);
	void *ctx;		/* the service's own */
	bool unlisted;		/* answers (that it is not there), but reflection does not
				   list a service for it */
};

struct rpc {
	struct arena arena;	/* freed with the rpc */
	struct reactor *reactor;
	const struct rpc_method *method;
	void *user;		/* the service's per-call state */
	int64_t started;	/* reactor_now() */
	int64_t deadline;	/* reactor_now() scale; INT64_MAX when none */
	uint64_t id;		/* for logs */
};

/* The value of a request header (metadata), or NULL. Lower-case name. */
const char *rpc_header(const struct rpc *rpc, const char *name);

/* Unary, answered at once: copies msg. Exactly one of rpc_reply, rpc_fail,
 * rpc_run is called from inside method->message. */
void rpc_reply(struct rpc *rpc, struct str msg);
void rpc_fail(struct rpc *rpc, const struct err *err);	/* err is copied */

/* Unary, answered by an operation: starts root (memory from rpc->arena, or
 * released by its class's fini) under the call's deadline. When it ends well,
 * encode(rpc, root) must call rpc_reply or rpc_fail; when it fails, its error is
 * sent. RST_STREAM or a lost connection cancels it (CANCELLED), the deadline
 * cancels it (DEADLINE_EXCEEDED). The rpc, its arena and op_fini(root) come when
 * the stream is closed and root has ended, whichever is later. */
void rpc_run(struct rpc *rpc, struct op *root,
	     void (*encode)(struct rpc *rpc, struct op *root));

/* Streaming. */
void rpc_send(struct rpc *rpc, struct str msg);		/* copies; bounded queue */
void rpc_end(struct rpc *rpc, const struct err *err);	/* NULL: OK */

#endif
