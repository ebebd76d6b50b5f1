/* Operations: everything that takes time is one. An operation is a struct that
 * embeds struct op, the step it is in, and its children; they form trees.
 *
 *   step      a function that never blocks. It starts children and says what
 *             follows: op_next, op_await, op_join, OP_PENDING (a leaf: some
 *             callback will call op_finish), OP_DONE, or an op_fail.
 *   end       queued, never delivered inside a start, a step or a callback of
 *             somebody else; each operation ends exactly once.
 *   cancel    runs down the tree: leaves are stopped by their class, an
 *             operation in a step ends at its next turn. A shielded operation
 *             (mkfs) runs on and ends when it is through; its children are not
 *             cancelled either.
 *   deadline  a cancel at a time, with DEADLINE_EXCEEDED. On a root it bounds
 *             the whole tree.
 *
 * Memory: a child usually lives inside its parent. The owner of a root frees it
 * after its on_end; op_fini() first. When a parent is finished with (op_fini),
 * its ended children are finished too, so their errors and results are
 * released without a list of them. A child that the parent frees or uses again
 * earlier gets op_fini() first (op_init does it for memory that was an op).
 * All op memory starts zeroed. */
#ifndef REACTOR_OP_H
#define REACTOR_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "reactor/reactor.h"
#include "reactor/timer.h"

struct op;

enum op_verdict {
	OP_PENDING,	/* op_finish() comes later */
	OP_NEXT,	/* made by op_next(): run op->step from the queue */
	OP_JOIN,	/* made by op_await()/op_join(): op->step after the children */
	OP_DONE,	/* ended well */
	OP_FAILED,	/* ended with op->err; made by op_fail*() */
};

typedef enum op_verdict op_step(struct op *op);

struct op_class {
	const char *name;	/* as /debug/ops shows it: "attach" */
	/* A pending leaf must let go of its I/O and call op_finish, now or
	 * later (once what it waits for is closed). Required for an op that
	 * returns OP_PENDING. */
	void (*stop)(struct op *op);
	/* Once, as the op ends (well or not), before its parent hears of it:
	 * release locks and reservations. Must not start anything. */
	void (*end)(struct op *op);
	/* From op_fini: release memory the op owns beyond its struct. */
	void (*fini)(struct op *op);
	/* Adds ids and state to a dump: "vol-1 to i-2". */
	void (*describe)(const struct op *op, struct buf *out);
};

enum op_state { OP_IDLE, OP_QUEUED, OP_RUNNING, OP_WAITING, OP_ENDING, OP_ENDED };

struct op {
	const struct op_class *cls;
	struct reactor *reactor;
	struct op *parent;
	struct list children;	/* active and ended ones, in order of start */
	struct list sibling;	/* on parent->children, or the reactor's roots */
	op_step *step;
	const char *step_name;
	struct err err;		/* set once it has failed */
	struct task task;
	struct timer deadline;
	int64_t started;	/* reactor_now() at start */
	uint32_t active;	/* children not ended yet */
	enum op_state state;
	bool shielded;
	bool cancelled;
	struct err cancel_err;	/* why, given at the end if nothing failed before */
	void (*on_end)(struct op *op);	/* roots only */
};

/* Prepares an op; first is its first step. */
#define op_init(op, cls, reactor, first) op_init_named(op, cls, reactor, first, #first)
void op_init_named(struct op *op, const struct op_class *cls, struct reactor *r,
		   op_step *first, const char *step_name);
/* Starts a root: its first step is queued. on_end comes from the queue. */
void op_start(struct op *op, void (*on_end)(struct op *op));
/* From now on; at most one per op, a second call replaces it. 0 or negative
 * ms is a deadline that has passed. */
void op_set_deadline(struct op *op, int64_t ms);
/* Ms that the nearest deadline of op and its ancestors leaves, INT64_MAX when none. */
int64_t op_time_left(const struct op *op);

/* Verdicts; for the return statement of a step. */
#define op_next(op, next) op_next_named(op, next, #next)
enum op_verdict op_next_named(struct op *op, op_step *next, const char *name);
/* Starts child; `next` runs when all children have ended. The child may have
 * failed: look at child->err (op_fail_as passes it on). */
#define op_await(op, child, next) op_await_named(op, child, next, #next)
enum op_verdict op_await_named(struct op *op, struct op *child, op_step *next,
			       const char *name);
/* op_spawn starts one child of several; op_join waits for all of them. */
void op_spawn(struct op *op, struct op *child);
#define op_join(op, next) op_join_named(op, next, #next)
enum op_verdict op_join_named(struct op *op, op_step *next, const char *name);

enum op_verdict op_fail(struct op *op, enum grpc_code code, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* Takes over err (which becomes unset). */
enum op_verdict op_fail_err(struct op *op, struct err *err);
/* Takes over from's error, "<text>: " put before it. fmt may be NULL. */
enum op_verdict op_fail_as(struct op *op, struct op *from, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* A leaf is through; set op->err before for a failure. Once only, ever; the end
 * itself is queued. */
void op_finish(struct op *op);
int op_err(struct op *op, enum grpc_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Ends the tree below op early with code and text, from the leaves up. No-op on
 * an op that ends or has ended, or was cancelled before. */
void op_cancel(struct op *op, enum grpc_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A shield set or lifted inside a step; lifting it lets a cancel that waited
 * take effect at the next turn. */
void op_shield(struct op *op, bool on);

bool op_active(const struct op *op);	/* started and not ended */
bool op_ended(const struct op *op);
bool op_failed(const struct op *op);	/* ended with an error */

/* Releases what an op that is not active holds, and its ended children. The
 * memory may be freed or initialised again after. Safe on zeroed memory. */
void op_fini(struct op *op);

/* Sleep: a leaf that ends after ms. */
struct op_sleep {
	struct op op;
	struct timer timer;
	int64_t ms;
};
void op_sleep_init(struct op_sleep *s, struct reactor *r, int64_t ms);

/* An event others fire: a leaf that waits until op_gate_open(). May be opened
 * before it is started. */
struct op_gate {
	struct op op;
	bool open;
};
void op_gate_init(struct op_gate *g, struct reactor *r, const char *what);
void op_gate_open(struct op_gate *g);

/* All trees of this reactor as indented text (one op a line: name, step, age in
 * ms, deadline left, flags, description) or as JSON. Bounded by out's limit. */
void op_dump_text(const struct reactor *r, struct buf *out);
void op_dump_json(const struct reactor *r, struct buf *out);
uint64_t op_count(const struct reactor *r);	/* active ops, all trees */

#endif
