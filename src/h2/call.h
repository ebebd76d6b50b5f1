/* One call with its stream: what lies behind struct rpc. Internal to h2. */
#ifndef H2_CALL_H
#define H2_CALL_H

#include <sys/types.h>

#include "h2/head.h"
#include "h2/host.h"
#include "h2/message.h"
#include "h2/session.h"

struct call {
	struct rpc rpc;
	struct h2_host *host;		/* NULL once the server is freed */
	struct h2_session *session;	/* NULL once the stream is closed */
	struct list on_host, on_session;
	int32_t stream;
	size_t counted;			/* bytes of ours in host->buffered */

	/* Request. */
	struct request_head head;
	enum grpc_encoding reply_encoding;
	struct message_reader in;
	struct buf held;		/* streaming: bytes not looked at yet */
	struct str msg;			/* unary: the message, once have_msg */
	int64_t received;		/* bytes of DATA */
	bool have_msg;
	bool in_closed;			/* END_STREAM has come */
	bool told_closed;		/* and the service knows */

	/* Response. */
	struct buf out;			/* messages with their prefixes */
	size_t out_at;			/* sent up to here */
	struct err status;
	bool responded;			/* the head is submitted */
	bool ended;			/* the outcome is decided */

	/* The service's operation, below one of ours that names the call. */
	struct op op;
	struct op *root;
	bool root_started;		/* it is op's child from then on */
	void (*encode)(struct rpc *rpc, struct op *root);

	struct timer deadline;
	struct task pump;		/* looks at held once out has room */
};

/* From the session, in the order of the stream's life. */
struct call *call_new(struct h2_host *host, struct h2_session *s, int32_t stream);
void call_head_done(struct call *c, bool end_stream);
void call_data(struct call *c, struct str bytes);
void call_half_closed(struct call *c);
/* The stream is closed; c may be freed by it. why is used if nothing was
 * decided before. */
void call_stream_closed(struct call *c, const struct err *why);

/* Appends a message to the response; err when its limit is passed. */
int call_send(struct call *c, struct str msg, struct err *err);
/* Decides the outcome (NULL: OK) and answers; no-op when it was decided. */
void call_end(struct call *c, const struct err *err);
/* Frees it if its stream is closed and its operation has ended. */
void call_release(struct call *c);
/* Ends it early with an answer; its operation is cancelled. */
void call_abort(struct call *c, const struct err *err);
/* Ends it without an answer. */
void call_reset(struct call *c, uint32_t h2_error, const struct err *err);

/* Copies up to n bytes of output. *last: nothing follows but the trailers.
 * -1: nothing there yet. */
ssize_t call_read(struct call *c, void *p, size_t n, bool *last);

#endif
