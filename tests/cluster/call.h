/* RPCs without a connection, between the imitated sidecars and the controller
 * under test. Takes the place of h2/rpc.c (linked before libh2). */
#ifndef CLUSTER_CALL_H
#define CLUSTER_CALL_H

#include <protobuf-c/protobuf-c.h>

#include "h2/rpc.h"

struct controller;
struct call;

/* What the client sees in the end. */
struct answer {
	enum grpc_code code;
	const char *text;	/* of an error; "" */
	struct str reply;	/* the message of a good one */
};

struct call {
	struct rpc rpc;
	struct controller *ctl;
	struct list link;	/* on ctl->calls */
	struct op op;		/* root above the service's */
	struct op *root;
	bool root_started;
	void (*encode)(struct rpc *rpc, struct op *root);
	struct task deliver;
	struct timer deadline;
	struct answer answer;
	bool answered;		/* by the service; once */
	bool settled;		/* what the client gets is decided */
	/* Once, from the run queue; NULL: nobody listens any more. */
	void (*on_answer)(struct call *c, const struct answer *a);
	void *user;
};

/* Sends req. While the controller is down the answer is UNAVAILABLE. The call
 * frees itself some time after on_answer or call_drop. */
struct call *call_start(struct controller *ctl, const char *path, const ProtobufCMessage *req,
			int64_t timeout_ms,
			void (*on_answer)(struct call *c, const struct answer *a), void *user);
/* The client goes away: the stream is reset, on_answer is not called. */
void call_drop(struct call *c);
/* Its deadline is over, now. */
void call_expire(struct call *c);
/* The call that this operation of the service is the work of, or NULL. */
struct call *call_find(struct controller *ctl, const struct op *root);
/* The connection is lost: UNAVAILABLE to the client, the service is deaf. */
void call_lose(struct call *c);

#endif
