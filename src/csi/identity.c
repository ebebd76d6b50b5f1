/* Identity: all from memory. */
#include "csi/internal.h"

void identity_info(struct csi *c, struct rpc *rpc, const ProtobufCMessage *req)
{
	Csi__V1__GetPluginInfoResponse r = CSI__V1__GET_PLUGIN_INFO_RESPONSE__INIT;

	(void)req;
	r.name = (char *)c->driver;
	r.vendor_version = (char *)c->version;
	pb_reply(rpc, &r.base);
}

/* The same in every mode, as CSI wants it for one vendor_version. */
void identity_capabilities(struct csi *c, struct rpc *rpc, const ProtobufCMessage *req)
{
	static const Csi__V1__PluginCapability__Service__Type types[] = {
		CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__CONTROLLER_SERVICE,
		CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__VOLUME_ACCESSIBILITY_CONSTRAINTS,
	};
	Csi__V1__GetPluginCapabilitiesResponse r = CSI__V1__GET_PLUGIN_CAPABILITIES_RESPONSE__INIT;

	(void)c;
	(void)req;
	r.capabilities = arena_array(&rpc->arena, ARRAY_SIZE(types), sizeof(*r.capabilities));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		Csi__V1__PluginCapability *cap = PB_NEW(&rpc->arena, csi__v1__plugin_capability);

		cap->service = PB_NEW(&rpc->arena, csi__v1__plugin_capability__service);
		cap->service->type = types[i];
		cap->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE;
		r.capabilities[r.n_capabilities++] = cap;
	}
	pb_reply(rpc, &r.base);
}

/* Ready as soon as it answers: an EC2 that cannot be reached is told by the calls
 * that need it, and a sidecar exits when Probe fails. `ready` absent means true. */
void identity_probe(struct csi *c, struct rpc *rpc, const ProtobufCMessage *req)
{
	(void)c;
	(void)req;
	pb_reply(rpc, NULL);
}
