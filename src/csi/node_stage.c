/* NodeStageVolume: find -> stage. */
#include "csi/node.h"
#include "csi/params.h"

struct stage {
	struct op op;
	struct csi *csi;
	struct inflight_entry lock;	/* held until the last child has ended */
	struct node_disk disk;
	uint32_t partition;
	const char *volume_id;		/* as the request has it */
	const char *target;
	const char *fs_type;
	const char *options;
	bool read_only;
	struct block_mkfs mkfs;
	struct block_find find;
	struct block_stage stage;
};

static void stage_end(struct op *op)
{
	inflight_release(&container_of(op, struct stage, op)->lock);
}

static void stage_describe(const struct op *op, struct buf *out)
{
	const struct stage *s = container_of(op, struct stage, op);

	buf_printf(out, "%s at %s", s->volume_id, s->target);
}

static const struct op_class stage_class = {
	.name = "NodeStageVolume",
	.end = stage_end,
	.describe = stage_describe,
};

static enum op_verdict stage_staged(struct op *op)
{
	struct stage *s = container_of(op, struct stage, op);

	if (op_failed(&s->stage.act.op))
		return op_fail_as(op, &s->stage.act.op, NULL);
	return OP_DONE;
}

static enum op_verdict stage_found(struct op *op)
{
	struct stage *s = container_of(op, struct stage, op);
	struct block_stage *st = &s->stage;

	if (op_failed(&s->find.op))
		return op_fail_as(op, &s->find.op, NULL);
	block_stage_init(st, s->csi->block);
	st->act.volume_id = s->disk.volume_id;
	st->dev = &s->find.dev;
	st->hint = s->disk.device;
	st->fs_type = s->fs_type;
	st->options = s->options;
	st->mkfs = s->mkfs;
	st->target = s->target;
	st->grow = !s->read_only;
	return op_await(op, &st->act.op, stage_staged);
}

static enum op_verdict stage_begin(struct op *op)
{
	struct stage *s = container_of(op, struct stage, op);

	block_find_init(&s->find, s->csi->block);
	s->find.volume_id = s->disk.volume_id;
	s->find.hint = s->disk.device;
	s->find.partition = s->partition;
	return op_await(op, &s->find.op, stage_found);
}

static int check_ids(const Csi__V1__NodeStageVolumeRequest *req, struct err *err)
{
	if (csi_require(req->volume_id, "volume_id", err) < 0 ||
	    csi_require(req->staging_target_path, "staging_target_path", err) < 0)
		return -1;
	return node_check_capability(req->volume_id, req->volume_capability, err);
}

static int read_mount(struct stage *s, struct arena *a,
		      const Csi__V1__NodeStageVolumeRequest *req, struct err *err)
{
	const Csi__V1__VolumeCapability *cap = req->volume_capability;

	params_from_context((void *const *)req->volume_context, req->n_volume_context, &s->mkfs);
	s->mkfs.legacy_xfs = s->csi->legacy_xfs;
	s->volume_id = req->volume_id;
	s->target = req->staging_target_path;
	s->read_only = node_wants_read_only(cap);
	if (node_fs_type(cap, &s->mkfs, &s->fs_type, err) < 0 ||
	    node_mount_options(a, cap, s->fs_type, &s->options, err) < 0 ||
	    block_check_path("staging_target_path", s->target, err) < 0)
		return -1;
	return node_which_disk(req->volume_id, (void *const *)req->publish_context,
			       req->n_publish_context, &s->disk, err);
}

void node_stage(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	const Csi__V1__NodeStageVolumeRequest *req = (const Csi__V1__NodeStageVolumeRequest *)msg;
	struct stage *s = arena_alloc(&rpc->arena, sizeof(*s));
	struct err err = {0};

	op_init(&s->op, &stage_class, c->reactor, stage_begin);
	s->csi = c;
	if (check_ids(req, &err) < 0 ||
	    node_partition((void *const *)req->volume_context, req->n_volume_context,
			   &s->partition, &err) < 0)
		return csi_fail(rpc, &err);
	if (caps_is_block(req->volume_capability))	/* nothing to do before the publish */
		return pb_reply(rpc, NULL);
	if (read_mount(s, &rpc->arena, req, &err) < 0 ||
	    inflight_take(&c->inflight, &s->lock, s->volume_id, NULL, stage_class.name, &err) < 0)
		return csi_fail(rpc, &err);
	rpc_run(rpc, &s->op, csi_reply_empty);
}
