#include "csi/node.h"

#include <string.h>

#include "base/parse.h"

#define PARTITION_MAX 65535

int node_partition(void *const *context, size_t n, uint32_t *ret, struct err *err)
{
	const char *text = pb_map_get(context, n, CSI_PARTITION);
	uint64_t number;

	*ret = 0;
	if (!text)
		return 0;
	if (parse_u64(str_c(*text == '+' ? text + 1 : text), &number) < 0 ||
	    number > PARTITION_MAX)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "volume_context: " CSI_PARTITION " is \"%.100s\", allowed is a number "
			       "from 0 to %d", text, PARTITION_MAX);
	*ret = (uint32_t)number;
	return 0;
}

int node_fs_type(const Csi__V1__VolumeCapability *cap, const struct block_mkfs *mkfs,
		 const char **ret, struct err *err)
{
	static const struct block_mkfs nothing;
	const char *type = cap->mount->fs_type;

	*ret = cstr_empty(type) ? "ext4" : type;
	return block_check_format(*ret, mkfs ? mkfs : &nothing, err);
}

static bool seen_before(const Csi__V1__VolumeCapability__MountVolume *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(m->mount_flags[k], m->mount_flags[i]) == 0)
			return true;
	return false;
}

static bool has_flag(const Csi__V1__VolumeCapability *cap, const char *flag)
{
	for (size_t i = 0; i < cap->mount->n_mount_flags; i++)
		if (strcmp(cap->mount->mount_flags[i], flag) == 0)
			return true;
	return false;
}

bool node_wants_read_only(const Csi__V1__VolumeCapability *cap)
{
	return has_flag(cap, "ro");
}

static void add_option(struct buf *b, const char *flag)
{
	if (b->len)
		buf_addc(b, ',');
	buf_adds(b, flag);
}

int node_mount_options(struct arena *a, const Csi__V1__VolumeCapability *cap,
		       const char *fs_type, const char **ret, struct err *err)
{
	const Csi__V1__VolumeCapability__MountVolume *m = cap->mount;
	struct buf b;
	int rc = 0;

	*ret = NULL;
	if (m->n_mount_flags > NODE_MOUNT_FLAGS_MAX)
		return err_set(err, GRPC_INVALID_ARGUMENT, "mount_flags has %zu elements",
			       m->n_mount_flags);
	buf_init(&b, NODE_MOUNT_FLAGS_MAX);
	for (size_t i = 0; i < m->n_mount_flags; i++)
		if (*m->mount_flags[i] && !seen_before(m, i))
			add_option(&b, m->mount_flags[i]);
	if (cstr_eq(fs_type, "xfs") && !has_flag(cap, "nouuid"))
		add_option(&b, "nouuid");
	if (b.overflow)
		rc = err_set(err, GRPC_INVALID_ARGUMENT,
			     "mount_flags together are longer than %d bytes",
			     NODE_MOUNT_FLAGS_MAX);
	else if (b.len)
		*ret = arena_strn(a, b.data, b.len);
	buf_fini(&b);
	return rc;
}

int node_check_capability(const char *volume_id, const Csi__V1__VolumeCapability *cap,
			  struct err *err)
{
	if (caps_is_local(volume_id))
		return caps_check_local(cap, err);
	return caps_check(cap, err);
}

int node_which_disk(const char *volume_id, void *const *context, size_t n,
		    struct node_disk *ret, struct err *err)
{
	const char *real = pb_map_get(context, n, CSI_PUBLISH_VOLUME);

	ret->device = pb_map_get(context, n, CSI_PUBLISH_DEVICE);
	if (!ret->device)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "publish_context has no " CSI_PUBLISH_DEVICE
			       ": it has to be what ControllerPublishVolume answered");
	if (caps_is_local(volume_id) && cstr_empty(real))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "publish_context has no " CSI_PUBLISH_VOLUME
			       ", which a node-local volume needs");
	ret->volume_id = caps_is_local(volume_id) ? real : volume_id;
	return 0;
}
