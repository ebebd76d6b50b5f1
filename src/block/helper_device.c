#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "block/helper.h"
#include "block/identity.h"
#include "block/sysfs.h"

#define SYSFS "/sys"
#define LOCK_WAIT_MS 5000
#define LOCK_STEP_MS 20

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

static struct identity_want want_of(const struct child *c)
{
	return (struct identity_want){
		.volume_id = c->act->volume_id,
		.hint = c->act->hint[0] ? c->act->hint : NULL,
		.allow_loop = c->act->flags & ACT_ALLOW_LOOP,
	};
}

static int not_the_volume(struct child *c, const struct identity *id, const char *where,
			  enum grpc_code code)
{
	struct buf text;

	buf_init(&text, 512);
	identity_describe(id, &text);
	err_set_reason(&c->err, code, "WrongDevice", "%s is %s, not volume %s", where,
		       buf_cstr(&text), c->act->volume_id);
	buf_fini(&text);
	return -1;
}

bool device_vanished(dev_t devno)
{
	return major(devno) != 0 &&
	       !sysfs_exists(SYSFS "/dev/block/%u:%u", major(devno), minor(devno));
}

int device_is_volume(struct child *c, dev_t devno, const char *where)
{
	struct identity_want want = want_of(c);
	struct identity id;

	if (identity_of_devno(SYSFS, devno, &id) < 0)
		return err_set_reason(&c->err, GRPC_FAILED_PRECONDITION, "WrongDevice",
				      "%s is on device %u:%u, not on volume %s", where,
				      major(devno), minor(devno), c->act->volume_id);
	/* Stats of a Xen disk come without a hint, and Xen disks without a serial. */
	if (id.kind == BLOCK_XEN && c->act->kind == ACT_STATS && !want.hint)
		return 0;
	if (!identity_is(&id, &want))
		return not_the_volume(c, &id, where, GRPC_FAILED_PRECONDITION);
	return 0;
}

int device_verify(struct child *c, const struct device *d)
{
	struct identity_want want = want_of(c);
	struct identity id;
	uint64_t seq = 0;

	if (identity_of_devno(SYSFS, d->devno, &id) < 0)
		return err_set(&c->err, GRPC_NOT_FOUND, "%s (volume %s) has gone away",
			       d->path, c->act->volume_id);
	if (!identity_is(&id, &want))
		return not_the_volume(c, &id, d->path, GRPC_NOT_FOUND);
	if (d->diskseq && ioctl(d->fd, BLKGETDISKSEQ, &seq) == 0 && seq != d->diskseq)
		return err_set(&c->err, GRPC_NOT_FOUND,
			       "%s was given to another disk since volume %s was found there",
			       d->path, c->act->volume_id);
	return 0;
}

/* "/dev/nvme1n1": no links of udev, no directories. */
static bool is_kernel_path(const char *path)
{
	static const char ok[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return strncmp(path, "/dev/", 5) == 0 && path[5] &&
	       strspn(path + 5, ok) == strlen(path + 5);
}

static int check_node(struct child *c, struct device *d)
{
	struct stat st;

	if (fstat(d->fd, &st) < 0)
		return err_set_errno(&c->err, errno, "%s", d->path);
	if (!S_ISBLK(st.st_mode))
		return err_set(&c->err, GRPC_NOT_FOUND, "%s is not a block device", d->path);
	d->devno = makedev(c->act->major, c->act->minor);
	if (st.st_rdev != d->devno)
		return err_set(&c->err, GRPC_NOT_FOUND,
			       "%s is device %u:%u, volume %s was found as %u:%u", d->path,
			       major(st.st_rdev), minor(st.st_rdev), c->act->volume_id,
			       c->act->major, c->act->minor);
	return 0;
}

int device_open(struct child *c, struct device *d)
{
	int ro = 0;

	memset(d, 0, sizeof(*d));
	d->path = c->act->device;
	d->diskseq = c->act->diskseq;
	if (!is_kernel_path(d->path))
		return err_set(&c->err, GRPC_INVALID_ARGUMENT,
			       "\"%s\" is not a device of the kernel", d->path);
	child_note(c, "opening %s", d->path);
	d->fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (d->fd < 0) {
		int e = errno;

		err_set_errno(&c->err, e, "open %s (volume %s)", d->path, c->act->volume_id);
		if (e != ENOENT && e != ENXIO && e != ENODEV)
			c->err.code = GRPC_INTERNAL;
		return -1;
	}
	if (check_node(c, d) < 0 || device_verify(c, d) < 0)
		return -1;
	if (ioctl(d->fd, BLKGETSIZE64, &d->bytes) < 0 || ioctl(d->fd, BLKROGET, &ro) < 0)
		return err_set_errno(&c->err, errno, "size of %s", d->path);
	d->ro = ro;
	return 0;
}

int device_lock(struct child *c, const struct device *d)
{
	const struct timespec step = { 0, LOCK_STEP_MS * 1000000L };

	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		if (flock(d->fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return err_set_errno(&c->err, errno, "lock %s", d->path);
		nanosleep(&step, NULL);
	}
	return err_set(&c->err, GRPC_UNAVAILABLE,
		       "another program has held the lock of %s for %d s", d->path,
		       LOCK_WAIT_MS / 1000);
}
