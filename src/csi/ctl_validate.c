/* ValidateVolumeCapabilities: the volume must exist; what is supported of it is
 * confirmed, and why not is said where it is not. */
#include "csi/internal.h"

struct validate {
	struct ebs_describe_volume dv;
	const Csi__V1__ValidateVolumeCapabilitiesRequest *req;
};

/* A request that is not well-formed is refused; one that asks for what EBS has
 * not is answered. */
static int check_request(const Csi__V1__ValidateVolumeCapabilitiesRequest *req,
			 struct err *err)
{
	if (csi_require(req->volume_id, "volume_id", err) < 0)
		return -1;
	if (!req->n_volume_capabilities)
		return err_set(err, GRPC_INVALID_ARGUMENT, "volume_capabilities is empty");
	for (size_t i = 0; i < req->n_volume_capabilities; i++)
		if (caps_check_form(req->volume_capabilities[i], err) < 0)
			return err_prefix(err, "capability %zu of %zu", i + 1,
					  req->n_volume_capabilities);
	return 0;
}

static int supported(const struct validate *v, struct err *why)
{
	Csi__V1__VolumeCapability **caps = v->req->volume_capabilities;
	size_t n = v->req->n_volume_capabilities;

	if (caps_is_local(v->req->volume_id)) {
		for (size_t i = 0; i < n; i++)
			if (caps_check_local(caps[i], why) < 0)
				return -1;
		return 0;
	}
	if (caps_check_all(caps, n, why) < 0)
		return -1;
	if (caps_want_multi_attach(caps, n) && v->dv.volume.multi_attach_enabled != YES)
		return err_set(why, GRPC_INVALID_ARGUMENT,
			       "volume %s was not made for Multi-Attach", v->req->volume_id);
	return 0;
}

static void answer(struct rpc *rpc, const struct validate *v)
{
	struct arena *a = &rpc->arena;
	Csi__V1__ValidateVolumeCapabilitiesResponse *r =
		PB_NEW(a, csi__v1__validate_volume_capabilities_response);
	struct err why = {0};

	if (supported(v, &why) < 0) {
		r->message = arena_str(a, err_msg(&why));
		err_fini(&why);
		return pb_reply(rpc, &r->base);
	}
	r->confirmed = PB_NEW(a, csi__v1__validate_volume_capabilities_response__confirmed);
	r->confirmed->volume_capabilities = v->req->volume_capabilities;
	r->confirmed->n_volume_capabilities = v->req->n_volume_capabilities;
	pb_reply(rpc, &r->base);
}

static void encode(struct rpc *rpc, struct op *root)
{
	answer(rpc, container_of(root, struct validate, dv.op));
}

void ctl_validate(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	struct validate *v = arena_alloc(&rpc->arena, sizeof(*v));
	struct err err = {0};

	v->req = (const Csi__V1__ValidateVolumeCapabilitiesRequest *)msg;
	if (check_request(v->req, &err) < 0)
		return csi_fail(rpc, &err);
	if (caps_is_local(v->req->volume_id))
		return answer(rpc, v);
	ebs_describe_volume_init(&v->dv, c->ebs);
	v->dv.volume_id = v->req->volume_id;
	rpc_run(rpc, &v->dv.op, encode);
}
