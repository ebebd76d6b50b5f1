/* Operation trees for people and for programs. */
#include <inttypes.h>

#include "base/encode.h"
#include "reactor/internal.h"
#include "reactor/op.h"

static const char *state_name(const struct op *op)
{
	static const char *const names[] = {
		[OP_IDLE] = "idle", [OP_QUEUED] = "queued", [OP_RUNNING] = "running",
		[OP_WAITING] = "waiting", [OP_ENDING] = "ending", [OP_ENDED] = "ended",
	};

	return names[op->state];
}

static int64_t age(const struct op *op)
{
	return reactor_now(op->reactor) - op->started;
}

static void text_one(const struct op *op, int depth, struct buf *out)
{
	buf_printf(out, "%*s%s %s %s %" PRId64 "ms", depth * 2, "", op->cls->name,
		   op->step_name, state_name(op), age(op));
	if (timer_armed(&op->deadline))
		buf_printf(out, " left=%" PRId64 "ms",
			   op->deadline.at - reactor_now(op->reactor));
	if (op->shielded)
		buf_adds(out, " shielded");
	if (op->cancelled)
		buf_printf(out, " cancelled=\"%s\"", err_msg(&op->cancel_err));
	if (op->cls->describe) {
		buf_adds(out, " ");
		op->cls->describe(op, out);
	}
	buf_adds(out, "\n");
	list_for_each(l, &op->children) {
		const struct op *child = list_entry(l, struct op, sibling);

		if (op_active(child))
			text_one(child, depth + 1, out);
	}
}

void op_dump_text(const struct reactor *r, struct buf *out)
{
	list_for_each(l, reactor_roots(r))
		text_one(list_entry(l, struct op, sibling), 0, out);
}

static void json_one(const struct op *op, struct buf *out);

static void json_children(const struct op *op, struct buf *out)
{
	const char *sep = "";

	buf_adds(out, ",\"children\":[");
	list_for_each(l, &op->children) {
		const struct op *child = list_entry(l, struct op, sibling);

		if (!op_active(child))
			continue;
		buf_adds(out, sep);
		sep = ",";
		json_one(child, out);
	}
	buf_adds(out, "]");
}

static void json_one(const struct op *op, struct buf *out)
{
	struct buf what;

	buf_init(&what, 4096);
	if (op->cls->describe)
		op->cls->describe(op, &what);
	buf_printf(out, "{\"op\":\"%s\",\"step\":\"%s\",\"state\":\"%s\",\"age_ms\":%" PRId64,
		   op->cls->name, op->step_name, state_name(op), age(op));
	if (timer_armed(&op->deadline))
		buf_printf(out, ",\"left_ms\":%" PRId64,
			   op->deadline.at - reactor_now(op->reactor));
	buf_printf(out, ",\"shielded\":%s,\"cancelled\":%s,\"what\":",
		   op->shielded ? "true" : "false", op->cancelled ? "true" : "false");
	encode_json(out, buf_view(&what));
	buf_fini(&what);
	json_children(op, out);
	buf_adds(out, "}");
}

void op_dump_json(const struct reactor *r, struct buf *out)
{
	const char *sep = "";

	buf_adds(out, "[");
	list_for_each(l, reactor_roots(r)) {
		buf_adds(out, sep);
		sep = ",";
		json_one(list_entry(l, struct op, sibling), out);
	}
	buf_adds(out, "]\n");
}

static uint64_t count(const struct op *op)
{
	uint64_t n = 1;

	list_for_each(l, &op->children) {
		const struct op *child = list_entry(l, struct op, sibling);

		if (op_active(child))
			n += count(child);
	}
	return n;
}

uint64_t op_count(const struct reactor *r)
{
	uint64_t n = 0;

	list_for_each(l, reactor_roots(r))
		n += count(list_entry(l, struct op, sibling));
	return n;
}
