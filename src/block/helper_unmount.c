/* Unstage, unpublish; and the numbers of a published volume. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "block/block.h"
#include "block/helper.h"
#include "block/sysfs.h"

#define STACK_MAX 16

int act_unmount(struct child *c)
{
	const char *target = c->act->target;
	struct target t;

	for (int i = 0; i < STACK_MAX; i++) {
		if (target_look(c, target, &t) < 0)
			return -1;
		if (t.state == TARGET_ABSENT || t.state == TARGET_PLAIN)
			break;
		if (target_unmount(c, target) < 0)
			return -1;
		c->end.done |= BLOCK_UNMOUNTED;
	}
	if (t.state == TARGET_MOUNT || t.state == TARGET_DEAD)
		return err_set(&c->err, GRPC_INTERNAL,
			       "%s is still a mount point after %d unmounts", target, STACK_MAX);
	if (t.state == TARGET_ABSENT ||
	    (c->act->flags & ACT_KEEP_UNMOUNTED && !(c->end.done & BLOCK_UNMOUNTED))) {
		if (!c->end.done)
			c->end.done = BLOCK_ALREADY;
		return 0;
	}
	if (target_remove(c, target, S_ISDIR(t.mode)) < 0)
		return -1;
	c->end.done |= BLOCK_REMOVED;
	return 0;
}

/* ---- stats ---- */

static int overflow(struct child *c, const char *what)
{
	return err_set(&c->err, GRPC_INTERNAL, "%s: the file system reports nonsense: %s",
		       c->act->target, what);
}

/* bytes = blocks * size, as far as 63 bits go */
static int to_bytes(struct child *c, uint64_t blocks, uint64_t size, uint64_t *ret)
{
	if (__builtin_mul_overflow(blocks, size, ret) || *ret > INT64_MAX)
		return overflow(c, "more than 2^63 bytes");
	return 0;
}

static int fill(struct child *c, const struct statfs *sf)
{
	struct proto_end *e = &c->end;
	uint64_t bs = (uint64_t)sf->f_bsize;
	uint64_t used = sf->f_blocks > sf->f_bfree ? sf->f_blocks - sf->f_bfree : 0;

	if (to_bytes(c, sf->f_blocks, bs, &e->bytes_total) < 0 ||
	    to_bytes(c, used, bs, &e->bytes_used) < 0 ||
	    to_bytes(c, sf->f_bavail, bs, &e->bytes_available) < 0)
		return -1;
	if (sf->f_files < sf->f_ffree)
		return overflow(c, "more free inodes than inodes");
	e->inodes_total = sf->f_files;
	e->inodes_available = sf->f_ffree;
	e->inodes_used = sf->f_files - sf->f_ffree;
	return 0;
}

static int stats_node(struct child *c, dev_t node)
{
	unsigned int maj = major(node), min = minor(node);

	c->end.is_device = 1;
	c->end.bytes_total = sysfs_number("/sys/dev/block/%u:%u/size", maj, min) * 512;
	return 0;
}

/* What is mounted there must be the volume: the numbers of the root disk, when
 * the mount is gone, would be worse than none. */
int act_stats(struct child *c)
{
	const char *path = c->act->target;
	struct statfs sf;
	struct target t;

	if (target_look(c, path, &t) < 0)
		return -1;
	if (t.state == TARGET_DEAD)
		return err_set_reason(&c->err, GRPC_INTERNAL, strerrorname_np(t.errnum),
				      "volume %s at %s: the mount is dead: %s",
				      c->act->volume_id, path, strerror(t.errnum));
	if (t.state != TARGET_MOUNT)
		return err_set(&c->err, GRPC_NOT_FOUND, "volume %s is not mounted at %s: %s",
			       c->act->volume_id, path, t.state == TARGET_ABSENT ?
			       "there is no such path" : "it is not a mount point");
	if (device_is_volume(c, S_ISBLK(t.mode) ? t.rdev : t.dev, path) < 0) {
		c->err.code = GRPC_NOT_FOUND;
		return -1;
	}
	if (S_ISBLK(t.mode))
		return stats_node(c, t.rdev);
	child_note(c, "statfs of %s", path);
	if (statfs(path, &sf) < 0) {
		err_set_errno(&c->err, errno, "statfs of %s", path);
		c->err.code = GRPC_INTERNAL;
		return -1;
	}
	return fill(c, &sf);
}
