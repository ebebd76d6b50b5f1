/* NodeGetInfo: who this node is, where, and how many volumes it may have. */
#include "csi/node.h"
#include "csi/topology.h"
#include "ebs/limits.h"

struct info {
	struct metadata_get get;
	const struct csi *csi;
};

static int64_t most_volumes(const struct csi *c, const struct metadata_info *m)
{
	struct ebs_limits_input in = {
		.instance_type = m->instance_type,
		.attach_limit = c->volume_attach_limit < 0 ? EBS_LIMIT_UNSET :
							     c->volume_attach_limit,
		.reserved = c->reserved_attachments < 0 ? EBS_LIMIT_UNSET :
							  c->reserved_attachments,
		.extra_volumes = m->volumes,
		.enis = m->interfaces,
	};

	return ebs_limits_max_volumes(&in);
}

static void encode(struct rpc *rpc, struct op *root)
{
	struct info *i = container_of(root, struct info, get.op);
	const struct metadata_info *m = metadata_info(i->csi->metadata);
	Csi__V1__NodeGetInfoResponse *r = PB_NEW(&rpc->arena, csi__v1__node_get_info_response);

	r->node_id = arena_str(&rpc->arena, m->instance_id);
	r->max_volumes_per_node = most_volumes(i->csi, m);
	r->accessible_topology = topology_of_node(&rpc->arena, i->csi->driver, m->zone,
						  m->outpost_arn);
	pb_reply(rpc, &r->base);
}

void node_info(struct csi *c, struct rpc *rpc, const ProtobufCMessage *req)
{
	struct info *i = arena_alloc(&rpc->arena, sizeof(*i));

	(void)req;
	i->csi = c;
	metadata_get_init(&i->get, c->metadata);
	rpc_run(rpc, &i->get.op, encode);
}
