/* The method table: every RPC of CSI by its descriptor, and what is built of it. */
#include <string.h>

#include "csi/internal.h"

static const struct built {
	const char *service;
	const char *method;
	csi_handler *run;
} built[] = {
	{ "csi.v1.Identity", "GetPluginInfo", identity_info },
	{ "csi.v1.Identity", "GetPluginCapabilities", identity_capabilities },
	{ "csi.v1.Identity", "Probe", identity_probe },
	{ "csi.v1.Controller", "ControllerGetCapabilities", ctl_capabilities },
	{ "csi.v1.Controller", "CreateVolume", ctl_create_volume },
	{ "csi.v1.Controller", "DeleteVolume", ctl_delete_volume },
	{ "csi.v1.Controller", "ControllerPublishVolume", ctl_publish },
	{ "csi.v1.Controller", "ControllerUnpublishVolume", ctl_unpublish },
	{ "csi.v1.Controller", "ValidateVolumeCapabilities", ctl_validate },
	{ "csi.v1.Node", "NodeGetCapabilities", node_capabilities },
	{ "csi.v1.Node", "NodeGetInfo", node_info },
	{ "csi.v1.Node", "NodeStageVolume", node_stage },
	{ "csi.v1.Node", "NodeUnstageVolume", node_unstage },
	{ "csi.v1.Node", "NodePublishVolume", node_publish },
	{ "csi.v1.Node", "NodeUnpublishVolume", node_unpublish },
	{ "csi.v1.Node", "NodeGetVolumeStats", node_stats },
};

static const struct {
	const ProtobufCServiceDescriptor *desc;
	unsigned int mode;	/* any of them; 0: always */
} services[] = {
	{ &csi__v1__identity__descriptor, 0 },
	{ &csi__v1__controller__descriptor, CSI_CONTROLLER },
	{ &csi__v1__group_controller__descriptor, 0 },
	{ &csi__v1__snapshot_metadata__descriptor, 0 },
	{ &csi__v1__node__descriptor, CSI_NODE },
};

/* A method of the table with its csi. */
struct csi_bound {
	struct csi *csi;
	const ProtobufCMessageDescriptor *input;
	csi_handler *run;	/* NULL: not built */
	unsigned int mode;
};

void csi_fail(struct rpc *rpc, struct err *err)
{
	rpc_fail(rpc, err);
	err_fini(err);
}

int csi_require(const char *s, const char *field, struct err *err)
{
	if (!cstr_empty(s))
		return 0;
	return err_set(err, GRPC_INVALID_ARGUMENT, "%s is missing", field);
}

void csi_reply_empty(struct rpc *rpc, struct op *root)
{
	(void)root;
	pb_reply(rpc, NULL);
}

static const char *mode_name(enum csi_mode mode)
{
	return mode == CSI_ALL ? "all" : mode == CSI_NODE ? "node" : "controller";
}

static void on_message(struct rpc *rpc, struct str msg)
{
	const struct csi_bound *b = rpc->method->ctx;
	struct err err = {0};
	ProtobufCMessage *req;

	if (!b->run) {
		err_set(&err, GRPC_UNIMPLEMENTED, "%s is not supported by this driver",
			rpc->method->path);
		return csi_fail(rpc, &err);
	}
	if (b->mode && !(b->csi->mode & b->mode)) {
		err_set(&err, GRPC_UNIMPLEMENTED, "%s is not served in mode %s",
			rpc->method->path, mode_name(b->csi->mode));
		return csi_fail(rpc, &err);
	}
	req = pb_unpack(&rpc->arena, b->input, msg, &err);
	if (!req)
		return csi_fail(rpc, &err);
	b->run(b->csi, rpc, req);
}

static csi_handler *find_built(const char *service, const char *method)
{
	for (size_t i = 0; i < ARRAY_SIZE(built); i++)
		if (strcmp(built[i].service, service) == 0 &&
		    strcmp(built[i].method, method) == 0)
			return built[i].run;
	return NULL;
}

static void add_method(struct csi *c, const ProtobufCServiceDescriptor *s,
		       const ProtobufCMethodDescriptor *m, unsigned int mode)
{
	struct rpc_method *method = &c->methods[c->n_methods++];
	struct csi_bound *b = arena_alloc(&c->arena, sizeof(*b));

	*b = (struct csi_bound){ c, m->input, find_built(s->name, m->name), mode };
	method->path = arena_printf(&c->arena, "/%s/%s", s->name, m->name);
	method->message = on_message;
	method->unlisted = !b->run || (mode && !(c->mode & mode));
	method->ctx = b;
}

static void build_methods(struct csi *c)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		n += services[i].desc->n_methods;
	c->methods = arena_array(&c->arena, n, sizeof(*c->methods));
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		for (unsigned int k = 0; k < services[i].desc->n_methods; k++)
			add_method(c, services[i].desc, &services[i].desc->methods[k],
				   services[i].mode);
}

const struct rpc_method *csi_methods(struct csi *c, size_t *n)
{
	*n = c->n_methods;
	return c->methods;
}

static int check_options(const struct csi_options *opt, struct err *err)
{
	if ((opt->mode & CSI_CONTROLLER) && !opt->ebs)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the controller service needs an EC2 connection");
	if ((opt->mode & CSI_NODE) && !opt->block)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the node service needs access to block devices");
	return 0;
}

static int set_up_node(struct csi *c, const struct csi_options *opt, struct err *err)
{
	if (!(opt->mode & CSI_NODE))
		return 0;
	c->metadata = metadata_new(opt->reactor, opt->imds, opt->metadata_sources, err);
	return c->metadata ? 0 : -1;
}

struct csi *csi_new(const struct csi_options *opt, struct err *err)
{
	struct csi *c;

	if (check_options(opt, err) < 0)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->reactor = opt->reactor;
	c->mode = opt->mode;
	c->ebs = opt->ebs;
	c->block = opt->block;
	c->volume_attach_limit = opt->volume_attach_limit;
	c->reserved_attachments = opt->reserved_attachments;
	c->legacy_xfs = opt->legacy_xfs;
	c->driver = arena_str(&c->arena, cstr_or(opt->driver_name, CSI_DRIVER_NAME));
	c->version = arena_str(&c->arena, cstr_or(opt->vendor_version, "unknown"));
	c->tags.driver = c->driver;
	c->tags.cluster_id = arena_str(&c->arena, opt->cluster_id);
	c->tags.warn_only = opt->warn_on_invalid_tag;
	inflight_init(&c->inflight, opt->reactor);
	build_methods(c);
	if (tags_parse_extra(&c->tags, &c->arena, opt->extra_tags, err) < 0 ||
	    set_up_node(c, opt, err) < 0) {
		csi_free(c);
		return NULL;
	}
	return c;
}

void csi_free(struct csi *c)
{
	if (!c)
		return;
	metadata_free(c->metadata);
	inflight_fini(&c->inflight);
	arena_fini(&c->arena);
	free(c);
}
