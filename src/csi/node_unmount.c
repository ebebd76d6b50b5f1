/* NodeUnstageVolume and NodeUnpublishVolume: one act each. */
#include "csi/node.h"

struct unmount {
	struct op op;
	struct csi *csi;
	struct inflight_entry lock;	/* held until the act has ended */
	struct block_unmount act;
	const char *volume_id;		/* as the request has it */
	const char *target;
};

static void unmount_end(struct op *op)
{
	inflight_release(&container_of(op, struct unmount, op)->lock);
}

static void unmount_describe(const struct op *op, struct buf *out)
{
	const struct unmount *u = container_of(op, struct unmount, op);

	buf_printf(out, "%s at %s", u->volume_id, u->target);
}

static const struct op_class unstage_class = {
	.name = "NodeUnstageVolume",
	.end = unmount_end,
	.describe = unmount_describe,
};

static const struct op_class unpublish_class = {
	.name = "NodeUnpublishVolume",
	.end = unmount_end,
	.describe = unmount_describe,
};

static enum op_verdict unmount_done(struct op *op)
{
	struct unmount *u = container_of(op, struct unmount, op);

	if (op_failed(&u->act.act.op))
		return op_fail_as(op, &u->act.act.op, NULL);
	return OP_DONE;
}

static enum op_verdict unmount_begin(struct op *op)
{
	struct unmount *u = container_of(op, struct unmount, op);

	u->act.act.volume_id = u->volume_id;
	u->act.target = u->target;
	return op_await(op, &u->act.act.op, unmount_done);
}

/* A directory that was never a mount belongs to the caller and stays. */
static enum op_verdict unstage_begin(struct op *op)
{
	struct unmount *u = container_of(op, struct unmount, op);

	block_unstage_init(&u->act, u->csi->block);
	u->act.keep_unmounted = true;
	return unmount_begin(op);
}

static enum op_verdict unpublish_begin(struct op *op)
{
	struct unmount *u = container_of(op, struct unmount, op);

	block_unpublish_init(&u->act, u->csi->block);
	return unmount_begin(op);
}

/* field: what the request calls target. path: the lock is of this target only;
 * NULL: of the whole volume. */
static void unmount_run(struct unmount *u, struct rpc *rpc, const char *field, const char *path)
{
	struct err err = {0};

	if (csi_require(u->volume_id, "volume_id", &err) < 0 ||
	    csi_require(u->target, field, &err) < 0 ||
	    block_check_path(field, u->target, &err) < 0 ||
	    inflight_take(&u->csi->inflight, &u->lock, u->volume_id, path, u->op.cls->name,
			  &err) < 0)
		return csi_fail(rpc, &err);
	rpc_run(rpc, &u->op, csi_reply_empty);
}

void node_unstage(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	const Csi__V1__NodeUnstageVolumeRequest *req = (const void *)msg;
	struct unmount *u = arena_alloc(&rpc->arena, sizeof(*u));

	op_init(&u->op, &unstage_class, c->reactor, unstage_begin);
	u->csi = c;
	u->volume_id = req->volume_id;
	u->target = req->staging_target_path;
	unmount_run(u, rpc, "staging_target_path", NULL);
}

void node_unpublish(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	const Csi__V1__NodeUnpublishVolumeRequest *req = (const void *)msg;
	struct unmount *u = arena_alloc(&rpc->arena, sizeof(*u));

	op_init(&u->op, &unpublish_class, c->reactor, unpublish_begin);
	u->csi = c;
	u->volume_id = req->volume_id;
	u->target = req->target_path;
	unmount_run(u, rpc, "target_path", u->target);
}
