/* Growing a mounted file system by the kernel's own calls. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "block/block.h"
#include "block/ext_sb.h"
#include "block/helper.h"

#define EXT_MAGIC 0xEF53
#define XFS_MAGIC 0x58465342
#define EXT4_RESIZE _IOW('f', 16, uint64_t)

/* The oldest form of each, which all kernels know. */
struct xfs_geometry {
	uint32_t block_size, rt_extent, ag_blocks, ag_count, log_blocks, sector_size;
	uint32_t inode_size, imaxpct;
	uint64_t data_blocks;
	uint8_t rest[72];
};
struct xfs_grow {
	uint64_t new_blocks;
	uint32_t imaxpct;
};
_Static_assert(sizeof(struct xfs_geometry) == 112, "size is part of the ioctl");
_Static_assert(sizeof(struct xfs_grow) == 16, "size is part of the ioctl");
#define XFS_GEOMETRY _IOR('X', 100, struct xfs_geometry)
#define XFS_GROW _IOW('X', 110, struct xfs_grow)

static int failed(struct child *c, const struct device *d, int e, uint64_t from, uint64_t to)
{
	err_set_reason(&c->err, GRPC_INTERNAL, strerrorname_np(e),
		       "grow the file system of %s from %" PRIu64 " to %" PRIu64 " bytes: %s%s",
		       d->path, from, to, strerror(e), e == EPERM ?
		       " (ext4: the helper needs CAP_SYS_RESOURCE, and the file system must "
		       "be free of errors)" : "");
	return -1;
}

static int grow_ext(struct child *c, const struct device *d, int dir)
{
	uint8_t p[EXT_SB_SIZE];
	struct ext_sb sb;
	uint64_t want;

	if (pread(d->fd, p, sizeof(p), EXT_SB_OFFSET) != (ssize_t)sizeof(p) ||
	    ext_sb_parse(p, &sb) < 0)
		return err_set(&c->err, GRPC_INTERNAL, "read the superblock of %s", d->path);
	want = ext_sb_blocks_for(&sb, d->bytes, (uint32_t)sysconf(_SC_PAGESIZE));
	if (want <= sb.blocks)
		return 0;
	child_note(c, "growing the file system of %s", d->path);
	if (ioctl(dir, EXT4_RESIZE, &want) < 0)
		return failed(c, d, errno, sb.blocks * sb.block_size, want * sb.block_size);
	c->end.done |= BLOCK_GROWN;
	return 0;
}

static int grow_xfs(struct child *c, const struct device *d, int dir)
{
	struct xfs_geometry geo = { 0 };
	struct xfs_grow grow = { 0 };

	if (ioctl(dir, XFS_GEOMETRY, &geo) < 0 || geo.block_size == 0)
		return err_set_errno(&c->err, errno, "geometry of xfs on %s", d->path);
	grow.new_blocks = d->bytes / geo.block_size;
	grow.imaxpct = geo.imaxpct;
	if (grow.new_blocks <= geo.data_blocks)
		return 0;
	child_note(c, "growing the file system of %s", d->path);
	if (ioctl(dir, XFS_GROW, &grow) < 0)
		return failed(c, d, errno, geo.data_blocks * geo.block_size,
			      grow.new_blocks * geo.block_size);
	c->end.done |= BLOCK_GROWN;
	return 0;
}

int fs_grow(struct child *c, const struct device *d, const char *target)
{
	auto_close int dir = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs sf;

	if (dir < 0 || fstatfs(dir, &sf) < 0)
		return err_set_errno(&c->err, errno, "%s", target);
	if (sf.f_type == EXT_MAGIC)
		return grow_ext(c, d, dir);
	return sf.f_type == XFS_MAGIC ? grow_xfs(c, d, dir) : 0;
}
