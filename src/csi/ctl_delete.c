/* DeleteVolume, and what this controller can do. */
#include "csi/internal.h"

void ctl_delete_volume(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	const Csi__V1__DeleteVolumeRequest *req = (const Csi__V1__DeleteVolumeRequest *)msg;
	struct ebs_delete_volume *dv;
	struct err err = {0};

	if (csi_require(req->volume_id, "volume_id", &err) < 0)
		return csi_fail(rpc, &err);
	if (caps_is_local(req->volume_id))	/* never ours to delete */
		return pb_reply(rpc, NULL);
	dv = arena_alloc(&rpc->arena, sizeof(*dv));
	ebs_delete_volume_init(dv, c->ebs);
	dv->volume_id = req->volume_id;
	rpc_run(rpc, &dv->op, csi_reply_empty);
}

void ctl_capabilities(struct csi *c, struct rpc *rpc, const ProtobufCMessage *req)
{
	static const Csi__V1__ControllerServiceCapability__RPC__Type types[] = {
		CSI__V1__CONTROLLER_SERVICE_CAPABILITY__RPC__TYPE__CREATE_DELETE_VOLUME,
		CSI__V1__CONTROLLER_SERVICE_CAPABILITY__RPC__TYPE__PUBLISH_UNPUBLISH_VOLUME,
	};
	Csi__V1__ControllerGetCapabilitiesResponse r =
		CSI__V1__CONTROLLER_GET_CAPABILITIES_RESPONSE__INIT;

	(void)c;
	(void)req;
	r.capabilities = arena_array(&rpc->arena, ARRAY_SIZE(types), sizeof(*r.capabilities));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		Csi__V1__ControllerServiceCapability *cap =
			PB_NEW(&rpc->arena, csi__v1__controller_service_capability);

		cap->rpc = PB_NEW(&rpc->arena, csi__v1__controller_service_capability__rpc);
		cap->rpc->type = types[i];
		cap->type_case = CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC;
		r.capabilities[r.n_capabilities++] = cap;
	}
	pb_reply(rpc, &r.base);
}
