/* Stage, in one child:
 *   open, identify -> look at the target -> in use? -> probe -> decide
 *     -> mkfs | fsck where due -> mount, unattached -> identify -> attach -> grow
 * Before mkfs, fsck and mount the caller is asked and the identity checked again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/str.h"
#include "block/block.h"
#include "block/ext_sb.h"
#include "block/helper_probe.h"
#include "block/sysfs.h"

#define XFS_MAGIC 0x58465342
#define EXT_MAGIC 0xEF53

struct stage {
	struct child *c;
	const char *target;
	const char *fs_type;
	struct device dev;
	struct mount_options opt;
	bool in_use;		/* mounted elsewhere on this node */
};

static void set_found(struct child *c, const char *type)
{
	snprintf(c->fs_found, sizeof(c->fs_found), "%.*s", (int)sizeof(c->fs_found) - 1, type);
}

/* ---- mounted already ---- */

static const char *type_on_disk(const struct stage *s, const struct statfs *sf)
{
	uint8_t p[EXT_SB_SIZE];
	struct ext_sb sb;

	if (sf->f_type == XFS_MAGIC)
		return "xfs";
	if (sf->f_type != EXT_MAGIC)
		return "another file system";
	if (pread(s->dev.fd, p, sizeof(p), EXT_SB_OFFSET) != (ssize_t)sizeof(p) ||
	    ext_sb_parse(p, &sb) < 0)
		return s->fs_type;
	return sb.is_ext4 ? "ext4" : sb.has_journal ? "ext3" : "ext2";
}

static bool fits(const char *found, const char *wanted)
{
	return strcmp(found, wanted) == 0 ||
	       (strcmp(wanted, "ext4") == 0 && strncmp(found, "ext", 3) == 0);
}

static int already_there(struct stage *s)
{
	struct child *c = s->c;
	struct statfs sf;
	const char *type;
	bool ro;

	child_note(c, "statfs of %s", s->target);
	if (statfs(s->target, &sf) < 0) {
		err_set_errno(&c->err, errno, "statfs of %s", s->target);
		c->err.code = GRPC_INTERNAL;
		return -1;
	}
	type = type_on_disk(s, &sf);
	ro = sf.f_flags & ST_RDONLY;
	if (!fits(type, s->fs_type) || ro != s->opt.ro)
		return err_set(&c->err, GRPC_ALREADY_EXISTS,
			       "%s is mounted at %s already, as %s %s; %s %s was asked for",
			       s->dev.path, s->target, type, ro ? "ro" : "rw", s->fs_type,
			       s->opt.ro ? "ro" : "rw");
	set_found(c, type);
	c->end.done |= BLOCK_ALREADY;
	return c->act->flags & ACT_GROW && !ro ? fs_grow(c, &s->dev, s->target) : 0;
}

/* ---- the target ---- */

/* A dead mount goes, unless others of the same file system keep it alive: a new
 * mount would be that dead one again. */
static int clean_dead(struct stage *s, const struct target *t)
{
	struct child *c = s->c;
	dev_t dev;
	int n;

	if (table_device_at(c, s->target, &dev) < 0)
		return -1;
	if (!dev)
		return err_set(&c->err, GRPC_INTERNAL, "%s: %s, and nothing is mounted there",
			       s->target, strerror(t->errnum));
	if (!device_vanished(dev)) {
		n = table_count(c, dev, NULL, 0);
		if (n < 0)
			return -1;
		if (n > 1)
			return err_set(&c->err, GRPC_INTERNAL,
				       "the file system at %s has shut down (%s) and is mounted "
				       "at %d other places: unpublish these first", s->target,
				       strerror(t->errnum), n - 1);
	}
	if (target_unmount(c, s->target) < 0)
		return -1;
	c->end.done |= BLOCK_CLEANED;
	return 0;
}

static int other_mount(struct stage *s, const struct target *t)
{
	char name[64];

	if (sysfs_link_name(name, sizeof(name), "/sys/dev/block/%u:%u",
			    major(t->dev), minor(t->dev)) < 0)
		strncpy(name, "a file system without a device", sizeof(name));
	return err_set(&s->c->err, GRPC_FAILED_PRECONDITION,
		       "%s is a mount of %s, not of %s (volume %s): unstage it first",
		       s->target, name, s->dev.path, s->c->act->volume_id);
}

/* 1: nothing to do any more. 0: an unmounted directory is there. */
static int prepare_target(struct stage *s)
{
	struct child *c = s->c;
	struct target t;

	if (target_look(c, s->target, &t) < 0)
		return -1;
	if (t.state == TARGET_MOUNT && t.dev == s->dev.devno)
		return already_there(s) < 0 ? -1 : 1;
	if (t.state == TARGET_MOUNT)
		return other_mount(s, &t);
	if (t.state == TARGET_DEAD)
		return clean_dead(s, &t);
	if (t.state == TARGET_ABSENT)
		return target_mkdirs(c, s->target);
	if (!S_ISDIR(t.mode))
		return err_set(&c->err, GRPC_INTERNAL, "%s is not a directory", s->target);
	return 0;
}

/* ---- the disk ---- */

/* Exclusive opening fails when the disk or a partition of it is mounted, is swap,
 * or is held by md, dm and the like. Ours mounted elsewhere is fine. */
static int check_in_use(struct stage *s)
{
	auto_close int fd = open(s->dev.path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	struct child *c = s->c;
	int n;

	if (fd >= 0)
		return 0;
	if (errno != EBUSY) {
		err_set_errno(&c->err, errno, "open %s", s->dev.path);
		c->err.code = GRPC_INTERNAL;
		return -1;
	}
	n = table_count(c, s->dev.devno, NULL, 0);
	if (n < 0)
		return -1;
	s->in_use = true;
	if (n > 0)
		return 0;
	return err_set_reason(&c->err, GRPC_FAILED_PRECONDITION, "InUse",
			      "%s (volume %s) is in use: a mounted partition, swap, RAID, LVM, "
			      "or a program (mkfs?) holds it", s->dev.path, c->act->volume_id);
}

static int format(struct stage *s)
{
	struct child *c = s->c;

	if (device_lock(c, &s->dev) < 0 || fs_make(c, &s->dev) < 0)
		return -1;
	set_found(c, s->fs_type);
	return 0;
}

static int use(struct stage *s, const struct probe *p)
{
	struct child *c = s->c;

	set_found(c, p->type);
	if (strncmp(p->type, "ext", 3) || s->opt.ro || s->dev.ro || s->in_use)
		return 0;
	if (device_lock(c, &s->dev) < 0)
		return -1;
	return fs_check(c, &s->dev);
}

static int make_ready(struct stage *s)
{
	struct probe p = { 0 };

	if (probe_device(s->c, &s->dev, &p) < 0)
		return -1;
	p.facts.in_use = s->in_use;
	switch (probe_decide(&p.facts, s->fs_type, s->opt.ro, &s->c->err)) {
	case PROBE_USE:
		return use(s, &p);
	case PROBE_FORMAT:
		return format(s);
	case PROBE_REFUSE:
		err_prefix(&s->c->err, "volume %s", s->c->act->volume_id);
		break;
	}
	return -1;
}

static int mount_it(struct stage *s)
{
	struct child *c = s->c;

	if (child_ask(c, PHASE_MOUNT) < 0 || device_verify(c, &s->dev) < 0 ||
	    mount_device(c, &s->dev, s->fs_type, &s->opt, s->target) < 0)
		return -1;
	c->end.done |= BLOCK_MOUNTED;
	if (!(c->act->flags & ACT_GROW) || s->opt.ro || s->dev.ro)
		return 0;
	return fs_grow(c, &s->dev, s->target);
}

static int check_format(struct child *c)
{
	const struct proto_act *a = c->act;
	struct block_mkfs m = {
		.block_size = a->block_size, .inode_size = a->inode_size,
		.bytes_per_inode = a->bytes_per_inode,
		.number_of_inodes = a->number_of_inodes, .cluster_size = a->cluster_size,
		.bigalloc = a->flags & ACT_BIGALLOC, .encryption = a->flags & ACT_ENCRYPTION,
	};

	return block_check_format(a->fs_type, &m, &c->err);
}

int act_stage(struct child *c)
{
	struct stage s = { .c = c, .target = c->act->target, .fs_type = c->act->fs_type };
	int rc;

	if (check_format(c) < 0 || mount_options_parse(c->act->options, &s.opt, &c->err) < 0 ||
	    device_open(c, &s.dev) < 0)
		return -1;
	rc = prepare_target(&s);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (check_in_use(&s) < 0 || make_ready(&s) < 0)
		return -1;
	return mount_it(&s);
}
