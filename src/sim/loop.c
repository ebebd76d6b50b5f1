#include "sim/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

#define LOOP_MAJOR 7
#define LOOP_RANGE 128	/* numbers tried before giving up */

struct disk {
	char *id;
	char *path;
	char device[32];	/* "" while detached */
	bool complained;	/* the reason why it cannot be attached was logged */
};

struct sim_loop {
	char *dir;
	char *local;
	struct map disks;	/* volume id -> struct disk */
	int control;		/* /dev/loop-control */
	int last;		/* loop number bound last */
	bool added[LOOP_RANGE];	/* loop devices that were not there before us */
};

static void device_path(char *ret, size_t n, int number)
{
	snprintf(ret, n, "/dev/loop%d", number);
}

/* ---- loop devices ---- */

/* 1 bound, 0 free, -1 cannot tell. */
static int is_bound(const char *device)
{
	auto_close int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct loop_info64 info;

	if (fd < 0)
		return -1;
	if (ioctl(fd, LOOP_GET_STATUS64, &info) == 0)
		return 1;
	return errno == ENXIO ? 0 : -1;
}

/* The kernel refuses a second exclusive opener, and a mount is one. Clearing a
 * device that somebody has open only marks it: so look again afterwards. */
static int unbind(const char *device, struct err *err)
{
	int fd = open(device, O_RDWR | O_EXCL | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(err, errno, "%s is in use", device);
	if (ioctl(fd, LOOP_CLR_FD, 0) < 0 && errno != ENXIO) {
		err_set_errno(err, errno, "%s: LOOP_CLR_FD", device);
		close(fd);
		return -1;
	}
	close(fd);
	if (is_bound(device) == 1)
		return err_set(err, GRPC_FAILED_PRECONDITION, "%s is still open", device);
	return 0;
}

/* Containers often lack nodes of devices that were added later. */
static void ensure_node(const char *device, int number)
{
	if (access(device, F_OK) < 0)
		(void)!mknod(device, S_IFBLK | 0660, makedev(LOOP_MAJOR, (unsigned int)number));
}

static int configure(struct sim_loop *l, int number, int file, const char *path)
{
	struct loop_config config = { .fd = (uint32_t)file };
	char device[32];
	int fd, rc;

	if (ioctl(l->control, LOOP_CTL_ADD, number) >= 0)
		l->added[number] = true;
	device_path(device, sizeof(device), number);
	ensure_node(device, number);
	fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%s", path);
	rc = ioctl(fd, LOOP_CONFIGURE, &config);
	close(fd);
	return rc;
}

/* Goes round the numbers, so that a disk that comes back gets another name, as
 * it may on an instance. */
static int bind_disk(struct sim_loop *l, struct disk *d, struct err *err)
{
	auto_close int file = open(d->path, O_RDWR | O_CLOEXEC);
	int problem = ENXIO;

	if (file < 0)
		return err_set_errno(err, errno, "%s", d->path);
	for (int i = 1; i <= LOOP_RANGE; i++) {
		int number = (l->last + i) % LOOP_RANGE;

		if (configure(l, number, file, d->path) == 0) {
			l->last = number;
			device_path(d->device, sizeof(d->device), number);
			return 0;
		}
		if (errno != EBUSY)
			problem = errno;
	}
	return err_set_errno(err, problem, "no loop device for %s", d->path);
}

/* ---- leftovers of an earlier run ---- */

static int backing_file(const char *loop, char *ret, size_t n)
{
	auto_free char *path = xasprintf("/sys/block/%s/loop/backing_file", loop);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, ret, n - 1);

	if (got <= 0)
		return -1;
	ret[got] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

static bool is_ours(const struct sim_loop *l, const char *file)
{
	size_t n = strlen(l->dir);

	return strncmp(file, l->dir, n) == 0 && strncmp(file + n, "/vol-", 5) == 0;
}

static int clear_old_loops(struct sim_loop *l, struct err *err)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return err_set_errno(err, errno, "/sys/block");
	while (rc == 0 && (e = readdir(dir))) {
		char file[PATH_MAX];
		char device[sizeof("/dev/") + NAME_MAX];

		if (strncmp(e->d_name, "loop", 4) != 0 ||
		    backing_file(e->d_name, file, sizeof(file)) < 0 || !is_ours(l, file))
			continue;
		snprintf(device, sizeof(device), "/dev/%s", e->d_name);
		rc = unbind(device, err);
		if (rc < 0)
			err_prefix(err, "left by an earlier run, backed by %s", file);
	}
	closedir(dir);
	return rc;
}

static int remove_old_files(const struct sim_loop *l, struct err *err)
{
	DIR *dir = opendir(l->dir);
	struct dirent *e;

	if (!dir)
		return err_set_errno(err, errno, "%s", l->dir);
	while ((e = readdir(dir)))
		if (strncmp(e->d_name, "vol-", 4) == 0)
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	return 0;
}

/* ---- life ---- */

static int open_all(struct sim_loop *l, const char *dir, struct err *err)
{
	char real[PATH_MAX];

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set_errno(err, errno, "cannot make the disk directory %s", dir);
	if (!realpath(dir, real))
		return err_set_errno(err, errno, "%s", dir);
	l->dir = xstrdup(real);
	l->control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (l->control < 0)
		return err_set_errno(err, errno,
				     "volumes cannot be backed by loop devices (root is "
				     "needed, and the loop driver): /dev/loop-control");
	if (clear_old_loops(l, err) < 0)
		return -1;
	return remove_old_files(l, err);
}

struct sim_loop *sim_loop_new(const char *dir, const char *local_instance, struct err *err)
{
	struct sim_loop *l = xcalloc(1, sizeof(*l));

	l->control = -1;
	l->last = -1;
	map_init(&l->disks);
	l->local = xstrdup(local_instance);
	if (open_all(l, dir, err) < 0) {
		sim_loop_free(l);
		return NULL;
	}
	return l;
}

static void disk_free(struct disk *d)
{
	unlink(d->path);
	free(d->path);
	free(d->id);
	free(d);
}

static void remove_added(struct sim_loop *l)
{
	for (int i = 0; i < LOOP_RANGE; i++)
		if (l->added[i])
			(void)ioctl(l->control, LOOP_CTL_REMOVE, i);
}

void sim_loop_free(struct sim_loop *l)
{
	struct map_iter it = { 0 };
	struct err err = { 0 };
	const char *id;
	void *v;

	if (!l)
		return;
	while (map_next(&l->disks, &it, &id, &v)) {
		struct disk *d = v;

		if (*d->device && unbind(d->device, &err) < 0)
			log_warn(AREA_SIM, "%s: %s", d->id, err_msg(&err));
		disk_free(d);
	}
	if (l->control >= 0) {
		remove_added(l);
		close(l->control);
	}
	err_fini(&err);
	map_fini(&l->disks);
	free(l->local);
	free(l->dir);
	free(l);
}

const char *sim_loop_device(const struct sim_loop *l, const char *volume_id)
{
	const struct disk *d = map_get(&l->disks, volume_id);

	return d && *d->device ? d->device : NULL;
}

/* ---- hooks ---- */

static void on_created(void *ctx, const char *volume_id, int64_t gib)
{
	struct sim_loop *l = ctx;
	struct disk *d = xcalloc(1, sizeof(*d));
	int fd;

	d->id = xstrdup(volume_id);
	d->path = xasprintf("%s/%s", l->dir, volume_id);
	map_put(&l->disks, volume_id, d);
	fd = open(d->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, gib << 30) < 0)
		log_error(AREA_SIM, "%s: cannot make its file: %s", d->path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void on_deleted(void *ctx, const char *volume_id)
{
	struct sim_loop *l = ctx;
	struct disk *d = map_del(&l->disks, volume_id);

	if (d)
		disk_free(d);
}

static bool on_attach(void *ctx, const char *volume_id, const char *instance_id,
		      const char *device)
{
	struct sim_loop *l = ctx;
	struct disk *d = map_get(&l->disks, volume_id);
	struct err err = { 0 };

	if (!d || !cstr_eq(instance_id, l->local) || *d->device)
		return true;
	if (bind_disk(l, d, &err) < 0) {
		if (!d->complained)
			log_warn(AREA_SIM, "%s: %s", volume_id, err_msg(&err));
		d->complained = true;
		err_fini(&err);
		return false;
	}
	d->complained = false;
	log_info(AREA_SIM, "%s: %s (asked for as %s)", volume_id, d->device, device);
	return true;
}

static bool on_detach(void *ctx, const char *volume_id, const char *instance_id, bool force)
{
	struct sim_loop *l = ctx;
	struct disk *d = map_get(&l->disks, volume_id);
	struct err err = { 0 };

	if (!d || !cstr_eq(instance_id, l->local) || !*d->device)
		return true;
	if (unbind(d->device, &err) < 0 && !force) {
		if (!d->complained)
			log_info(AREA_SIM, "%s: busy: %s", volume_id, err_msg(&err));
		d->complained = true;
		err_fini(&err);
		return false;
	}
	err_fini(&err);
	d->complained = false;
	log_info(AREA_SIM, "%s: %s is gone", volume_id, d->device);
	d->device[0] = '\0';
	return true;
}

void sim_loop_hooks(struct sim_loop *l, struct sim_hooks *ret)
{
	*ret = (struct sim_hooks){
		.ctx = l,
		.created = on_created,
		.deleted = on_deleted,
		.attach = on_attach,
		.detach = on_detach,
	};
}
