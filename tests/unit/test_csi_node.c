/* Node RPCs from request bytes to reply bytes, over a block layer that only keeps
 * what it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "csi/csi.h"
#include "csi/csi.pb-c.h"
#include "csi/pb.h"
#include "tests/lib/fake_block.h"
#include "tests/lib/fake_rpc.h"

#define VOL "vol-0123456789abcdef0"
#define STAGING "/var/lib/kubelet/plugins/globalmount"
#define TARGET "/var/lib/kubelet/pods/p1/mount"

struct fixture {
	struct reactor *reactor;
	struct fake_block block;
	struct csi *csi;
	const struct rpc_method *methods;
	size_t n_methods;
	struct arena arena;	/* of requests */
};

static void make_csi(struct fixture *f)
{
	struct csi_options opt = {
		.reactor = f->reactor,
		.mode = CSI_NODE,
		.vendor_version = "v9",
		.block = (struct block *)(void *)&f->block,
		.metadata_sources = "env",
		.volume_attach_limit = -1,
		.reserved_attachments = -1,
	};
	struct err err = {0};

	csi_free(f->csi);
	f->csi = csi_new(&opt, &err);
	if (!f->csi)
		fail_msg("%s", err_msg(&err));
	f->methods = csi_methods(f->csi, &f->n_methods);
}

static void clear_env(void)
{
	static const char *const names[] = { "AWS_INSTANCE_ID", "AWS_INSTANCE_TYPE",
					     "AWS_AVAILABILITY_ZONE", "AWS_OUTPOST_ARN",
					     "CSI_NODE_NAME", "AWS_EC2_METADATA_DISABLED" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	clear_env();
	f->reactor = reactor_new_virtual(1700000000000);
	fake_block_init(&f->block, f->reactor);
	make_csi(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	csi_free(f->csi);
	fake_block_fini(&f->block);
	arena_fini(&f->arena);
	reactor_free(f->reactor);
	free(f);
	return 0;
}

static struct fake_rpc *start(struct fixture *f, const char *method, const ProtobufCMessage *req)
{
	auto_free char *path = xasprintf("/csi.v1.%s", method);

	return fake_rpc_call(f->reactor, f->methods, f->n_methods, path, req, 120000);
}

/* Runs to the end; the code. text (may be NULL) must be in the message. */
static void expect(struct fixture *f, const char *method, const ProtobufCMessage *req,
		   enum grpc_code code, const char *text)
{
	struct fake_rpc *r = start(f, method, req);

	reactor_advance(f->reactor, 1000);
	assert_true(r->done);
	if (r->err.code != code)
		fail_msg("%s: code %d (%s), wanted %d", method, (int)r->err.code,
			 err_msg(&r->err), (int)code);
	if (text && !strstr(err_msg(&r->err), text))
		fail_msg("%s: \"%s\" is not in \"%s\"", method, text, err_msg(&r->err));
	fake_rpc_free(r);
}

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

static void flag(struct fixture *f, Csi__V1__VolumeCapability *c, const char *text)
{
	char **v = arena_array(&f->arena, c->mount->n_mount_flags + 1, sizeof(*v));

	if (c->mount->n_mount_flags)
		memcpy(v, c->mount->mount_flags, c->mount->n_mount_flags * sizeof(*v));
	v[c->mount->n_mount_flags++] = arena_str(&f->arena, text);
	c->mount->mount_flags = v;
}

/* Entries of a map field: SET(f, req, publish_context, desc, key, value) */
#define SET(f, req, field, desc, k, v) \
	do { \
		struct pb_entry *e_ = pb_new(&(f)->arena, &desc); \
		void **l_ = arena_array(&(f)->arena, (req)->n_##field + 1, sizeof(*l_)); \
		e_->key = arena_str(&(f)->arena, k); \
		e_->value = arena_str(&(f)->arena, v); \
		if ((req)->n_##field) \
			memcpy(l_, (req)->field, (req)->n_##field * sizeof(*l_)); \
		l_[(req)->n_##field++] = e_; \
		(req)->field = (void *)l_; \
	} while (0)
#define STAGE_CONTEXT csi__v1__node_stage_volume_request__publish_context_entry__descriptor
#define STAGE_VOLUME csi__v1__node_stage_volume_request__volume_context_entry__descriptor
#define PUBLISH_CONTEXT csi__v1__node_publish_volume_request__publish_context_entry__descriptor
#define PUBLISH_VOLUME csi__v1__node_publish_volume_request__volume_context_entry__descriptor

static Csi__V1__NodeStageVolumeRequest *stage_req(struct fixture *f)
{
	Csi__V1__NodeStageVolumeRequest *r =
		PB_NEW(&f->arena, csi__v1__node_stage_volume_request);

	r->volume_id = arena_str(&f->arena, VOL);
	r->staging_target_path = arena_str(&f->arena, STAGING);
	r->volume_capability = cap(f, 1, false, NULL);
	SET(f, r, publish_context, STAGE_CONTEXT, "devicePath", "/dev/xvdba");
	return r;
}

static Csi__V1__NodePublishVolumeRequest *publish_req(struct fixture *f)
{
	Csi__V1__NodePublishVolumeRequest *r =
		PB_NEW(&f->arena, csi__v1__node_publish_volume_request);

	r->volume_id = arena_str(&f->arena, VOL);
	r->staging_target_path = arena_str(&f->arena, STAGING);
	r->target_path = arena_str(&f->arena, TARGET);
	r->volume_capability = cap(f, 1, false, NULL);
	SET(f, r, publish_context, PUBLISH_CONTEXT, "devicePath", "/dev/xvdba");
	return r;
}

#define STAGE(f, r, code, text) expect(f, "Node/NodeStageVolume", &(r)->base, code, text)
#define PUBLISH(f, r, code, text) expect(f, "Node/NodePublishVolume", &(r)->base, code, text)

/* ---- stage ---- */

static void stage_hands_everything_down(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);

	r->volume_capability = cap(f, 1, false, "xfs");
	flag(f, r->volume_capability, "noatime");
	flag(f, r->volume_capability, "discard");
	flag(f, r->volume_capability, "noatime");
	flag(f, r->volume_capability, "");
	SET(f, r, volume_context, STAGE_VOLUME, "blocksize", "4096");
	SET(f, r, volume_context, STAGE_VOLUME, "partition", "3");
	SET(f, r, volume_context, STAGE_VOLUME, "storage.kubernetes.io/x", "y");
	STAGE(f, r, GRPC_OK, NULL);
	assert_int_equal(f->block.count[FAKE_FIND], 1);
	assert_int_equal(f->block.count[FAKE_STAGE], 1);
	assert_string_equal(f->block.volume_id, VOL);
	assert_string_equal(f->block.hint, "/dev/xvdba");
	assert_string_equal(f->block.fs_type, "xfs");
	assert_string_equal(f->block.options, "noatime,discard,nouuid");
	assert_string_equal(f->block.target, STAGING);
	assert_string_equal(f->block.mkfs_block_size, "4096");
	assert_int_equal(f->block.partition, 3);
	assert_true(f->block.grow);
}

static void stage_defaults(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);

	STAGE(f, r, GRPC_OK, NULL);
	assert_string_equal(f->block.fs_type, "ext4");
	assert_true(f->block.options_null);
	assert_int_equal(f->block.partition, 0);
	flag(f, r->volume_capability, "ro");
	STAGE(f, r, GRPC_OK, NULL);
	assert_false(f->block.grow);
	r->volume_capability = cap(f, 1, false, "xfs");
	flag(f, r->volume_capability, "nouuid");
	STAGE(f, r, GRPC_OK, NULL);
	assert_string_equal(f->block.options, "nouuid");
}

static void stage_of_a_raw_volume_does_nothing(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);

	r->volume_capability = cap(f, 5, true, NULL);
	r->n_publish_context = 0;
	STAGE(f, r, GRPC_OK, NULL);
	assert_int_equal(f->block.count[FAKE_FIND], 0);
	SET(f, r, volume_context, STAGE_VOLUME, "partition", "x");
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "partition is \"x\"");
}

static void stage_refuses(void **state)
{
	static const char *const partitions[] = { "-1", "1x", "", "99999999999", "0x1", " 1" };
	static const char *const types[] = { "ntfs", "XFS", "ext2", "ext4 ", "btrfs", "../x" };
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);

	r->volume_id = NULL;
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "volume_id is missing");
	r = stage_req(f);
	r->staging_target_path = NULL;
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "staging_target_path is missing");
	r = stage_req(f);
	r->volume_capability = NULL;
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "volume_capability is missing");
	for (int mode = 0; mode < 8; mode++) {
		r->volume_capability = cap(f, mode, false, NULL);
		STAGE(f, r, mode == 1 ? GRPC_OK : GRPC_INVALID_ARGUMENT, NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		r->volume_capability = cap(f, 1, false, types[i]);
		STAGE(f, r, GRPC_INVALID_ARGUMENT, types[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(partitions); i++) {
		r = stage_req(f);
		SET(f, r, volume_context, STAGE_VOLUME, "partition", partitions[i]);
		STAGE(f, r, GRPC_INVALID_ARGUMENT, "partition");
	}
	r = stage_req(f);
	SET(f, r, volume_context, STAGE_VOLUME, "blocksize", "4096;reboot");
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "blocksize");
	r = stage_req(f);
	r->volume_capability = cap(f, 1, false, "xfs");
	SET(f, r, volume_context, STAGE_VOLUME, "ext4bigalloc", "true");
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "ext4bigalloc");
	r = stage_req(f);
	r->n_publish_context = 0;
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "devicePath");
	r = stage_req(f);
	r->staging_target_path = arena_str(&f->arena, "relative/path");
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "staging_target_path");
	r->staging_target_path = arena_str(&f->arena, "/a/../b");
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "staging_target_path");
	assert_int_equal(f->block.count[FAKE_FIND], 1);
}

static void long_mount_flags_are_refused_unseen(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);
	char text[4098];

	memset(text, 'a', sizeof(text));
	text[4096] = '\0';
	flag(f, r->volume_capability, text);
	STAGE(f, r, GRPC_OK, NULL);
	flag(f, r->volume_capability, "secret=1");
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "4096 bytes");
}

static void errors_of_the_block_layer_come_through(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);

	f->block.fail[FAKE_FIND] = GRPC_NOT_FOUND;
	STAGE(f, r, GRPC_NOT_FOUND, "told to fail");
	assert_int_equal(f->block.count[FAKE_STAGE], 0);
	f->block.fail[FAKE_FIND] = GRPC_OK;
	f->block.fail[FAKE_STAGE] = GRPC_ALREADY_EXISTS;
	STAGE(f, r, GRPC_ALREADY_EXISTS, "told to fail");
	f->block.fail[FAKE_STAGE] = GRPC_OK;
	STAGE(f, r, GRPC_OK, NULL);	/* the lock was released */
}

static void local_volumes_name_their_disk(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);

	r->volume_id = arena_str(&f->arena, "local-ebs://dev/xvdbz");
	r->volume_capability = cap(f, 5, false, NULL);
	STAGE(f, r, GRPC_INVALID_ARGUMENT, "volumeID");
	SET(f, r, publish_context, STAGE_CONTEXT, "volumeID", VOL);
	STAGE(f, r, GRPC_OK, NULL);
	assert_string_equal(f->block.volume_id, VOL);
}

/* ---- unstage, unpublish ---- */

static void unstage(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeUnstageVolumeRequest r = CSI__V1__NODE_UNSTAGE_VOLUME_REQUEST__INIT;
	const char *m = "Node/NodeUnstageVolume";

	expect(f, m, &r.base, GRPC_INVALID_ARGUMENT, "volume_id");
	r.volume_id = (char *)VOL;
	expect(f, m, &r.base, GRPC_INVALID_ARGUMENT, "staging_target_path");
	r.staging_target_path = (char *)"x/y";
	expect(f, m, &r.base, GRPC_INVALID_ARGUMENT, "staging_target_path");
	r.staging_target_path = (char *)STAGING;
	expect(f, m, &r.base, GRPC_OK, NULL);
	assert_string_equal(f->block.target, STAGING);
	assert_true(f->block.keep_unmounted);
	f->block.fail[FAKE_UNSTAGE] = GRPC_INTERNAL;
	expect(f, m, &r.base, GRPC_INTERNAL, "told to fail");
}

static void unpublish(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeUnpublishVolumeRequest r = CSI__V1__NODE_UNPUBLISH_VOLUME_REQUEST__INIT;
	const char *m = "Node/NodeUnpublishVolume";

	expect(f, m, &r.base, GRPC_INVALID_ARGUMENT, "volume_id");
	r.volume_id = (char *)VOL;
	expect(f, m, &r.base, GRPC_INVALID_ARGUMENT, "target_path");
	r.target_path = (char *)"/";
	expect(f, m, &r.base, GRPC_INVALID_ARGUMENT, "target_path");
	r.target_path = (char *)TARGET;
	expect(f, m, &r.base, GRPC_OK, NULL);
	assert_false(f->block.keep_unmounted);
	f->block.fail[FAKE_UNPUBLISH] = GRPC_INTERNAL;
	expect(f, m, &r.base, GRPC_INTERNAL, "told to fail");
}

/* ---- publish ---- */

static void publish_of_a_file_system(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodePublishVolumeRequest *r = publish_req(f);

	r->readonly = 1;
	r->volume_capability = cap(f, 1, false, "xfs");
	flag(f, r->volume_capability, "noexec");
	PUBLISH(f, r, GRPC_OK, NULL);
	assert_int_equal(f->block.count[FAKE_FIND], 0);
	assert_string_equal(f->block.staging, STAGING);
	assert_string_equal(f->block.target, TARGET);
	assert_string_equal(f->block.options, "noexec");
	assert_string_equal(f->block.hint, "/dev/xvdba");
	assert_true(f->block.ro);
	r->n_publish_context = 0;	/* not needed for what is staged */
	PUBLISH(f, r, GRPC_OK, NULL);
	assert_true(f->block.hint_null);
	f->block.fail[FAKE_PUBLISH_FS] = GRPC_FAILED_PRECONDITION;	/* not staged */
	PUBLISH(f, r, GRPC_FAILED_PRECONDITION, NULL);
}

static void publish_of_a_raw_volume(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodePublishVolumeRequest *r = publish_req(f);

	r->volume_capability = cap(f, 5, true, NULL);
	SET(f, r, volume_context, PUBLISH_VOLUME, "partition", "2");
	PUBLISH(f, r, GRPC_OK, NULL);
	assert_int_equal(f->block.count[FAKE_PUBLISH_DEVICE], 1);
	assert_int_equal(f->block.partition, 2);
	assert_string_equal(f->block.target, TARGET);
	assert_false(f->block.ro);
	r->readonly = 1;
	PUBLISH(f, r, GRPC_OK, NULL);
	assert_true(f->block.ro);
	f->block.fail[FAKE_FIND] = GRPC_NOT_FOUND;
	PUBLISH(f, r, GRPC_NOT_FOUND, NULL);
	r->n_publish_context = 0;
	PUBLISH(f, r, GRPC_INVALID_ARGUMENT, "devicePath");
}

static void publish_refuses(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodePublishVolumeRequest *r = publish_req(f);

	r->volume_id = NULL;
	PUBLISH(f, r, GRPC_INVALID_ARGUMENT, "volume_id");
	r = publish_req(f);
	r->target_path = NULL;
	r->staging_target_path = NULL;
	PUBLISH(f, r, GRPC_INVALID_ARGUMENT, "target_path");
	r = publish_req(f);
	r->volume_capability = NULL;
	r->staging_target_path = NULL;
	PUBLISH(f, r, GRPC_INVALID_ARGUMENT, "volume_capability");
	r = publish_req(f);
	r->staging_target_path = NULL;
	PUBLISH(f, r, GRPC_FAILED_PRECONDITION, "staging_target_path");
	r = publish_req(f);
	r->volume_capability = cap(f, 6, false, NULL);
	PUBLISH(f, r, GRPC_INVALID_ARGUMENT, "SINGLE_NODE_SINGLE_WRITER");
	r = publish_req(f);
	r->volume_capability = cap(f, 1, false, "ntfs");
	PUBLISH(f, r, GRPC_INVALID_ARGUMENT, "ntfs");
	r = publish_req(f);
	r->target_path = arena_str(&f->arena, "some/path");
	PUBLISH(f, r, GRPC_INVALID_ARGUMENT, "target_path");
	assert_int_equal(f->block.count[FAKE_PUBLISH_FS], 0);
}

/* ---- one at a time ---- */

static void a_second_call_is_told_what_runs(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f), *other = stage_req(f);
	Csi__V1__NodePublishVolumeRequest *p = publish_req(f);
	struct fake_rpc *first;

	f->block.delay_ms = 60000;
	first = start(f, "Node/NodeStageVolume", &r->base);
	reactor_advance(f->reactor, 1500);
	STAGE(f, r, GRPC_ABORTED, "NodeStageVolume has been running for 1.5 s, since 2023-11-14T22:13:20");
	PUBLISH(f, p, GRPC_ABORTED, VOL);
	f->block.delay_ms = 0;
	other->volume_id = arena_str(&f->arena, "vol-0123456789abcdef1");
	STAGE(f, other, GRPC_OK, NULL);
	reactor_advance(f->reactor, 60000);
	assert_true(first->done);
	assert_false(err_is_set(&first->err));
	fake_rpc_free(first);
	STAGE(f, r, GRPC_OK, NULL);
}

static void two_targets_do_not_wait_for_each_other(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodePublishVolumeRequest *p = publish_req(f), *q = publish_req(f);
	struct fake_rpc *first;

	f->block.delay_ms = 30000;
	first = start(f, "Node/NodePublishVolume", &p->base);
	reactor_advance(f->reactor, 10);
	f->block.delay_ms = 0;
	PUBLISH(f, p, GRPC_ABORTED, "NodePublishVolume at " TARGET);
	q->target_path = arena_str(&f->arena, "/var/lib/kubelet/pods/p2/mount");
	PUBLISH(f, q, GRPC_OK, NULL);
	STAGE(f, stage_req(f), GRPC_ABORTED, "NodePublishVolume");
	reactor_advance(f->reactor, 30000);
	fake_rpc_free(first);
}

/* The caller has gone, the act (mkfs) runs on: the volume stays locked. */
static void the_lock_lasts_until_the_work_has_ended(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);
	struct fake_rpc *first;

	f->block.delay_ms = 20000;
	f->block.stubborn = true;
	first = start(f, "Node/NodeStageVolume", &r->base);
	reactor_advance(f->reactor, 30000);	/* found; staging */
	assert_int_equal(f->block.count[FAKE_STAGE], 1);
	fake_rpc_cancel(first);
	reactor_advance(f->reactor, 5000);
	assert_false(first->done);
	STAGE(f, r, GRPC_ABORTED, "NodeStageVolume");
	reactor_advance(f->reactor, 5000);
	assert_true(first->done);
	assert_int_equal(first->err.code, GRPC_CANCELLED);
	fake_rpc_free(first);
	f->block.delay_ms = 0;
	STAGE(f, r, GRPC_OK, NULL);
}

static void a_deadline_ends_the_call(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeStageVolumeRequest *r = stage_req(f);
	struct fake_rpc *first;

	f->block.delay_ms = 1000000;
	first = start(f, "Node/NodeStageVolume", &r->base);
	reactor_advance(f->reactor, 119000);
	assert_false(first->done);
	reactor_advance(f->reactor, 1001);
	assert_true(first->done);
	assert_int_equal(first->err.code, GRPC_DEADLINE_EXCEEDED);
	fake_rpc_free(first);
}

/* ---- stats ---- */

static void stats(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeGetVolumeStatsRequest r = CSI__V1__NODE_GET_VOLUME_STATS_REQUEST__INIT;
	Csi__V1__NodeGetVolumeStatsResponse *a;
	const char *m = "Node/NodeGetVolumeStats";
	struct fake_rpc *rpc;

	expect(f, m, &r.base, GRPC_INVALID_ARGUMENT, "volume_id");
	r.volume_id = (char *)"fake-vol-id-0123456789";
	expect(f, m, &r.base, GRPC_INVALID_ARGUMENT, "volume_path");
	r.volume_path = (char *)"some/path";
	expect(f, m, &r.base, GRPC_NOT_FOUND, "fake-vol-id-0123456789");
	r.volume_id = (char *)VOL;
	r.volume_path = (char *)TARGET;
	f->block.fail[FAKE_STATS] = GRPC_NOT_FOUND;
	expect(f, m, &r.base, GRPC_NOT_FOUND, NULL);
	f->block.fail[FAKE_STATS] = GRPC_OK;
	f->block.stats = (struct block_stats){ .bytes_total = 100, .bytes_used = 60,
					       .bytes_available = 40, .inodes_total = 10,
					       .inodes_used = 3, .inodes_available = 7 };
	rpc = start(f, m, &r.base);
	reactor_advance(f->reactor, 10);
	a = (void *)fake_rpc_reply(rpc, &csi__v1__node_get_volume_stats_response__descriptor);
	assert_int_equal(a->n_usage, 2);
	assert_int_equal(a->usage[0]->unit, CSI__V1__VOLUME_USAGE__UNIT__BYTES);
	assert_int_equal(a->usage[0]->total, 100);
	assert_int_equal(a->usage[0]->used, 60);
	assert_int_equal(a->usage[0]->available, 40);
	assert_int_equal(a->usage[1]->unit, CSI__V1__VOLUME_USAGE__UNIT__INODES);
	assert_int_equal(a->usage[1]->total, 10);
	assert_int_equal(a->usage[1]->used, 3);
	assert_int_equal(a->usage[1]->available, 7);
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(rpc);
}

static void stats_without_inodes(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeGetVolumeStatsRequest r = CSI__V1__NODE_GET_VOLUME_STATS_REQUEST__INIT;
	Csi__V1__NodeGetVolumeStatsResponse *a;
	struct fake_rpc *rpc;

	r.volume_id = (char *)VOL;
	r.volume_path = (char *)TARGET;
	f->block.stats = (struct block_stats){ .is_device = true, .bytes_total = 1 << 30 };
	rpc = start(f, "Node/NodeGetVolumeStats", &r.base);
	reactor_advance(f->reactor, 10);
	a = (void *)fake_rpc_reply(rpc, &csi__v1__node_get_volume_stats_response__descriptor);
	assert_int_equal(a->n_usage, 1);
	assert_int_equal(a->usage[0]->total, 1 << 30);
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(rpc);
	f->block.stats.bytes_total = UINT64_MAX;
	expect(f, "Node/NodeGetVolumeStats", &r.base, GRPC_INTERNAL, VOL);
}

/* ---- info ---- */

static void info_from_the_environment(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeGetInfoRequest r = CSI__V1__NODE_GET_INFO_REQUEST__INIT;
	Csi__V1__NodeGetInfoResponse *a;
	struct fake_rpc *rpc;

	expect(f, "Node/NodeGetInfo", &r.base, GRPC_UNAVAILABLE, "AWS_INSTANCE_ID");
	setenv("CSI_NODE_NAME", "ip-10-0-0-1.ec2.internal", 1);
	setenv("AWS_INSTANCE_TYPE", "t2.medium", 1);
	setenv("AWS_AVAILABILITY_ZONE", "us-east-1b", 1);
	reactor_advance(f->reactor, 2000);
	expect(f, "Node/NodeGetInfo", &r.base, GRPC_UNAVAILABLE, "AWS_INSTANCE_ID");
	setenv("CSI_NODE_NAME", "i-0123456789abcdef0", 1);
	reactor_advance(f->reactor, 2000);
	rpc = start(f, "Node/NodeGetInfo", &r.base);
	reactor_advance(f->reactor, 10);
	a = (void *)fake_rpc_reply(rpc, &csi__v1__node_get_info_response__descriptor);
	assert_string_equal(a->node_id, "i-0123456789abcdef0");
	assert_int_equal(a->max_volumes_per_node, 38);
	assert_int_equal(a->accessible_topology->n_segments, 3);
	assert_string_equal(PB_MAP_GET(a->accessible_topology, segments,
				       "topology.kubernetes.io/zone"), "us-east-1b");
	assert_string_equal(PB_MAP_GET(a->accessible_topology, segments,
				       "topology.ebs.csi.aws.com/zone"), "us-east-1b");
	assert_string_equal(PB_MAP_GET(a->accessible_topology, segments, "kubernetes.io/os"),
			    "linux");
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(rpc);
}

/* ---- what is not here ---- */

static void methods_of_other_modes_and_unbuilt_ones(void **state)
{
	struct fixture *f = *state;
	Csi__V1__CreateVolumeRequest r = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
	static const char *const unbuilt[] = {
		"Node/NodeExpandVolume", "Node/NodeGetVolumeHealth", "Node/NodeGetStorageHealth",
		"Controller/ListVolumes", "Controller/CreateSnapshot",
		"GroupController/GroupControllerGetCapabilities",
		"SnapshotMetadata/GetMetadataAllocated",
	};

	expect(f, "Controller/CreateVolume", &r.base, GRPC_UNIMPLEMENTED, "mode node");
	expect(f, "Controller/ControllerGetCapabilities", &r.base, GRPC_UNIMPLEMENTED,
	       "mode node");
	for (size_t i = 0; i < ARRAY_SIZE(unbuilt); i++)
		expect(f, unbuilt[i], &r.base, GRPC_UNIMPLEMENTED, unbuilt[i]);
	assert_int_equal(f->n_methods, 3 + 17 + 4 + 2 + 10);
}

static void capabilities(void **state)
{
	struct fixture *f = *state;
	Csi__V1__NodeGetCapabilitiesRequest r = CSI__V1__NODE_GET_CAPABILITIES_REQUEST__INIT;
	struct fake_rpc *rpc = start(f, "Node/NodeGetCapabilities", &r.base);
	Csi__V1__NodeGetCapabilitiesResponse *a = (void *)fake_rpc_reply(
		rpc, &csi__v1__node_get_capabilities_response__descriptor);

	assert_int_equal(a->n_capabilities, 2);
	assert_int_equal(a->capabilities[0]->rpc->type, 1);
	assert_int_equal(a->capabilities[1]->rpc->type, 2);
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(rpc);
}

static void identity(void **state)
{
	struct fixture *f = *state;
	Csi__V1__GetPluginInfoRequest r = CSI__V1__GET_PLUGIN_INFO_REQUEST__INIT;
	struct fake_rpc *rpc = start(f, "Identity/GetPluginInfo", &r.base);
	Csi__V1__GetPluginInfoResponse *a =
		(void *)fake_rpc_reply(rpc, &csi__v1__get_plugin_info_response__descriptor);
	Csi__V1__GetPluginCapabilitiesResponse *c;

	assert_string_equal(a->name, "ebs.csi.aws.com");
	assert_string_equal(a->vendor_version, "v9");
	protobuf_c_message_free_unpacked(&a->base, NULL);
	fake_rpc_free(rpc);
	rpc = start(f, "Identity/GetPluginCapabilities", &r.base);
	c = (void *)fake_rpc_reply(rpc, &csi__v1__get_plugin_capabilities_response__descriptor);
	assert_int_equal(c->n_capabilities, 2);
	assert_int_equal(c->capabilities[0]->service->type, 1);
	assert_int_equal(c->capabilities[1]->service->type, 2);
	protobuf_c_message_free_unpacked(&c->base, NULL);
	fake_rpc_free(rpc);
	rpc = start(f, "Identity/Probe", &r.base);
	assert_int_equal(rpc->reply.len, 0);
	assert_false(err_is_set(&rpc->err));
	fake_rpc_free(rpc);
}

static void options_that_cannot_work(void **state)
{
	struct fixture *f = *state;
	struct csi_options opt = { .reactor = f->reactor, .mode = CSI_NODE };
	struct err err = {0};

	assert_null(csi_new(&opt, &err));
	opt.mode = CSI_CONTROLLER;
	assert_null(csi_new(&opt, &err));
	opt.mode = CSI_NODE;
	opt.block = (struct block *)(void *)&f->block;
	opt.metadata_sources = "imds,ec2";
	assert_null(csi_new(&opt, &err));
	assert_non_null(strstr(err_msg(&err), "\"ec2\""));
	opt.metadata_sources = NULL;
	opt.extra_tags = "kubernetes.io/x=y";
	assert_null(csi_new(&opt, &err));
	assert_non_null(strstr(err_msg(&err), "reserved"));
	err_fini(&err);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(stage_hands_everything_down),
		T(stage_defaults),
		T(stage_of_a_raw_volume_does_nothing),
		T(stage_refuses),
		T(long_mount_flags_are_refused_unseen),
		T(errors_of_the_block_layer_come_through),
		T(local_volumes_name_their_disk),
		T(unstage),
		T(unpublish),
		T(publish_of_a_file_system),
		T(publish_of_a_raw_volume),
		T(publish_refuses),
		T(a_second_call_is_told_what_runs),
		T(two_targets_do_not_wait_for_each_other),
		T(the_lock_lasts_until_the_work_has_ended),
		T(a_deadline_ends_the_call),
		T(stats),
		T(stats_without_inodes),
		T(info_from_the_environment),
		T(methods_of_other_modes_and_unbuilt_ones),
		T(capabilities),
		T(identity),
		T(options_that_cannot_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
