/* NodePublishVolume: a bind of the stage, or (raw block) find -> bind of the
 * node. */
#include "csi/node.h"

struct publish {
	struct op op;
	struct csi *csi;
	struct inflight_entry lock;
	const Csi__V1__NodePublishVolumeRequest *req;
	struct node_disk disk;
	uint32_t partition;
	const char *fs_type;
	const char *options;
	struct block_find find;
	struct block_publish_device device;
	struct block_publish_fs fs;
};

static void publish_end(struct op *op)
{
	inflight_release(&container_of(op, struct publish, op)->lock);
}

static void publish_describe(const struct op *op, struct buf *out)
{
	const struct publish *p = container_of(op, struct publish, op);

	buf_printf(out, "%s at %s", p->req->volume_id, p->req->target_path);
}

static const struct op_class publish_class = {
	.name = "NodePublishVolume",
	.end = publish_end,
	.describe = publish_describe,
};

static enum op_verdict publish_bound(struct op *op)
{
	struct publish *p = container_of(op, struct publish, op);
	bool block = caps_is_block(p->req->volume_capability);
	struct op *act = block ? &p->device.act.op : &p->fs.act.op;

	if (op_failed(act))
		return op_fail_as(op, act, NULL);
	return OP_DONE;
}

static enum op_verdict publish_found(struct op *op)
{
	struct publish *p = container_of(op, struct publish, op);
	struct block_publish_device *d = &p->device;

	if (op_failed(&p->find.op))
		return op_fail_as(op, &p->find.op, NULL);
	block_publish_device_init(d, p->csi->block);
	d->act.volume_id = p->disk.volume_id;
	d->dev = &p->find.dev;
	d->hint = p->disk.device;
	d->target = p->req->target_path;
	d->ro = p->req->readonly;
	return op_await(op, &d->act.op, publish_bound);
}

static enum op_verdict publish_device(struct op *op)
{
	struct publish *p = container_of(op, struct publish, op);

	block_find_init(&p->find, p->csi->block);
	p->find.volume_id = p->disk.volume_id;
	p->find.hint = p->disk.device;
	p->find.partition = p->partition;
	return op_await(op, &p->find.op, publish_found);
}

static enum op_verdict publish_fs(struct op *op)
{
	struct publish *p = container_of(op, struct publish, op);
	struct block_publish_fs *f = &p->fs;

	block_publish_fs_init(f, p->csi->block);
	f->act.volume_id = p->disk.volume_id;
	f->hint = p->disk.device;
	f->fs_type = p->fs_type;
	f->options = p->options;
	f->staging = p->req->staging_target_path;
	f->target = p->req->target_path;
	f->ro = p->req->readonly;
	return op_await(op, &f->act.op, publish_bound);
}

/* The staging path last: csi-sanity's requests that lack it and more expect the
 * complaint about the other. */
static int check_publish(const Csi__V1__NodePublishVolumeRequest *req, struct err *err)
{
	if (csi_require(req->volume_id, "volume_id", err) < 0 ||
	    csi_require(req->target_path, "target_path", err) < 0 ||
	    node_check_capability(req->volume_id, req->volume_capability, err) < 0)
		return -1;
	if (cstr_empty(req->staging_target_path))
		return err_set(err, GRPC_FAILED_PRECONDITION,
			       "volume %s: staging_target_path is missing; the volume has to be "
			       "staged before", req->volume_id);
	return block_check_path("target_path", req->target_path, err);
}

static int read_device(struct publish *p, struct err *err)
{
	const Csi__V1__NodePublishVolumeRequest *req = p->req;

	if (node_which_disk(req->volume_id, (void *const *)req->publish_context,
			    req->n_publish_context, &p->disk, err) < 0)
		return -1;
	return node_partition((void *const *)req->volume_context, req->n_volume_context,
			      &p->partition, err);
}

/* The stage knows its disk; publish_context only helps where disks have no serial. */
static int read_fs(struct publish *p, struct arena *a, struct err *err)
{
	const Csi__V1__NodePublishVolumeRequest *req = p->req;

	if (node_which_disk(req->volume_id, (void *const *)req->publish_context,
			    req->n_publish_context, &p->disk, NULL) < 0) {
		p->disk.volume_id = req->volume_id;
		p->disk.device = NULL;
	}
	if (node_fs_type(req->volume_capability, NULL, &p->fs_type, err) < 0 ||
	    node_mount_options(a, req->volume_capability, NULL, &p->options, err) < 0)
		return -1;
	return block_check_path("staging_target_path", req->staging_target_path, err);
}

static int read_publish(struct publish *p, struct arena *a, struct err *err)
{
	if (check_publish(p->req, err) < 0)
		return -1;
	return caps_is_block(p->req->volume_capability) ? read_device(p, err) :
							  read_fs(p, a, err);
}

void node_publish(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	struct publish *p = arena_alloc(&rpc->arena, sizeof(*p));
	struct err err = {0};

	p->csi = c;
	p->req = (const Csi__V1__NodePublishVolumeRequest *)msg;
	if (read_publish(p, &rpc->arena, &err) < 0 ||
	    inflight_take(&c->inflight, &p->lock, p->req->volume_id, p->req->target_path,
			  publish_class.name, &err) < 0)
		return csi_fail(rpc, &err);
	if (caps_is_block(p->req->volume_capability))
		op_init(&p->op, &publish_class, c->reactor, publish_device);
	else
		op_init(&p->op, &publish_class, c->reactor, publish_fs);
	rpc_run(rpc, &p->op, csi_reply_empty);
}
