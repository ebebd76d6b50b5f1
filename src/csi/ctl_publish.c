/* ControllerPublishVolume and ControllerUnpublishVolume: attach and detach. */
#include "csi/internal.h"

static int check_publish(const Csi__V1__ControllerPublishVolumeRequest *req, struct err *err)
{
	if (csi_require(req->volume_id, "volume_id", err) < 0 ||
	    csi_require(req->node_id, "node_id", err) < 0 ||
	    caps_check(req->volume_capability, err) < 0)
		return -1;
	if (req->readonly)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "volume %s: readonly is true, but EBS attaches for reading and "
			       "writing only", req->volume_id);
	if (caps_is_local(req->volume_id))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "volume %s: node-local volumes are not enabled", req->volume_id);
	return 0;
}

static void encode_publish(struct rpc *rpc, struct op *root)
{
	struct ebs_attach *at = container_of(root, struct ebs_attach, op);
	struct arena *a = &rpc->arena;
	Csi__V1__ControllerPublishVolumeResponse *r =
		PB_NEW(a, csi__v1__controller_publish_volume_response);
	Csi__V1__ControllerPublishVolumeResponse__PublishContextEntry *e =
		PB_NEW(a, csi__v1__controller_publish_volume_response__publish_context_entry);

	e->key = arena_str(a, CSI_PUBLISH_DEVICE);
	e->value = arena_str(a, at->device);
	r->publish_context = arena_array(a, 1, sizeof(*r->publish_context));
	r->publish_context[r->n_publish_context++] = e;
	pb_reply(rpc, &r->base);
}

void ctl_publish(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	const Csi__V1__ControllerPublishVolumeRequest *req =
		(const Csi__V1__ControllerPublishVolumeRequest *)msg;
	struct err err = {0};
	struct ebs_attach *at;

	if (check_publish(req, &err) < 0)
		return csi_fail(rpc, &err);
	at = arena_alloc(&rpc->arena, sizeof(*at));
	ebs_attach_init(at, c->ebs);
	at->volume_id = req->volume_id;
	at->node_id = req->node_id;
	rpc_run(rpc, &at->op, encode_publish);
}

/* An empty node_id is "from all nodes", for ebs_detach too. */
void ctl_unpublish(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	const Csi__V1__ControllerUnpublishVolumeRequest *req =
		(const Csi__V1__ControllerUnpublishVolumeRequest *)msg;
	struct err err = {0};
	struct ebs_detach *dt;

	if (csi_require(req->volume_id, "volume_id", &err) < 0)
		return csi_fail(rpc, &err);
	if (caps_is_local(req->volume_id))	/* attached by others, stays attached */
		return pb_reply(rpc, NULL);
	dt = arena_alloc(&rpc->arena, sizeof(*dt));
	ebs_detach_init(dt, c->ebs);
	dt->volume_id = req->volume_id;
	dt->node_id = req->node_id;
	rpc_run(rpc, &dt->op, csi_reply_empty);
}
