/* The acts: inputs into requests, answers into results. */
#include <stdio.h>
#include <string.h>

#include "block/internal.h"

static int set_device(struct block_act *a, const struct block_device *dev,
		      struct proto_act *ret)
{
	if (!dev || !dev->path[0])
		return op_err(&a->op, GRPC_INTERNAL, "%s of volume %s without a device",
			      a->op.cls->name, a->volume_id);
	ret->device = dev->path;
	ret->major = dev->major;
	ret->minor = dev->minor;
	ret->diskseq = dev->diskseq;
	snprintf(a->device, sizeof(a->device), "%s", dev->path);
	return 0;
}

static int set_target(struct block_act *a, const char *field, const char *path,
		      const char **ret)
{
	*ret = path;
	return block_check_path(field, path, &a->op.err);
}

/* ---- stage ---- */

static int stage_fill(struct block_act *a, struct proto_act *ret)
{
	struct block_stage *s = container_of(a, struct block_stage, act);
	const struct block_mkfs *m = &s->mkfs;

	if (block_check_format(s->fs_type, m, &a->op.err) < 0 ||
	    set_target(a, "staging path", s->target, &ret->target) < 0 ||
	    set_device(a, s->dev, ret) < 0)
		return -1;
	ret->hint = s->hint;
	ret->fs_type = s->fs_type;
	ret->options = s->options;
	ret->block_size = m->block_size;
	ret->inode_size = m->inode_size;
	ret->bytes_per_inode = m->bytes_per_inode;
	ret->number_of_inodes = m->number_of_inodes;
	ret->cluster_size = m->cluster_size;
	ret->flags |= (m->bigalloc ? ACT_BIGALLOC : 0u) |
		      (m->encryption ? ACT_ENCRYPTION : 0u) |
		      (m->legacy_xfs ? ACT_LEGACY_XFS : 0u) | (s->grow ? ACT_GROW : 0u);
	return 0;
}

static void stage_take(struct block_act *a, const struct proto_end *end)
{
	struct block_stage *s = container_of(a, struct block_stage, act);

	s->done = end->done;
	snprintf(s->fs_found, sizeof(s->fs_found), "%s", end->fs_found);
	s->mount_us = end->mount_us;
	s->child_us = end->child_us;
}

static const struct act_type stage_type = {
	.cls = ACT_CLASS("stage"), .kind = ACT_STAGE, .fill = stage_fill, .take = stage_take,
};

void block_stage_init(struct block_stage *s, struct block *b)
{
	act_init(&s->act, b, &stage_type);
}

/* ---- unstage, unpublish ---- */

static int unmount_fill(struct block_act *a, struct proto_act *ret)
{
	struct block_unmount *u = container_of(a, struct block_unmount, act);

	if (u->keep_unmounted)
		ret->flags |= ACT_KEEP_UNMOUNTED;
	return set_target(a, "path", u->target, &ret->target);
}

static void unmount_take(struct block_act *a, const struct proto_end *end)
{
	container_of(a, struct block_unmount, act)->done = end->done;
}

static const struct act_type unstage_type = {
	.cls = ACT_CLASS("unstage"), .kind = ACT_UNMOUNT,
	.fill = unmount_fill, .take = unmount_take,
};

static const struct act_type unpublish_type = {
	.cls = ACT_CLASS("unpublish"), .kind = ACT_UNMOUNT,
	.fill = unmount_fill, .take = unmount_take,
};

void block_unstage_init(struct block_unmount *u, struct block *b)
{
	act_init(&u->act, b, &unstage_type);
	u->keep_unmounted = true;
}

void block_unpublish_init(struct block_unmount *u, struct block *b)
{
	act_init(&u->act, b, &unpublish_type);
	u->keep_unmounted = false;
}

/* ---- publish ---- */

static int publish_fs_fill(struct block_act *a, struct proto_act *ret)
{
	struct block_publish_fs *p = container_of(a, struct block_publish_fs, act);

	ret->hint = p->hint;
	ret->fs_type = p->fs_type;
	ret->options = p->options;
	ret->flags |= p->ro ? ACT_RO : 0u;
	return set_target(a, "staging path", p->staging, &ret->source) < 0 ?
	       -1 : set_target(a, "target path", p->target, &ret->target);
}

static void publish_fs_take(struct block_act *a, const struct proto_end *end)
{
	container_of(a, struct block_publish_fs, act)->done = end->done;
}

static const struct act_type publish_fs_type = {
	.cls = ACT_CLASS("publish"), .kind = ACT_PUBLISH_FS,
	.fill = publish_fs_fill, .take = publish_fs_take,
};

void block_publish_fs_init(struct block_publish_fs *p, struct block *b)
{
	act_init(&p->act, b, &publish_fs_type);
}

static int publish_device_fill(struct block_act *a, struct proto_act *ret)
{
	struct block_publish_device *p = container_of(a, struct block_publish_device, act);

	ret->hint = p->hint;
	ret->flags |= p->ro ? ACT_RO : 0u;
	if (set_target(a, "target path", p->target, &ret->target) < 0)
		return -1;
	return set_device(a, p->dev, ret);
}

static void publish_device_take(struct block_act *a, const struct proto_end *end)
{
	container_of(a, struct block_publish_device, act)->done = end->done;
}

static const struct act_type publish_device_type = {
	.cls = ACT_CLASS("publish_device"), .kind = ACT_PUBLISH_DEVICE,
	.fill = publish_device_fill, .take = publish_device_take,
};

void block_publish_device_init(struct block_publish_device *p, struct block *b)
{
	act_init(&p->act, b, &publish_device_type);
}

/* ---- stats ---- */

static int stats_fill(struct block_act *a, struct proto_act *ret)
{
	struct block_stats *s = container_of(a, struct block_stats, act);

	ret->hint = s->hint;
	return set_target(a, "volume path", s->path, &ret->target);
}

static void stats_take(struct block_act *a, const struct proto_end *end)
{
	struct block_stats *s = container_of(a, struct block_stats, act);

	s->is_device = end->is_device;
	s->bytes_total = end->bytes_total;
	s->bytes_used = end->bytes_used;
	s->bytes_available = end->bytes_available;
	s->inodes_total = end->inodes_total;
	s->inodes_used = end->inodes_used;
	s->inodes_available = end->inodes_available;
}

static const struct act_type stats_type = {
	.cls = ACT_CLASS("stats"), .kind = ACT_STATS, .fill = stats_fill, .take = stats_take,
};

void block_stats_init(struct block_stats *s, struct block *b)
{
	act_init(&s->act, b, &stats_type);
}
