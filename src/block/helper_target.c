#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "block/helper.h"

/* An errno that says "there is a mount, and what is below it is dead". */
static bool is_dead(int e)
{
	return e == EIO || e == ENODEV || e == ENXIO || e == ESTALE || e == ENOTCONN ||
	       e == ESHUTDOWN || e == EHOSTDOWN || e == EUCLEAN;
}

/* Linux before 5.8 does not mark mount roots: the table knows. */
static int is_mount(struct child *c, const char *path, const struct statx *sx)
{
	dev_t dev;

	if (sx->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return !!(sx->stx_attributes & STATX_ATTR_MOUNT_ROOT);
	if (table_device_at(c, path, &dev) < 0)
		return -1;
	return dev != 0;
}

int target_look(struct child *c, const char *path, struct target *ret)
{
	struct statx sx;
	int mounted;

	memset(ret, 0, sizeof(*ret));
	child_note(c, "looking at %s", path);
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		  STATX_BASIC_STATS, &sx) < 0) {
		ret->errnum = errno;
		if (errno == ENOENT)
			return 0;
		if (!is_dead(errno)) {
			err_set_errno(&c->err, errno, "%s", path);
			c->err.code = GRPC_INTERNAL;
			return -1;
		}
		ret->state = TARGET_DEAD;
		return 0;
	}
	ret->mode = sx.stx_mode;
	ret->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	ret->rdev = makedev(sx.stx_rdev_major, sx.stx_rdev_minor);
	mounted = is_mount(c, path, &sx);
	if (mounted < 0)
		return -1;
	ret->state = mounted ? TARGET_MOUNT : TARGET_PLAIN;
	/* The root of a file system whose disk was pulled still answers from memory. */
	if (mounted && device_vanished(S_ISBLK(ret->mode) ? ret->rdev : ret->dev)) {
		ret->state = TARGET_DEAD;
		ret->errnum = ENODEV;
	}
	return 0;
}

static int make_dirs(struct child *c, const char *path, size_t len)
{
	char dir[PATH_MAX];

	memcpy(dir, path, len);
	dir[len] = '\0';
	for (size_t i = 1; i <= len; i++) {
		if (i < len && dir[i] != '/')
			continue;
		dir[i] = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
			err_set_errno(&c->err, errno, "create directory %s", dir);
			c->err.code = GRPC_INTERNAL;
			return -1;
		}
		if (i < len)
			dir[i] = '/';
	}
	return 0;
}

/* Length of path without the slashes at its end. */
static size_t path_length(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

int target_mkdirs(struct child *c, const char *path)
{
	child_note(c, "creating directory %s", path);
	return make_dirs(c, path, path_length(path));
}

int target_mkparents(struct child *c, const char *path)
{
	size_t n = path_length(path);

	while (n > 1 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	child_note(c, "creating the directory above %s", path);
	return n > 1 ? make_dirs(c, path, n) : 0;
}

int target_unmount(struct child *c, const char *path)
{
	child_note(c, "unmounting %s", path);
	if (umount2(path, UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT)
		return 0;
	if (errno == EBUSY)
		return err_set_reason(&c->err, GRPC_INTERNAL, "EBUSY",
				      "unmount %s: it is busy: a process has a file or its "
				      "working directory there, or something is mounted below",
				      path);
	err_set_errno(&c->err, errno, "unmount %s", path);
	c->err.code = GRPC_INTERNAL;
	return -1;
}

int target_remove(struct child *c, const char *path, bool is_dir)
{
	child_note(c, "removing %s", path);
	if ((is_dir ? rmdir(path) : unlink(path)) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return err_set_reason(&c->err, GRPC_INTERNAL, "ENOTEMPTY",
				      "remove %s: nothing is mounted there and the directory "
				      "is not empty; what is in it was not touched", path);
	err_set_errno(&c->err, errno, "remove %s", path);
	c->err.code = GRPC_INTERNAL;
	return -1;
}

int target_open(struct child *c, const char *path)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		err_set_errno(&c->err, errno, "%s", path);
		c->err.code = GRPC_INTERNAL;
	}
	return fd;
}
