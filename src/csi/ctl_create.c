/* CreateVolume: request -> parameters, size, place, tags -> one ebs operation. */
#include "csi/internal.h"
#include "csi/params.h"
#include "csi/size.h"
#include "csi/topology.h"

/* Lives in the RPC's arena; the ebs operation is the root. */
struct create {
	struct ebs_create_volume cv;
	const struct csi *csi;
	const Csi__V1__CreateVolumeRequest *req;
	struct params params;
};

/* CSI forbids control characters in names, and so does EC2 in tags. */
static int check_name(const char *name, struct err *err)
{
	if (csi_require(name, "name", err) < 0)
		return -1;
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if ((*c < 0x20 && *c != '\t' && *c != '\n' && *c != '\r') || *c == 0x7f ||
		    (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "name has a control character in it");
	return 0;
}

static int check_source(const Csi__V1__CreateVolumeRequest *req, struct err *err)
{
	const Csi__V1__VolumeContentSource *s = req->volume_content_source;

	if (!s)
		return 0;
	if (s->type_case == CSI__V1__VOLUME_CONTENT_SOURCE__TYPE__NOT_SET)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "volume_content_source names neither a snapshot nor a volume");
	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "volume_content_source: volumes cannot be made from a %s",
		       s->type_case == CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT ?
		       "snapshot" : "volume");
}

static int read_params(struct create *cr, struct arena *a, struct err *err)
{
	const Csi__V1__CreateVolumeRequest *req = cr->req;
	struct params *p = &cr->params;

	if (params_read_class(p, a, (void *const *)req->parameters, req->n_parameters, err) < 0 ||
	    params_read_mutable(p, a, (void *const *)req->mutable_parameters,
				req->n_mutable_parameters, err) < 0)
		return -1;
	cr->cv.multi_attach = caps_want_multi_attach(req->volume_capabilities,
						     req->n_volume_capabilities);
	if (params_check(p, cr->cv.multi_attach, err) < 0)
		return -1;
	return params_check_format(p, req->volume_capabilities, req->n_volume_capabilities, err);
}

static int read_size(struct create *cr, struct err *err)
{
	const Csi__V1__CapacityRange *r = cr->req->capacity_range;
	struct size_range range = {0};

	if (r) {
		range.required = r->required_bytes;
		range.limit = r->limit_bytes;
	}
	return size_choose(r ? &range : NULL, &cr->cv.size_gib, err);
}

static int read_place(struct create *cr, struct arena *a, struct err *err)
{
	struct topology_terms terms;

	if (topology_terms(a, cr->csi->driver, cr->req->accessibility_requirements, &terms,
			   err) < 0)
		return -1;
	cr->cv.terms = terms.v;
	cr->cv.n_terms = terms.n;
	return 0;
}

/* In the order of the specification: which complaint wins is part of it. */
static int read_request(struct create *cr, struct arena *a, struct err *err)
{
	const Csi__V1__CreateVolumeRequest *req = cr->req;

	if (check_name(req->name, err) < 0 ||
	    caps_check_all(req->volume_capabilities, req->n_volume_capabilities, err) < 0 ||
	    read_size(cr, err) < 0 || read_params(cr, a, err) < 0 ||
	    size_check_type(cr->params.type, cr->cv.size_gib, err) < 0 ||
	    check_source(req, err) < 0 || read_place(cr, a, err) < 0)
		return -1;
	return tags_of_volume(&cr->csi->tags, a, req->name, &cr->params, &cr->cv.tags, err);
}

static void fill(struct create *cr)
{
	struct ebs_create_volume *cv = &cr->cv;
	const struct params *p = &cr->params;

	cv->name = cr->req->name;
	cv->type = p->type;
	cv->iops = p->iops;
	cv->iops_per_gb = p->iops_per_gb;
	cv->allow_iops_increase = p->allow_iops_increase;
	cv->throughput = p->throughput;
	cv->kms_key_id = p->kms_key_id;
	cv->encrypted = p->encrypted == YES || p->kms_key_id ? YES : NO;
}

static void set_context(struct create *cr, struct arena *a, Csi__V1__Volume *v)
{
	void **entries = arena_array(a, PARAMS_CONTEXT_MAX, sizeof(*entries));

	v->n_volume_context = params_to_context(
		&cr->params, a, &csi__v1__volume__volume_context_entry__descriptor, entries);
	v->volume_context = (Csi__V1__Volume__VolumeContextEntry **)entries;
}

static void encode(struct rpc *rpc, struct op *root)
{
	struct create *cr = container_of(root, struct create, cv.op);
	struct arena *a = &rpc->arena;
	Csi__V1__CreateVolumeResponse *r = PB_NEW(a, csi__v1__create_volume_response);
	Csi__V1__Volume *v = PB_NEW(a, csi__v1__volume);

	r->volume = v;
	v->volume_id = arena_str(a, cr->cv.volume_id);
	v->capacity_bytes = cr->cv.got_size_gib * SIZE_GIB;
	v->accessible_topology = arena_array(a, 1, sizeof(*v->accessible_topology));
	v->accessible_topology[v->n_accessible_topology++] =
		topology_of_volume(a, cr->csi->driver, cr->cv.zone, cr->cv.outpost_arn);
	set_context(cr, a, v);
	pb_reply(rpc, &r->base);
}

void ctl_create_volume(struct csi *c, struct rpc *rpc, const ProtobufCMessage *req)
{
	struct create *cr = arena_alloc(&rpc->arena, sizeof(*cr));
	struct err err = {0};

	ebs_create_volume_init(&cr->cv, c->ebs);
	cr->csi = c;
	cr->req = (const Csi__V1__CreateVolumeRequest *)req;
	if (read_request(cr, &rpc->arena, &err) < 0) {
		op_fini(&cr->cv.op);
		return csi_fail(rpc, &err);
	}
	fill(cr);
	rpc_run(rpc, &cr->cv.op, encode);
}
