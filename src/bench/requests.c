#include "bench/requests.h"

#include "csi/csi.pb-c.h"
#include "csi/pb.h"

#define ZONE_KEY "topology.kubernetes.io/zone"
#define MODE CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER

static void pack(struct buf *out, const ProtobufCMessage *m)
{
	size_t n = protobuf_c_message_get_packed_size(m);
	auto_free uint8_t *bytes = xmalloc(n + 1);

	protobuf_c_message_pack(m, bytes);
	buf_add(out, bytes, n);
}

/* A file system of ext4 for one writer. Points into itself: not to be copied. */
struct capability {
	Csi__V1__VolumeCapability__MountVolume mount;
	Csi__V1__VolumeCapability__AccessMode mode;
	Csi__V1__VolumeCapability cap;
	Csi__V1__VolumeCapability *list[1];
};

static void capability_init(struct capability *c)
{
	csi__v1__volume_capability__mount_volume__init(&c->mount);
	csi__v1__volume_capability__access_mode__init(&c->mode);
	csi__v1__volume_capability__init(&c->cap);
	c->mount.fs_type = (char *)"ext4";
	c->mode.mode = MODE;
	c->cap.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	c->cap.mount = &c->mount;
	c->cap.access_mode = &c->mode;
	c->list[0] = &c->cap;
}

static void add_parameters(struct arena *a, Csi__V1__CreateVolumeRequest *r,
			   const struct bench_options *o)
{
	r->parameters = arena_array(a, o->n_parameters, sizeof(*r->parameters));
	for (size_t i = 0; i < o->n_parameters; i++) {
		Csi__V1__CreateVolumeRequest__ParametersEntry *e =
			PB_NEW(a, csi__v1__create_volume_request__parameters_entry);

		e->key = (char *)o->parameters[i].key;
		e->value = (char *)o->parameters[i].value;
		r->parameters[r->n_parameters++] = e;
	}
}

void request_create(struct buf *out, const struct bench_options *o, const char *name,
		    const char *zone)
{
	Csi__V1__CreateVolumeRequest r = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
	Csi__V1__CapacityRange range = CSI__V1__CAPACITY_RANGE__INIT;
	Csi__V1__Topology__SegmentsEntry e = CSI__V1__TOPOLOGY__SEGMENTS_ENTRY__INIT,
					 *segments[] = { &e };
	Csi__V1__Topology term = CSI__V1__TOPOLOGY__INIT, *terms[] = { &term };
	Csi__V1__TopologyRequirement where = CSI__V1__TOPOLOGY_REQUIREMENT__INIT;
	struct capability cap;
	struct arena a = {0};

	capability_init(&cap);
	e.key = (char *)ZONE_KEY;
	e.value = (char *)zone;
	term.n_segments = 1;
	term.segments = segments;
	where.n_requisite = where.n_preferred = 1;
	where.requisite = where.preferred = terms;
	range.required_bytes = (int64_t)o->size_gib << 30;
	r.name = (char *)name;
	r.capacity_range = &range;
	r.n_volume_capabilities = 1;
	r.volume_capabilities = cap.list;
	r.accessibility_requirements = zone ? &where : NULL;
	add_parameters(&a, &r, o);
	pack(out, &r.base);
	arena_fini(&a);
}

void request_publish(struct buf *out, const char *volume, const char *node)
{
	Csi__V1__ControllerPublishVolumeRequest r = CSI__V1__CONTROLLER_PUBLISH_VOLUME_REQUEST__INIT;
	struct capability cap;

	capability_init(&cap);
	r.volume_id = (char *)volume;
	r.node_id = (char *)node;
	r.volume_capability = &cap.cap;
	pack(out, &r.base);
}

void request_unpublish(struct buf *out, const char *volume, const char *node)
{
	Csi__V1__ControllerUnpublishVolumeRequest r =
		CSI__V1__CONTROLLER_UNPUBLISH_VOLUME_REQUEST__INIT;

	r.volume_id = (char *)volume;
	r.node_id = (char *)node;
	pack(out, &r.base);
}

void request_delete(struct buf *out, const char *volume)
{
	Csi__V1__DeleteVolumeRequest r = CSI__V1__DELETE_VOLUME_REQUEST__INIT;

	r.volume_id = (char *)volume;
	pack(out, &r.base);
}

/* ---- the node ---- */

/* What ControllerPublishVolume said, as the map field of another message; its
 * entries are laid out alike everywhere. */
static void **context_of(struct arena *a, struct str published,
			 const ProtobufCMessageDescriptor *entry, size_t *n)
{
	Csi__V1__ControllerPublishVolumeResponse *p = (Csi__V1__ControllerPublishVolumeResponse *)
		pb_unpack(a, &csi__v1__controller_publish_volume_response__descriptor,
			  published, NULL);
	void **list;

	*n = p ? p->n_publish_context : 0;
	list = arena_array(a, *n + 1, sizeof(*list));
	for (size_t i = 0; i < *n; i++) {
		struct pb_entry *e = pb_new(a, entry);

		e->key = p->publish_context[i]->key;
		e->value = p->publish_context[i]->value;
		list[i] = e;
	}
	return list;
}

void request_stage(struct buf *out, const char *volume, struct str published,
		   const char *staging)
{
	Csi__V1__NodeStageVolumeRequest r = CSI__V1__NODE_STAGE_VOLUME_REQUEST__INIT;
	struct capability cap;
	struct arena a = {0};

	capability_init(&cap);
	r.volume_id = (char *)volume;
	r.staging_target_path = (char *)staging;
	r.volume_capability = &cap.cap;
	r.publish_context = (void *)context_of(
		&a, published, &csi__v1__node_stage_volume_request__publish_context_entry__descriptor,
		&r.n_publish_context);
	pack(out, &r.base);
	arena_fini(&a);
}

void request_node_publish(struct buf *out, const char *volume, struct str published,
			  const char *staging, const char *target)
{
	Csi__V1__NodePublishVolumeRequest r = CSI__V1__NODE_PUBLISH_VOLUME_REQUEST__INIT;
	struct capability cap;
	struct arena a = {0};

	capability_init(&cap);
	r.volume_id = (char *)volume;
	r.staging_target_path = (char *)staging;
	r.target_path = (char *)target;
	r.volume_capability = &cap.cap;
	r.publish_context = (void *)context_of(
		&a, published,
		&csi__v1__node_publish_volume_request__publish_context_entry__descriptor,
		&r.n_publish_context);
	pack(out, &r.base);
	arena_fini(&a);
}

void request_node_unpublish(struct buf *out, const char *volume, const char *target)
{
	Csi__V1__NodeUnpublishVolumeRequest r = CSI__V1__NODE_UNPUBLISH_VOLUME_REQUEST__INIT;

	r.volume_id = (char *)volume;
	r.target_path = (char *)target;
	pack(out, &r.base);
}

void request_unstage(struct buf *out, const char *volume, const char *staging)
{
	Csi__V1__NodeUnstageVolumeRequest r = CSI__V1__NODE_UNSTAGE_VOLUME_REQUEST__INIT;

	r.volume_id = (char *)volume;
	r.staging_target_path = (char *)staging;
	pack(out, &r.base);
}

char *answer_volume_id(const struct buf *response)
{
	Csi__V1__CreateVolumeResponse *r = csi__v1__create_volume_response__unpack(
		NULL, response->len, (const uint8_t *)response->data);
	char *id = r && r->volume && r->volume->volume_id[0] ? xstrdup(r->volume->volume_id) : NULL;

	if (r)
		csi__v1__create_volume_response__free_unpacked(r, NULL);
	return id;
}
