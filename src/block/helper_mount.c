/* Mounting by the file-descriptor API (Linux 5.12): a mount is made unattached,
 * looked at, and only then put at its place; a process that is killed in between
 * leaves nothing behind. */
#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "block/helper.h"

#define MESSAGES_MAX 2048

/* What the kernel has to say ("e xfs: Unknown parameter 'bogus'"), joined. */
static void add_messages(int fs_fd, struct buf *out)
{
	char line[512];
	ssize_t n;

	while ((n = read(fs_fd, line, sizeof(line) - 1)) > 0) {
		struct str s = str_trim(str_n(line, (size_t)n));

		if (s.n > 2 && s.p[1] == ' ')
			s = str_n(s.p + 2, s.n - 2);
		buf_printf(out, "%s%.*s", out->len ? "; " : ": ", STR(s));
	}
}

static int fail(struct child *c, int fs_fd, int e, enum grpc_code code, const char *what,
		const char *detail)
{
	struct buf said;

	buf_init(&said, MESSAGES_MAX);
	if (fs_fd >= 0)
		add_messages(fs_fd, &said);
	err_set_reason(&c->err, code, strerrorname_np(e), "%s %s: %s%s", what, detail,
		       strerror(e), buf_cstr(&said));
	buf_fini(&said);
	return -1;
}

/* One option to the file system; a quoted value goes without its quotes. */
static int set_option(struct child *c, int fs_fd, const char *name, const char *value)
{
	int rc = value ? fsconfig(fs_fd, FSCONFIG_SET_STRING, name, value, 0) :
			 fsconfig(fs_fd, FSCONFIG_SET_FLAG, name, NULL, 0);

	if (rc == 0)
		return 0;
	return fail(c, fs_fd, errno, GRPC_INVALID_ARGUMENT, "mount option", name);
}

static int set_options(struct child *c, int fs_fd, const char *text)
{
	char *rest = (char *)(uintptr_t)text, *name, *value;
	size_t n, value_n;
	int rc = 0;

	while (rc == 0 && rest && *rest &&
	       mnt_optstr_next_option(&rest, &name, &n, &value, &value_n) == 0) {
		auto_free char *key = xstrndup(name, n);
		auto_free char *val = NULL;

		if (value && value_n >= 2 && value[0] == '"' && value[value_n - 1] == '"')
			val = xstrndup(value + 1, value_n - 2);
		else if (value)
			val = xstrndup(value, value_n);
		rc = set_option(c, fs_fd, key, val);
	}
	return rc;
}

/* The device behind an unattached mount must be the one that was checked. */
static int verify_mount(struct child *c, int mount_fd, const struct device *d)
{
	struct statx sx;

	if (statx(mount_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) < 0)
		return fail(c, -1, errno, GRPC_INTERNAL, "look at the new mount of", d->path);
	if (makedev(sx.stx_dev_major, sx.stx_dev_minor) != d->devno)
		return err_set(&c->err, GRPC_NOT_FOUND,
			       "%s was exchanged while it was being mounted: the mount is on "
			       "device %u:%u", d->path, sx.stx_dev_major, sx.stx_dev_minor);
	return device_verify(c, d);
}

static int create(struct child *c, int fs_fd, const struct device *d, const char *fs_type,
		  const struct mount_options *m)
{
	if (fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", d->path, 0) < 0)
		return fail(c, fs_fd, errno, GRPC_INTERNAL, "mount", d->path);
	if (m->ro && fsconfig(fs_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return fail(c, fs_fd, errno, GRPC_INTERNAL, "mount ro", d->path);
	if (set_options(c, fs_fd, m->fs) < 0)
		return -1;
	child_note(c, "mounting %s as %s", d->path, fs_type);
	if (fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail(c, fs_fd, errno, GRPC_INTERNAL, "mount", d->path);
	return 0;
}

int mount_device(struct child *c, const struct device *d, const char *fs_type,
		 const struct mount_options *m, const char *target)
{
	auto_close int fs_fd = fsopen(fs_type, FSOPEN_CLOEXEC);
	auto_close int mount_fd = -1;
	int64_t begun = now_us();

	if (fs_fd < 0)
		return fail(c, -1, errno, GRPC_INTERNAL, errno == ENODEV ?
			    "this kernel does not know file system" : "fsopen", fs_type);
	if (create(c, fs_fd, d, fs_type, m) < 0)
		return -1;
	mount_fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned int)m->attr_set);
	if (mount_fd < 0)
		return fail(c, fs_fd, errno, GRPC_INTERNAL, "mount", d->path);
	if (verify_mount(c, mount_fd, d) < 0 || mount_attach(c, mount_fd, NULL, target) < 0)
		return -1;
	c->end.mount_us += (uint64_t)(now_us() - begun);
	return 0;
}

int mount_clone(struct child *c, const char *path)
{
	int fd = open_tree(AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	return fd < 0 ? fail(c, -1, errno, GRPC_INTERNAL, "bind", path) : fd;
}

/* MOUNT_ATTR_* of m are applied before anybody can see the mount. */
int mount_attach(struct child *c, int mount_fd, const struct mount_options *m,
		 const char *target)
{
	auto_close int at = target_open(c, target);
	struct mount_attr attr = { 0 };

	if (at < 0)
		return -1;
	if (m) {
		attr.attr_set = m->attr_set;
		attr.attr_clr = m->attr_clear;
	}
	if ((attr.attr_set || attr.attr_clr) &&
	    mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return fail(c, -1, errno, GRPC_INTERNAL,
			    "set mount attributes (needs Linux 5.12) for", target);
	if (move_mount(mount_fd, "", at, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail(c, -1, errno, GRPC_INTERNAL, "mount at", target);
	return 0;
}
