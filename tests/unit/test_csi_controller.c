/* Controller RPCs from request bytes to reply bytes, over the simulated EC2 in
 * virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "csi/csi.h"
#include "csi/csi.pb-c.h"
#include "csi/pb.h"
#include "csi/size.h"
#include "ebs/ebs.h"
#include "sim/sim_transport.h"
#include "tests/lib/fake_rpc.h"

#define SECOND 1000
#define WALL INT64_C(1700000000000)
#define MISSING_VOL "vol-0123456789abcdef0"
#define MISSING_NODE "i-0123456789abcdef0"

struct fixture {
	struct reactor *reactor;
	struct sim_model *model;
	struct sim_transport *transport;
	struct ec2 *ec2;
	struct ebs *ebs;
	struct csi *csi;
	const struct rpc_method *methods;
	size_t n_methods;
	struct arena arena;	/* of requests and texts */
	const char *nodes[3];	/* instances, one a zone: us-east-1a, b, a */
};

static void add_nodes(struct fixture *f)
{
	static const char *const zones[] = { "us-east-1a", "us-east-1b", "us-east-1a" };
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		struct sim_instance_spec spec = { .zone = zones[i] };
		const char *id = sim_model_add_instance(f->model, 0, &spec, &err);

		if (!id)
			fail_msg("%s", err_msg(&err));
		f->nodes[i] = arena_str(&f->arena, id);
	}
}

static void make_csi(struct fixture *f)
{
	struct csi_options opt = {
		.reactor = f->reactor,
		.mode = CSI_CONTROLLER,
		.ebs = f->ebs,
		.cluster_id = "c1",
		.extra_tags = "team=storage",
	};
	struct err err = {0};

	f->csi = csi_new(&opt, &err);
	if (!f->csi)
		fail_msg("%s", err_msg(&err));
	f->methods = csi_methods(f->csi, &f->n_methods);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct sim_config conf;
	struct err err = {0};

	sim_config_default(&conf);
	conf.epoch_ms = WALL;
	f->reactor = reactor_new_virtual(WALL);
	f->model = sim_model_new(&conf, &err);
	if (!f->model)
		fail_msg("%s", err_msg(&err));
	f->transport = sim_transport_new(f->reactor, f->model);
	f->ec2 = ec2_new(f->reactor, sim_transport_ec2(f->transport));
	f->ebs = ebs_new(f->reactor, f->ec2, NULL);
	add_nodes(f);
	make_csi(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	csi_free(f->csi);
	ebs_stop(f->ebs);
	for (int i = 0; i < 1000 && !ebs_idle(f->ebs); i++)
		reactor_advance(f->reactor, 100);
	assert_true(ebs_idle(f->ebs));
	reactor_advance(f->reactor, 1000);
	ebs_free(f->ebs);
	ec2_free(f->ec2);
	sim_transport_free(f->transport);
	sim_model_free(f->model);
	arena_fini(&f->arena);
	reactor_free(f->reactor);
	free(f);
	return 0;
}

static struct fake_rpc *start_for(struct fixture *f, const char *method, const void *req,
				  int64_t deadline_ms)
{
	auto_free char *path = xasprintf("/csi.v1.Controller/%s", method);

	return fake_rpc_call(f->reactor, f->methods, f->n_methods, path, req, deadline_ms);
}

static struct fake_rpc *start(struct fixture *f, const char *method, const void *req)
{
	return start_for(f, method, req, 15 * 60 * SECOND);
}

static void finish(struct fixture *f, struct fake_rpc *r)
{
	for (int i = 0; i < 20 * 60 && !r->done; i++)
		reactor_advance(f->reactor, SECOND);
	assert_true(r->done);
}

static void check_end(const char *method, struct fake_rpc *r, enum grpc_code code,
		      const char *text)
{
	if (r->err.code != code)
		fail_msg("%s: code %d (%s), wanted %d", method, (int)r->err.code,
			 err_msg(&r->err), (int)code);
	if (text && !strstr(err_msg(&r->err), text))
		fail_msg("%s: \"%s\" is not in \"%s\"", method, text, err_msg(&r->err));
}

/* Runs to the end; text (may be NULL) must be in the error's message. */
static void expect(struct fixture *f, const char *method, const void *req, enum grpc_code code,
		   const char *text)
{
	struct fake_rpc *r = start(f, method, req);

	finish(f, r);
	check_end(method, r, code, text);
	fake_rpc_free(r);
}

static void fault(struct fixture *f, struct sim_fault fault)
{
	struct err err = {0};

	if (sim_model_add_fault(f->model, &fault, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

/* ---- requests ---- */

enum { MODE_WRITER = 1, MODE_MULTI = 5 };

static Csi__V1__VolumeCapability *cap(struct fixture *f, int mode, bool block, const char *fs)
{
	Csi__V1__VolumeCapability *c = PB_NEW(&f->arena, csi__v1__volume_capability);

	c->access_mode = PB_NEW(&f->arena, csi__v1__volume_capability__access_mode);
	c->access_mode->mode = (Csi__V1__VolumeCapability__AccessMode__Mode)mode;
	if (block) {
		c->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
		c->block = PB_NEW(&f->arena, csi__v1__volume_capability__block_volume);
		return c;
	}
	c->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	c->mount = PB_NEW(&f->arena, csi__v1__volume_capability__mount_volume);
	if (fs)
		c->mount->fs_type = arena_str(&f->arena, fs);
	return c;
}

static Csi__V1__CreateVolumeRequest *create_req(struct fixture *f, const char *name)
{
	Csi__V1__CreateVolumeRequest *r = PB_NEW(&f->arena, csi__v1__create_volume_request);

	r->name = arena_str(&f->arena, name);
	r->capacity_range = PB_NEW(&f->arena, csi__v1__capacity_range);
	r->capacity_range->required_bytes = 4 * SIZE_GIB;
	r->volume_capabilities = arena_array(&f->arena, 4, sizeof(*r->volume_capabilities));
	r->volume_capabilities[r->n_volume_capabilities++] = cap(f, MODE_WRITER, false, NULL);
	return r;
}

static void param(struct fixture *f, Csi__V1__CreateVolumeRequest *r, const char *key,
		  const char *value)
{
	Csi__V1__CreateVolumeRequest__ParametersEntry *e =
		PB_NEW(&f->arena, csi__v1__create_volume_request__parameters_entry);
	void *list = arena_array(&f->arena, r->n_parameters + 1, sizeof(*r->parameters));

	if (r->n_parameters)
		memcpy(list, r->parameters, r->n_parameters * sizeof(*r->parameters));
	e->key = arena_str(&f->arena, key);
	e->value = arena_str(&f->arena, value);
	r->parameters = list;
	r->parameters[r->n_parameters++] = e;
}

static void mutable_param(struct fixture *f, Csi__V1__CreateVolumeRequest *r, const char *key,
			  const char *value)
{
	Csi__V1__CreateVolumeRequest__MutableParametersEntry *e =
		PB_NEW(&f->arena, csi__v1__create_volume_request__mutable_parameters_entry);

	e->key = arena_str(&f->arena, key);
	e->value = arena_str(&f->arena, value);
	r->mutable_parameters = arena_array(&f->arena, 1, sizeof(*r->mutable_parameters));
	r->mutable_parameters[0] = e;
	r->n_mutable_parameters = 1;
}

static void in_zone(struct fixture *f, Csi__V1__CreateVolumeRequest *r, const char *key,
		    const char *value)
{
	Csi__V1__Topology *t = PB_NEW(&f->arena, csi__v1__topology);
	Csi__V1__Topology__SegmentsEntry *e =
		PB_NEW(&f->arena, csi__v1__topology__segments_entry);
	Csi__V1__TopologyRequirement *q = r->accessibility_requirements;

	e->key = arena_str(&f->arena, key);
	e->value = arena_str(&f->arena, value);
	t->segments = arena_array(&f->arena, 1, sizeof(*t->segments));
	t->segments[t->n_segments++] = e;
	if (!q) {
		q = PB_NEW(&f->arena, csi__v1__topology_requirement);
		q->requisite = arena_array(&f->arena, 8, sizeof(*q->requisite));
		r->accessibility_requirements = q;
	}
	q->requisite[q->n_requisite++] = t;
}
#define ZONE "topology.kubernetes.io/zone"

static Csi__V1__CreateVolumeResponse *reply(struct fake_rpc *r)
{
	return (void *)fake_rpc_reply(r, &csi__v1__create_volume_response__descriptor);
}

/* The id of a volume made by req, in the arena. */
static const char *make(struct fixture *f, Csi__V1__CreateVolumeRequest *req)
{
	struct fake_rpc *r = start(f, "CreateVolume", req);
	Csi__V1__CreateVolumeResponse *a;
	const char *id;

	finish(f, r);
	check_end("CreateVolume", r, GRPC_OK, NULL);
	a = reply(r);
	id = arena_str(&f->arena, a->volume->volume_id);
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(r);
	return id;
}

static const char *make_in_a(struct fixture *f, const char *name)
{
	Csi__V1__CreateVolumeRequest *r = create_req(f, name);

	in_zone(f, r, ZONE, "us-east-1a");
	return make(f, r);
}

static Csi__V1__ControllerPublishVolumeRequest *publish_req(struct fixture *f, const char *vol,
							    const char *node)
{
	Csi__V1__ControllerPublishVolumeRequest *r =
		PB_NEW(&f->arena, csi__v1__controller_publish_volume_request);

	r->volume_id = arena_str(&f->arena, vol);
	r->node_id = arena_str(&f->arena, node);
	r->volume_capability = cap(f, MODE_WRITER, false, "ext4");
	return r;
}

static Csi__V1__ControllerUnpublishVolumeRequest *unpublish_req(struct fixture *f,
								const char *vol,
								const char *node)
{
	Csi__V1__ControllerUnpublishVolumeRequest *r =
		PB_NEW(&f->arena, csi__v1__controller_unpublish_volume_request);

	r->volume_id = arena_str(&f->arena, vol);
	if (node)
		r->node_id = arena_str(&f->arena, node);
	return r;
}

static Csi__V1__DeleteVolumeRequest *delete_req(struct fixture *f, const char *vol)
{
	Csi__V1__DeleteVolumeRequest *r = PB_NEW(&f->arena, csi__v1__delete_volume_request);

	r->volume_id = arena_str(&f->arena, vol);
	return r;
}
#define PUBLISH(f, vol, node, code, text) \
	expect(f, "ControllerPublishVolume", publish_req(f, vol, node), code, text)
#define UNPUBLISH(f, vol, node, code, text) \
	expect(f, "ControllerUnpublishVolume", unpublish_req(f, vol, node), code, text)
#define DELETE(f, vol, code, text) expect(f, "DeleteVolume", delete_req(f, vol), code, text)
#define CREATE(f, req, code, text) expect(f, "CreateVolume", req, code, text)

static bool count_live(void *ctx, const struct sim_volume_info *v)
{
	if (!v->root && strcmp(v->status, "deleted") != 0 && strcmp(v->status, "deleting") != 0)
		++*(size_t *)ctx;
	return true;
}

static size_t live_volumes(struct fixture *f)
{
	size_t n = 0;

	sim_model_advance(f->model, reactor_now(f->reactor));
	sim_model_each_volume(f->model, count_live, &n);
	return n;
}

static const char *tag(struct fixture *f, const char *vol, const char *key)
{
	return cstr_or(sim_model_volume_tag(f->model, vol, key), "(none)");
}

/* ---- CreateVolume ---- */

static void create_answers_with_the_volume(void **state)
{
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest *req = create_req(f, "pvc-1");
	Csi__V1__CreateVolumeResponse *a;
	struct sim_volume_info info;
	struct fake_rpc *r;

	param(f, req, "type", "gp3");
	param(f, req, "blockSize", "4096");
	param(f, req, "csi.storage.k8s.io/pvc/name", "claim");
	param(f, req, "tagSpecification_1", "who={{ .PVCName | toUpper }}");
	req->capacity_range->required_bytes = 4 * SIZE_GIB - 1;
	in_zone(f, req, ZONE, "us-east-1b");
	r = start(f, "CreateVolume", req);
	finish(f, r);
	a = reply(r);
	assert_true(ebs_is_volume_id(a->volume->volume_id));
	assert_int_equal(a->volume->capacity_bytes, 4 * SIZE_GIB);
	assert_int_equal(a->volume->n_volume_context, 1);
	assert_string_equal(PB_MAP_GET(a->volume, volume_context, "blocksize"), "4096");
	assert_int_equal(a->volume->n_accessible_topology, 1);
	assert_int_equal(a->volume->accessible_topology[0]->n_segments, 1);
	assert_string_equal(PB_MAP_GET(a->volume->accessible_topology[0], segments, ZONE),
			    "us-east-1b");
	assert_true(sim_model_volume(f->model, a->volume->volume_id, &info));
	assert_string_equal(info.zone, "us-east-1b");
	assert_int_equal(info.size, 4);
	assert_string_equal(tag(f, info.id, "CSIVolumeName"), "pvc-1");
	assert_string_equal(tag(f, info.id, "ebs.csi.aws.com/cluster"), "true");
	assert_string_equal(tag(f, info.id, "kubernetes.io/cluster/c1"), "owned");
	assert_string_equal(tag(f, info.id, "Name"), "c1-dynamic-pvc-1");
	assert_string_equal(tag(f, info.id, "team"), "storage");
	assert_string_equal(tag(f, info.id, "who"), "CLAIM");
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(r);
}

/* As EC2 describes it; the caller releases with sim_answer_fini. */
static const struct ec2_volume *describe(struct fixture *f, const char *id,
					 struct sim_answer *a)
{
	struct ec2_request req = { .action = EC2_DESCRIBE_VOLUMES };

	req.describe_volumes.volume_ids.v = &id;
	req.describe_volumes.volume_ids.n = 1;
	memset(a, 0, sizeof(*a));
	sim_model_call(f->model, reactor_now(f->reactor), &req, a);
	assert_null(a->code);
	assert_int_equal(a->resp.volumes.n, 1);
	return &a->resp.volumes.v[0];
}

static void create_asks_for_what_the_class_says(void **state)
{
	static const struct {
		const char *key, *value;
		enum tristate encrypted;
	} rows[] = {
		{ "encrypted", "true", YES },
		{ "encrypted", "false", NO },
		{ "kmsKeyId", "arn:aws:kms:us-east-1:111122223333:key/0e1f2a3b-0000-4000-8000-000000000001", YES },
		{ "fsType", "ext4", NO },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		Csi__V1__CreateVolumeRequest *r =
			create_req(f, arena_printf(&f->arena, "v-%zu", i));
		const struct ec2_volume *v;
		struct sim_answer a;

		r->capacity_range->required_bytes = 20 * SIZE_GIB;
		param(f, r, "type", "gp3");
		param(f, r, "iopsPerGB", "200");
		param(f, r, "throughput", "250");
		param(f, r, rows[i].key, rows[i].value);
		v = describe(f, make(f, r), &a);
		assert_string_equal(v->volume_type, "gp3");
		assert_int_equal(v->iops, 4000);
		assert_int_equal(v->throughput, 250);
		assert_int_equal(v->encrypted, rows[i].encrypted);
		if (strcmp(rows[i].key, "kmsKeyId") == 0)
			assert_string_equal(v->kms_key_id, rows[i].value);
		sim_answer_fini(&a);
	}
}

static void create_raises_iops_where_allowed(void **state)
{
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest *r = create_req(f, "v");
	struct sim_answer a;

	param(f, r, "type", "io1");
	param(f, r, "iopsPerGB", "1");
	param(f, r, "allowAutoIOPSPerGBIncrease", "true");
	assert_int_equal(describe(f, make(f, r), &a)->iops, 100);
	sim_answer_fini(&a);
}

/* The token vector of the Go driver: an upgrade in the middle of a creation
 * must not make a second volume. */
static void create_uses_the_known_client_token(void **state)
{
	struct fixture *f = *state;
	const char *id = make(f, create_req(f, "test-vol-client-token"));
	struct sim_volume_info info;

	assert_true(sim_model_volume(f->model, id, &info));
	assert_string_equal(info.client_token,
			    "6a1b29bd7c5c5541d9d6baa2938e954fc5739dc77e97facf23590bd13f8582c2");
}

static void create_without_range_or_place(void **state)
{
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest *req = create_req(f, "pvc-1");
	struct sim_volume_info info;

	req->capacity_range = NULL;
	assert_true(sim_model_volume(f->model, make(f, req), &info));
	assert_int_equal(info.size, 100);
}

static void create_tries_the_zones_in_turn(void **state)
{
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest *req = create_req(f, "pvc-1");
	struct sim_volume_info info;

	in_zone(f, req, ZONE, "us-east-9z");
	in_zone(f, req, "topology.ebs.csi.aws.com/zone", "us-east-1c");
	fault(f, (struct sim_fault){ .kind = SIM_FAULT_ERROR, .action = EC2_CREATE_VOLUME,
				     .count = 1, .http_status = 400,
				     .code = "InsufficientVolumeCapacity" });
	assert_true(sim_model_volume(f->model, make(f, req), &info));
	assert_string_equal(info.zone, "us-east-1c");
}

static void create_is_idempotent_by_name(void **state)
{
	struct fixture *f = *state;
	const char *id = make(f, create_req(f, "pvc-1"));
	Csi__V1__CreateVolumeRequest *other = create_req(f, "pvc-1");

	assert_string_equal(make(f, create_req(f, "pvc-1")), id);
	other->capacity_range->required_bytes = 8 * SIZE_GIB;
	CREATE(f, other, GRPC_ALREADY_EXISTS, id);
	CREATE(f, other, GRPC_ALREADY_EXISTS, id);	/* not a second volume later */
	assert_int_equal(live_volumes(f), 1);
}

static void create_retried_while_running_joins(void **state)
{
	struct fixture *f = *state;
	struct fake_rpc *one = start(f, "CreateVolume", create_req(f, "pvc-1")), *two;
	Csi__V1__CreateVolumeRequest *other = create_req(f, "pvc-1");
	Csi__V1__CreateVolumeResponse *a, *b;

	reactor_advance(f->reactor, 100);
	two = start(f, "CreateVolume", create_req(f, "pvc-1"));
	other->capacity_range->required_bytes = 9 * SIZE_GIB;
	CREATE(f, other, GRPC_ABORTED, "pvc-1");
	finish(f, one);
	finish(f, two);
	a = reply(one);
	b = reply(two);
	assert_string_equal(a->volume->volume_id, b->volume->volume_id);
	assert_int_equal(live_volumes(f), 1);
	assert_int_equal(sim_model_counters(f->model, EC2_CREATE_VOLUME)->calls, 1);
	protobuf_c_message_free_unpacked(&a->base, NULL);
	protobuf_c_message_free_unpacked(&b->base, NULL);
	fake_rpc_free(one);
	fake_rpc_free(two);
}

static void create_that_timed_out_is_found_by_its_retry(void **state)
{
	struct fixture *f = *state;
	struct fake_rpc *r = start_for(f, "CreateVolume", create_req(f, "pvc-1"), 500);

	finish(f, r);
	check_end("CreateVolume", r, GRPC_DEADLINE_EXCEEDED, NULL);
	fake_rpc_free(r);
	make(f, create_req(f, "pvc-1"));
	assert_int_equal(live_volumes(f), 1);
}

static void create_refuses_bad_requests(void **state)
{
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest *r;

	r = create_req(f, "");
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "name is missing");
	r = create_req(f, "a\x01" "b");
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "control character");
	r = create_req(f, "a\xc2\x85");
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "control character");
	r = create_req(f, "v");
	r->n_volume_capabilities = 0;
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "volume_capabilities is empty");
	for (int mode = 0; mode < 9; mode++) {
		if (mode == MODE_WRITER)
			continue;
		r->volume_capabilities[0] = cap(f, mode, false, NULL);
		r->n_volume_capabilities = 1;
		CREATE(f, r, GRPC_INVALID_ARGUMENT, "access mode");
	}
	r->volume_capabilities[0] = cap(f, MODE_WRITER, false, NULL);
	r->volume_capabilities[0]->access_type_case =
		CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE__NOT_SET;
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "access_type");
	r = create_req(f, "v");
	r->capacity_range->limit_bytes = 5 * SIZE_GIB - 1;
	r->capacity_range->required_bytes = 4 * SIZE_GIB + 1;
	CREATE(f, r, GRPC_OUT_OF_RANGE, "whole GiB");
	r->capacity_range->limit_bytes = 1;
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "limit_bytes");
	r = create_req(f, "v");
	r->capacity_range->required_bytes = -1;
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "negative");
	r->capacity_range->required_bytes = INT64_MAX;
	CREATE(f, r, GRPC_OUT_OF_RANGE, "more than a volume");
	r->capacity_range->required_bytes = 70000 * SIZE_GIB;
	CREATE(f, r, GRPC_OUT_OF_RANGE, "gp3");
	assert_int_equal(sim_model_counters(f->model, EC2_CREATE_VOLUME)->calls, 0);
}

static void create_refuses_bad_parameters(void **state)
{
	static const char *const rows[][3] = {
		{ "colour", "blue", "\"colour\" is not known" },
		{ "iops", "many", "iops is \"many\"" },
		{ "encrypted", "maybe", "encrypted is \"maybe\"" },
		{ "volumeInitializationRate", "100", "nothing to initialize" },
		{ "ext4ClusterSize", "16384", "needs ext4bigalloc" },
		{ "tagSpecification_1", "CSIVolumeName=x", "reserved" },
		{ "tagSpecification_1", "novalue", "\"=\"" },
		{ "tagSpecification_1", "a={{ .Nope }}", ".Nope" },
	};
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest *r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		r = create_req(f, "v");
		param(f, r, rows[i][0], rows[i][1]);
		CREATE(f, r, GRPC_INVALID_ARGUMENT, rows[i][2]);
	}
	r = create_req(f, "v");
	param(f, r, "iops", "3000");
	param(f, r, "iopsPerGB", "10");
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "iopspergb is 10");
	r = create_req(f, "v");
	r->volume_capabilities[0] = cap(f, MODE_MULTI, true, NULL);
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "io2");
	r = create_req(f, "v");
	r->volume_capabilities[0] = cap(f, MODE_WRITER, true, NULL);
	param(f, r, "blockSize", "4096");
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "raw block");
	r = create_req(f, "v");
	r->volume_capabilities[0] = cap(f, MODE_WRITER, false, "xfs");
	param(f, r, "ext4BigAlloc", "true");
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "xfs");
	r = create_req(f, "v");
	mutable_param(f, r, "XXX_FakeKey", "XXX_FakeValue");
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "XXX_FakeKey");
	r = create_req(f, "v");
	r->volume_content_source = PB_NEW(&f->arena, csi__v1__volume_content_source);
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "neither a snapshot nor a volume");
	r->volume_content_source->type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT;
	r->volume_content_source->snapshot =
		PB_NEW(&f->arena, csi__v1__volume_content_source__snapshot_source);
	CREATE(f, r, GRPC_INVALID_ARGUMENT, "snapshot");
	assert_int_equal(sim_model_counters(f->model, EC2_CREATE_VOLUME)->calls, 0);
}

static void create_with_multi_attach_and_mutable_parameters(void **state)
{
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest *r = create_req(f, "v");

	r->volume_capabilities[0] = cap(f, MODE_MULTI, true, NULL);
	param(f, r, "type", "gp3");
	mutable_param(f, r, "type", "io2");
	param(f, r, "iopsPerGB", "50");
	make(f, r);
}

static void create_errors_of_ec2(void **state)
{
	static const struct {
		struct sim_fault fault;
		enum grpc_code code;
	} rows[] = {
		{ { .kind = SIM_FAULT_VOLUME_LIMIT }, GRPC_RESOURCE_EXHAUSTED },
		{ { .kind = SIM_FAULT_DENIED }, GRPC_ABORTED },
		{ { .kind = SIM_FAULT_ERROR, .http_status = 400,
		    .code = "InvalidParameterCombination" }, GRPC_INVALID_ARGUMENT },
		{ { .kind = SIM_FAULT_ERROR, .http_status = 400,
		    .code = "InvalidParameterValue" }, GRPC_INVALID_ARGUMENT },
		{ { .kind = SIM_FAULT_ERROR, .http_status = 400,
		    .code = "InsufficientVolumeCapacity" }, GRPC_RESOURCE_EXHAUSTED },
		{ { .kind = SIM_FAULT_ERROR, .http_status = 400,
		    .code = "SomethingNew" }, GRPC_ABORTED },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sim_fault rule = rows[i].fault;
		Csi__V1__CreateVolumeRequest *r =
			create_req(f, arena_printf(&f->arena, "v-%zu", i));

		rule.action = EC2_CREATE_VOLUME;
		fault(f, rule);
		CREATE(f, r, rows[i].code, r->name);
		sim_model_clear_faults(f->model);
	}
	assert_int_equal(live_volumes(f), 0);
}

/* EC2 accepts the call and drops the volume later (a KMS key that is refused). */
static void create_that_fails_later_leaks_nothing(void **state)
{
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest *r = create_req(f, "v");

	param(f, r, "kmsKeyId", "alias/forbidden");
	fault(f, (struct sim_fault){ .kind = SIM_FAULT_CREATE_VANISH,
				     .action = EC2_CREATE_VOLUME, .count = 1 });
	CREATE(f, r, GRPC_FAILED_PRECONDITION, "v");
	assert_int_equal(live_volumes(f), 0);
	make(f, r);	/* the burned token is passed over */
	assert_int_equal(live_volumes(f), 1);
}

/* ---- DeleteVolume ---- */

static void delete_rows(void **state)
{
	struct fixture *f = *state;
	const char *id = make_in_a(f, "v");

	DELETE(f, "", GRPC_INVALID_ARGUMENT, "volume_id is missing");
	DELETE(f, "fake-vol-id", GRPC_OK, NULL);
	DELETE(f, "local-ebs://dev/xvdba", GRPC_OK, NULL);
	DELETE(f, MISSING_VOL, GRPC_OK, NULL);
	PUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);
	DELETE(f, id, GRPC_FAILED_PRECONDITION, f->nodes[0]);
	UNPUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);
	DELETE(f, id, GRPC_OK, NULL);
	DELETE(f, id, GRPC_OK, NULL);
	assert_int_equal(live_volumes(f), 0);
}

/* ---- ControllerPublishVolume ---- */

static const char *device_of(struct fixture *f, const char *vol, const char *node)
{
	struct fake_rpc *r = start(f, "ControllerPublishVolume", publish_req(f, vol, node));
	Csi__V1__ControllerPublishVolumeResponse *a;
	const char *device;

	finish(f, r);
	check_end("ControllerPublishVolume", r, GRPC_OK, NULL);
	a = (void *)fake_rpc_reply(r, &csi__v1__controller_publish_volume_response__descriptor);
	assert_int_equal(a->n_publish_context, 1);
	device = arena_str(&f->arena, PB_MAP_GET(a, publish_context, "devicePath"));
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(r);
	return device;
}

static void publish_answers_with_the_device(void **state)
{
	struct fixture *f = *state;
	const char *id = make_in_a(f, "v"), *device = device_of(f, id, f->nodes[0]);
	struct sim_volume_info info;

	assert_int_equal(strncmp(device, "/dev/xvd", 8), 0);
	assert_string_equal(device_of(f, id, f->nodes[0]), device);
	assert_true(sim_model_volume(f->model, id, &info));
	assert_int_equal(info.attachments, 1);
	assert_int_equal(sim_model_counters(f->model, EC2_ATTACH_VOLUME)->calls, 1);
}

static void publish_refuses_bad_requests(void **state)
{
	struct fixture *f = *state;
	Csi__V1__ControllerPublishVolumeRequest *r;
	const char *m = "ControllerPublishVolume";

	expect(f, m, publish_req(f, "", MISSING_NODE), GRPC_INVALID_ARGUMENT, "volume_id");
	expect(f, m, publish_req(f, "fake-vol-id", ""), GRPC_INVALID_ARGUMENT, "node_id");
	r = publish_req(f, "fake-vol-id", "fake-node-id");
	r->volume_capability = NULL;
	expect(f, m, r, GRPC_INVALID_ARGUMENT, "volume_capability");
	r->volume_capability = cap(f, 2, false, NULL);
	expect(f, m, r, GRPC_INVALID_ARGUMENT, "SINGLE_NODE_READER_ONLY");
	r = publish_req(f, MISSING_VOL, MISSING_NODE);
	r->readonly = 1;
	expect(f, m, r, GRPC_INVALID_ARGUMENT, "readonly");
	expect(f, m, publish_req(f, "local-ebs://dev/xvdba", MISSING_NODE),
	       GRPC_INVALID_ARGUMENT, "node-local");
}

static void publish_of_what_does_not_exist(void **state)
{
	struct fixture *f = *state;
	const char *id = make_in_a(f, "v");

	PUBLISH(f, "fake-vol-id-0123456789", "fake-node-id", GRPC_NOT_FOUND, "fake-vol-id");
	PUBLISH(f, MISSING_VOL, f->nodes[0], GRPC_NOT_FOUND, MISSING_VOL);
	PUBLISH(f, id, "fake-node-id-0123", GRPC_NOT_FOUND, "fake-node-id-0123");
	PUBLISH(f, id, MISSING_NODE, GRPC_NOT_FOUND, MISSING_NODE);
}

static void publish_of_what_is_attached_elsewhere(void **state)
{
	struct fixture *f = *state;
	const char *id = make_in_a(f, "v");

	PUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);
	PUBLISH(f, id, f->nodes[2], GRPC_FAILED_PRECONDITION, f->nodes[0]);
	UNPUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);
	PUBLISH(f, id, f->nodes[2], GRPC_OK, NULL);
}

static void publish_errors_of_ec2(void **state)
{
	struct fixture *f = *state;
	const char *id = make_in_a(f, "v");

	fault(f, (struct sim_fault){ .kind = SIM_FAULT_ATTACH_LIMIT,
				     .action = EC2_ATTACH_VOLUME });
	PUBLISH(f, id, f->nodes[0], GRPC_RESOURCE_EXHAUSTED, f->nodes[0]);
	sim_model_clear_faults(f->model);
	fault(f, (struct sim_fault){ .kind = SIM_FAULT_NAME_TAKEN,
				     .action = EC2_ATTACH_VOLUME, .count = 2 });
	PUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);	/* with another name, inside */
	UNPUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);
	sim_model_clear_faults(f->model);
	fault(f, (struct sim_fault){ .kind = SIM_FAULT_ATTACH_STUCK,
				     .action = EC2_ATTACH_VOLUME, .count = 1 });
	PUBLISH(f, id, f->nodes[0], GRPC_ABORTED, id);
	PUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);
	PUBLISH(f, make(f, create_req(f, "other")), f->nodes[0], GRPC_OK, NULL);
}

static void opposites_at_once_are_aborted(void **state)
{
	struct fixture *f = *state;
	const char *id = make_in_a(f, "v");
	struct fake_rpc *r = start(f, "ControllerPublishVolume", publish_req(f, id, f->nodes[0]));

	reactor_advance(f->reactor, 400);
	UNPUBLISH(f, id, f->nodes[0], GRPC_ABORTED, "attach");
	finish(f, r);
	fake_rpc_free(r);
	r = start(f, "ControllerUnpublishVolume", unpublish_req(f, id, f->nodes[0]));
	reactor_advance(f->reactor, 400);
	DELETE(f, id, GRPC_ABORTED, "detach");
	finish(f, r);
	check_end("ControllerUnpublishVolume", r, GRPC_OK, NULL);
	fake_rpc_free(r);
}

/* ---- ControllerUnpublishVolume ---- */

static void unpublish_rows(void **state)
{
	struct fixture *f = *state;
	const char *id = make_in_a(f, "v");
	struct sim_volume_info info;

	UNPUBLISH(f, "", f->nodes[0], GRPC_INVALID_ARGUMENT, "volume_id");
	UNPUBLISH(f, "fake-vol-id", "fake-node-id", GRPC_OK, NULL);
	UNPUBLISH(f, "local-ebs://dev/xvdba", MISSING_NODE, GRPC_OK, NULL);
	UNPUBLISH(f, MISSING_VOL, f->nodes[0], GRPC_OK, NULL);
	UNPUBLISH(f, id, MISSING_NODE, GRPC_OK, NULL);
	UNPUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);
	PUBLISH(f, id, f->nodes[0], GRPC_OK, NULL);
	UNPUBLISH(f, id, NULL, GRPC_OK, NULL);	/* from all nodes */
	assert_true(sim_model_volume(f->model, id, &info));
	assert_int_equal(info.attachments, 0);
	assert_string_equal(info.status, "available");
	UNPUBLISH(f, id, NULL, GRPC_OK, NULL);
}

/* ---- ValidateVolumeCapabilities ---- */

static Csi__V1__ValidateVolumeCapabilitiesRequest *validate_req(
	struct fixture *f, const char *vol, Csi__V1__VolumeCapability *c)
{
	Csi__V1__ValidateVolumeCapabilitiesRequest *r =
		PB_NEW(&f->arena, csi__v1__validate_volume_capabilities_request);

	r->volume_id = arena_str(&f->arena, vol);
	r->volume_capabilities = arena_array(&f->arena, 1, sizeof(*r->volume_capabilities));
	if (c)
		r->volume_capabilities[r->n_volume_capabilities++] = c;
	return r;
}

/* Confirmed, or a message with text in it. */
static void validate(struct fixture *f, const char *vol, Csi__V1__VolumeCapability *c,
		     const char *text)
{
	struct fake_rpc *r = start(f, "ValidateVolumeCapabilities", validate_req(f, vol, c));
	Csi__V1__ValidateVolumeCapabilitiesResponse *a;

	finish(f, r);
	check_end("ValidateVolumeCapabilities", r, GRPC_OK, NULL);
	a = (void *)fake_rpc_reply(r, &csi__v1__validate_volume_capabilities_response__descriptor);
	if (text) {
		assert_null(a->confirmed);
		assert_non_null(strstr(a->message, text));
	} else {
		assert_non_null(a->confirmed);
		assert_int_equal(a->confirmed->n_volume_capabilities, 1);
		assert_int_equal(a->confirmed->volume_capabilities[0]->access_mode->mode,
				 c->access_mode->mode);
	}
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(r);
}

static void validate_rows(void **state)
{
	struct fixture *f = *state;
	const char *m = "ValidateVolumeCapabilities", *id = make_in_a(f, "v"), *multi;
	Csi__V1__CreateVolumeRequest *r = create_req(f, "multi");
	Csi__V1__VolumeCapability *bare = PB_NEW(&f->arena, csi__v1__volume_capability);

	param(f, r, "type", "io2");
	param(f, r, "iops", "200");
	r->volume_capabilities[0] = cap(f, MODE_MULTI, true, NULL);
	multi = make(f, r);
	expect(f, m, validate_req(f, "", cap(f, 1, false, NULL)), GRPC_INVALID_ARGUMENT,
	       "volume_id");
	expect(f, m, validate_req(f, id, NULL), GRPC_INVALID_ARGUMENT, "volume_capabilities");
	expect(f, m, validate_req(f, id, bare), GRPC_INVALID_ARGUMENT, "access_mode");
	expect(f, m, validate_req(f, "fake-vol-id-0123456789", cap(f, 1, false, NULL)),
	       GRPC_NOT_FOUND, "fake-vol-id");
	expect(f, m, validate_req(f, MISSING_VOL, cap(f, 1, false, NULL)), GRPC_NOT_FOUND,
	       MISSING_VOL);
	validate(f, id, cap(f, MODE_WRITER, false, "ext4"), NULL);
	validate(f, id, cap(f, MODE_WRITER, true, NULL), NULL);
	validate(f, id, cap(f, 3, false, NULL), "MULTI_NODE_READER_ONLY");
	validate(f, id, cap(f, MODE_MULTI, false, NULL), "MULTI_NODE_MULTI_WRITER");
	validate(f, id, cap(f, MODE_MULTI, true, NULL), "Multi-Attach");
	validate(f, multi, cap(f, MODE_MULTI, true, NULL), NULL);
	validate(f, "local-ebs://dev/xvdba", cap(f, MODE_MULTI, false, NULL), NULL);
	validate(f, "local-ebs://dev/xvdba", cap(f, 2, false, NULL), "node-local");
}

/* ---- the rest ---- */

static void capabilities(void **state)
{
	struct fixture *f = *state;
	Csi__V1__ControllerGetCapabilitiesRequest req =
		CSI__V1__CONTROLLER_GET_CAPABILITIES_REQUEST__INIT;
	struct fake_rpc *r = start(f, "ControllerGetCapabilities", &req);
	Csi__V1__ControllerGetCapabilitiesResponse *a = (void *)fake_rpc_reply(
		r, &csi__v1__controller_get_capabilities_response__descriptor);

	assert_int_equal(a->n_capabilities, 2);
	assert_int_equal(a->capabilities[0]->rpc->type, 1);
	assert_int_equal(a->capabilities[1]->rpc->type, 2);
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(r);
}

static void what_is_not_built_says_so(void **state)
{
	static const char *const methods[] = { "ListVolumes", "GetCapacity", "CreateSnapshot",
					       "DeleteSnapshot", "ListSnapshots",
					       "ControllerExpandVolume", "ControllerGetVolume",
					       "ControllerModifyVolume", "GetSnapshot",
					       "ControllerGetVolumeHealth",
					       "ControllerListVolumeHealth" };
	struct fixture *f = *state;
	Csi__V1__ListVolumesRequest req = CSI__V1__LIST_VOLUMES_REQUEST__INIT;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		expect(f, methods[i], &req, GRPC_UNIMPLEMENTED, methods[i]);
}

static void no_ec2_is_not_the_end_of_probe(void **state)
{
	struct fixture *f = *state;
	Csi__V1__ProbeRequest req = CSI__V1__PROBE_REQUEST__INIT;
	struct fake_rpc *r;

	sim_transport_set_reachable(f->transport, false);
	r = fake_rpc_call(f->reactor, f->methods, f->n_methods, "/csi.v1.Identity/Probe",
			  &req.base, 0);
	assert_true(r->done);
	assert_false(err_is_set(&r->err));
	fake_rpc_free(r);
	r = start_for(f, "CreateVolume", create_req(f, "v"), 10 * SECOND);
	finish(f, r);
	assert_true(r->err.code == GRPC_DEADLINE_EXCEEDED || r->err.code == GRPC_ABORTED);
	fake_rpc_free(r);
	sim_transport_set_reachable(f->transport, true);
	make(f, create_req(f, "v"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(create_answers_with_the_volume),
		T(create_asks_for_what_the_class_says),
		T(create_raises_iops_where_allowed),
		T(create_uses_the_known_client_token),
		T(create_without_range_or_place),
		T(create_tries_the_zones_in_turn),
		T(create_is_idempotent_by_name),
		T(create_retried_while_running_joins),
		T(create_that_timed_out_is_found_by_its_retry),
		T(create_refuses_bad_requests),
		T(create_refuses_bad_parameters),
		T(create_with_multi_attach_and_mutable_parameters),
		T(create_errors_of_ec2),
		T(create_that_fails_later_leaks_nothing),
		T(delete_rows),
		T(publish_answers_with_the_device),
		T(publish_refuses_bad_requests),
		T(publish_of_what_does_not_exist),
		T(publish_of_what_is_attached_elsewhere),
		T(publish_errors_of_ec2),
		T(opposites_at_once_are_aborted),
		T(unpublish_rows),
		T(validate_rows),
		T(capabilities),
		T(what_is_not_built_says_so),
		T(no_ec2_is_not_the_end_of_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
