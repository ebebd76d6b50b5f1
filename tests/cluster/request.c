#include "request.h"

#include "csi/csi.pb-c.h"
#include "csi/pb.h"
#include "csi/size.h"

#define MODE_SINGLE_WRITER CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER
#define MODE_MULTI_WRITER CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__MULTI_NODE_MULTI_WRITER

static Csi__V1__VolumeCapability *capability(const struct life *l, struct arena *a)
{
	Csi__V1__VolumeCapability *c = PB_NEW(a, csi__v1__volume_capability);

	c->access_mode = PB_NEW(a, csi__v1__volume_capability__access_mode);
	if (l->multi) {
		c->access_mode->mode = MODE_MULTI_WRITER;
		c->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
		c->block = PB_NEW(a, csi__v1__volume_capability__block_volume);
		return c;
	}
	c->access_mode->mode = MODE_SINGLE_WRITER;
	c->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	c->mount = PB_NEW(a, csi__v1__volume_capability__mount_volume);
	c->mount->fs_type = arena_str(a, "ext4");
	return c;
}

static Csi__V1__TopologyRequirement *topology(const struct life *l, struct arena *a)
{
	Csi__V1__TopologyRequirement *r = PB_NEW(a, csi__v1__topology_requirement);
	Csi__V1__Topology *t = PB_NEW(a, csi__v1__topology);
	Csi__V1__Topology__SegmentsEntry *e = PB_NEW(a, csi__v1__topology__segments_entry);

	e->key = arena_str(a, "topology.kubernetes.io/zone");
	e->value = arena_str(a, l->zone);
	t->segments = arena_array(a, 1, sizeof(*t->segments));
	t->segments[t->n_segments++] = e;
	r->requisite = arena_array(a, 1, sizeof(*r->requisite));
	r->requisite[r->n_requisite++] = t;
	return r;
}

static void param(Csi__V1__CreateVolumeRequest *r, struct arena *a, const char *key,
		  const char *value)
{
	Csi__V1__CreateVolumeRequest__ParametersEntry *e =
		PB_NEW(a, csi__v1__create_volume_request__parameters_entry);

	e->key = arena_str(a, key);
	e->value = arena_str(a, value);
	r->parameters[r->n_parameters++] = e;
}

static const ProtobufCMessage *create(const struct life *l, struct arena *a)
{
	Csi__V1__CreateVolumeRequest *r = PB_NEW(a, csi__v1__create_volume_request);

	r->name = arena_str(a, l->name);
	r->capacity_range = PB_NEW(a, csi__v1__capacity_range);
	r->capacity_range->required_bytes = l->size_gib * SIZE_GIB;
	r->volume_capabilities = arena_array(a, 1, sizeof(*r->volume_capabilities));
	r->volume_capabilities[r->n_volume_capabilities++] = capability(l, a);
	if (l->zone)
		r->accessibility_requirements = topology(l, a);
	r->parameters = arena_array(a, 2, sizeof(*r->parameters));
	param(r, a, "type", l->multi ? "io2" : "gp3");
	if (l->multi)
		param(r, a, "iops", "100");
	return &r->base;
}

static const ProtobufCMessage *publish(const struct want *w, struct arena *a)
{
	Csi__V1__ControllerPublishVolumeRequest *r =
		PB_NEW(a, csi__v1__controller_publish_volume_request);

	r->volume_id = arena_str(a, w->life->volume);
	r->node_id = arena_str(a, w->node->id);
	r->volume_capability = capability(w->life, a);
	return &r->base;
}

static const ProtobufCMessage *unpublish(const struct want *w, struct arena *a)
{
	Csi__V1__ControllerUnpublishVolumeRequest *r =
		PB_NEW(a, csi__v1__controller_unpublish_volume_request);

	r->volume_id = arena_str(a, w->life->volume);
	r->node_id = arena_str(a, w->node->id);
	return &r->base;
}

static const ProtobufCMessage *remove_volume(const struct want *w, struct arena *a)
{
	Csi__V1__DeleteVolumeRequest *r = PB_NEW(a, csi__v1__delete_volume_request);

	r->volume_id = arena_str(a, w->life->volume);
	return &r->base;
}

const ProtobufCMessage *request_make(const struct want *w, struct arena *a, const char **path)
{
	switch (w->kind) {
	case RPC_CREATE:
		*path = "/csi.v1.Controller/CreateVolume";
		return create(w->life, a);
	case RPC_PUBLISH:
		*path = "/csi.v1.Controller/ControllerPublishVolume";
		return publish(w, a);
	case RPC_UNPUBLISH:
		*path = "/csi.v1.Controller/ControllerUnpublishVolume";
		return unpublish(w, a);
	default:
		*path = "/csi.v1.Controller/DeleteVolume";
		return remove_volume(w, a);
	}
}
