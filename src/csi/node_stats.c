/* NodeGetVolumeStats, and what this node service can do. */
#include <inttypes.h>

#include "csi/node.h"

static void add_usage(struct arena *a, Csi__V1__NodeGetVolumeStatsResponse *r,
		      Csi__V1__VolumeUsage__Unit unit, uint64_t total, uint64_t used,
		      uint64_t available)
{
	Csi__V1__VolumeUsage *u = PB_NEW(a, csi__v1__volume_usage);

	u->unit = unit;
	u->total = (int64_t)total;
	u->used = (int64_t)used;
	u->available = (int64_t)available;
	r->usage[r->n_usage++] = u;
}

static bool too_large(const struct block_stats *s)
{
	return s->bytes_total > INT64_MAX || s->bytes_used > INT64_MAX ||
	       s->bytes_available > INT64_MAX || s->inodes_total > INT64_MAX;
}

static void encode(struct rpc *rpc, struct op *root)
{
	struct block_stats *s = container_of(root, struct block_stats, act.op);
	struct arena *a = &rpc->arena;
	Csi__V1__NodeGetVolumeStatsResponse *r = PB_NEW(a, csi__v1__node_get_volume_stats_response);
	struct err err = {0};

	if (too_large(s)) {
		err_set(&err, GRPC_INTERNAL,
			"volume %s at %s: the file system reports %" PRIu64 " bytes and %" PRIu64
			" inodes, more than can be answered", s->act.volume_id, s->path,
			s->bytes_total, s->inodes_total);
		return csi_fail(rpc, &err);
	}
	r->usage = arena_array(a, 2, sizeof(*r->usage));
	add_usage(a, r, CSI__V1__VOLUME_USAGE__UNIT__BYTES, s->bytes_total, s->bytes_used,
		  s->bytes_available);
	if (!s->is_device && s->inodes_total)	/* some file systems count none */
		add_usage(a, r, CSI__V1__VOLUME_USAGE__UNIT__INODES, s->inodes_total,
			  s->inodes_used, s->inodes_available);
	pb_reply(rpc, &r->base);
}

/* Nothing is mounted at what is no absolute path: not found, rather than wrong. */
static int check(const Csi__V1__NodeGetVolumeStatsRequest *req, struct err *err)
{
	if (csi_require(req->volume_id, "volume_id", err) < 0 ||
	    csi_require(req->volume_path, "volume_path", err) < 0)
		return -1;
	if (block_check_path("volume_path", req->volume_path, err) < 0) {
		if (err)
			err->code = GRPC_NOT_FOUND;
		return err_prefix(err, "volume %s is not at this path", req->volume_id);
	}
	return 0;
}

/* No lock: measuring disturbs nobody. */
void node_stats(struct csi *c, struct rpc *rpc, const ProtobufCMessage *msg)
{
	const Csi__V1__NodeGetVolumeStatsRequest *req =
		(const Csi__V1__NodeGetVolumeStatsRequest *)msg;
	struct block_stats *s;
	struct err err = {0};

	if (check(req, &err) < 0)
		return csi_fail(rpc, &err);
	s = arena_alloc(&rpc->arena, sizeof(*s));
	block_stats_init(s, c->block);
	s->act.volume_id = req->volume_id;
	s->path = req->volume_path;
	rpc_run(rpc, &s->act.op, encode);
}

void node_capabilities(struct csi *c, struct rpc *rpc, const ProtobufCMessage *req)
{
	static const Csi__V1__NodeServiceCapability__RPC__Type types[] = {
		CSI__V1__NODE_SERVICE_CAPABILITY__RPC__TYPE__STAGE_UNSTAGE_VOLUME,
		CSI__V1__NODE_SERVICE_CAPABILITY__RPC__TYPE__GET_VOLUME_STATS,
	};
	Csi__V1__NodeGetCapabilitiesResponse r = CSI__V1__NODE_GET_CAPABILITIES_RESPONSE__INIT;

	(void)c;
	(void)req;
	r.capabilities = arena_array(&rpc->arena, ARRAY_SIZE(types), sizeof(*r.capabilities));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		Csi__V1__NodeServiceCapability *cap =
			PB_NEW(&rpc->arena, csi__v1__node_service_capability);

		cap->rpc = PB_NEW(&rpc->arena, csi__v1__node_service_capability__rpc);
		cap->rpc->type = types[i];
		cap->type_case = CSI__V1__NODE_SERVICE_CAPABILITY__TYPE_RPC;
		r.capabilities[r.n_capabilities++] = cap;
	}
	pb_reply(rpc, &r.base);
}
