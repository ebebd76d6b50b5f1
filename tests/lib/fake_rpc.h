/* RPCs without a connection: a request handed to a method, its answer kept. Takes
 * the place of h2/rpc.c when linked before libh2. */
#ifndef TESTS_FAKE_RPC_H
#define TESTS_FAKE_RPC_H

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"
#include "h2/rpc.h"

struct fake_rpc {
	struct rpc rpc;
	struct op *root;	/* NULL: answered at once */
	void (*encode)(struct rpc *rpc, struct op *root);
	struct list link;
	bool done;
	struct err err;		/* OK when not set */
	struct buf reply;
};

/* Calls the method of this path with bytes; deadline in ms, 0: none. */
struct fake_rpc *fake_rpc_bytes(struct reactor *r, const struct rpc_method *methods, size_t n,
				const char *path, struct str bytes, int64_t deadline_ms);
/* The same with a message, encoded. */
struct fake_rpc *fake_rpc_call(struct reactor *r, const struct rpc_method *methods, size_t n,
			       const char *path, const ProtobufCMessage *req,
			       int64_t deadline_ms);
void fake_rpc_cancel(struct fake_rpc *f);	/* the client has gone */
void fake_rpc_free(struct fake_rpc *f);		/* done only */
/* The reply decoded; the caller frees with protobuf_c_message_free_unpacked. */
ProtobufCMessage *fake_rpc_reply(const struct fake_rpc *f,
				 const ProtobufCMessageDescriptor *desc);

#endif
