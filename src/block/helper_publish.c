/* Binds: a staged file system onto a directory, a device node onto a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "block/block.h"
#include "block/helper.h"

struct publish {
	struct child *c;
	const char *target;
	struct mount_options opt;	/* of the bind */
	bool ro;			/* what will be seen at the target */
	dev_t dev;			/* what must be there: file system or node */
	bool is_node;
	bool created;
};

static int mounted_ro(struct child *c, const char *path, bool *ret)
{
	struct statvfs sv;

	child_note(c, "statfs of %s", path);
	if (statvfs(path, &sv) < 0) {
		err_set_errno(&c->err, errno, "statfs of %s", path);
		c->err.code = GRPC_INTERNAL;
		return -1;
	}
	*ret = sv.f_flag & ST_RDONLY;
	return 0;
}

/* Something is mounted at the target: is it what was asked for? */
static int compare(struct publish *p, const struct target *t)
{
	struct child *c = p->c;
	bool same = p->is_node ? S_ISBLK(t->mode) && t->rdev == p->dev : t->dev == p->dev;
	bool ro;

	if (!same)
		return err_set(&c->err, GRPC_ALREADY_EXISTS,
			       "%s is a mount of something else (device %u:%u), not of volume "
			       "%s: unpublish it first", p->target,
			       major(p->is_node ? t->rdev : t->dev),
			       minor(p->is_node ? t->rdev : t->dev), c->act->volume_id);
	if (mounted_ro(c, p->target, &ro) < 0)
		return -1;
	if (ro != p->ro)
		return err_set(&c->err, GRPC_ALREADY_EXISTS,
			       "%s is published at %s already, %s; %s was asked for",
			       c->act->volume_id, p->target, ro ? "read-only" : "writable",
			       p->ro ? "read-only" : "writable");
	c->end.done |= BLOCK_ALREADY;
	return 0;
}

static int create_target(struct publish *p)
{
	struct child *c = p->c;
	auto_close int fd = -1;

	if (!p->is_node)
		return target_mkdirs(c, p->target);
	if (target_mkparents(c, p->target) < 0)
		return -1;
	fd = open(p->target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		err_set_errno(&c->err, errno, "create %s", p->target);
		c->err.code = GRPC_INTERNAL;
		return -1;
	}
	p->created = true;
	return 0;
}

/* 1: it is published already; 0: an empty place to bind onto is there. */
static int prepare_target(struct publish *p)
{
	struct child *c = p->c;
	struct target t;

	for (int i = 0; i < 16; i++) {
		if (target_look(c, p->target, &t) < 0)
			return -1;
		if (t.state == TARGET_ABSENT)
			return create_target(p);
		if (t.state == TARGET_MOUNT)
			return compare(p, &t) < 0 ? -1 : 1;
		if (t.state == TARGET_PLAIN)
			break;
		if (target_unmount(c, p->target) < 0)
			return -1;
		c->end.done |= BLOCK_CLEANED;
	}
	if (p->is_node ? !S_ISREG(t.mode) : !S_ISDIR(t.mode))
		return err_set(&c->err, GRPC_INTERNAL, "%s is not a %s", p->target,
			       p->is_node ? "file" : "directory");
	return 0;
}

static int bind(struct publish *p, const char *from)
{
	auto_close int fd = mount_clone(p->c, from);
	struct statx sx;
	dev_t dev;

	if (fd < 0)
		return -1;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) < 0)
		return err_set_errno(&p->c->err, errno, "look at the bind of %s", from);
	dev = p->is_node ? makedev(sx.stx_rdev_major, sx.stx_rdev_minor) :
			   makedev(sx.stx_dev_major, sx.stx_dev_minor);
	if (dev != p->dev || p->is_node != S_ISBLK(sx.stx_mode))
		return err_set(&p->c->err, GRPC_FAILED_PRECONDITION,
			       "%s was exchanged while it was being published", from);
	child_note(p->c, "binding %s to %s", from, p->target);
	if (mount_attach(p->c, fd, &p->opt, p->target) < 0)
		return -1;
	p->c->end.done |= BLOCK_MOUNTED;
	return 0;
}

/* Only what belongs to a bind; what the stage forbids stays forbidden. */
static int bind_options(struct publish *p)
{
	if (mount_options_parse(p->c->act->options, &p->opt, &p->c->err) < 0)
		return -1;
	p->opt.attr_clear &= MOUNT_ATTR__ATIME;
	p->ro = p->opt.ro || p->c->act->flags & ACT_RO;
	if (p->ro)
		p->opt.attr_set |= MOUNT_ATTR_RDONLY;
	return 0;
}

static int check_stage(struct publish *p)
{
	struct child *c = p->c;
	const char *staging = c->act->source;
	struct target t;
	bool ro;

	if (target_look(c, staging, &t) < 0)
		return -1;
	if (t.state != TARGET_MOUNT)
		return err_set_reason(&c->err, GRPC_FAILED_PRECONDITION, "NotStaged",
				      "volume %s is not staged: %s %s; nothing was published",
				      c->act->volume_id, staging,
				      t.state == TARGET_ABSENT ? "does not exist" :
				      t.state == TARGET_DEAD ? "is a dead mount" :
				      "is not a mount point");
	if (device_is_volume(c, t.dev, staging) < 0 || mounted_ro(c, staging, &ro) < 0)
		return -1;
	p->dev = t.dev;
	p->ro = p->ro || ro;
	return 0;
}

int act_publish_fs(struct child *c)
{
	struct publish p = { .c = c, .target = c->act->target };
	int rc;

	if (bind_options(&p) < 0 || check_stage(&p) < 0)
		return -1;
	rc = prepare_target(&p);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return bind(&p, c->act->source);
}

int act_publish_device(struct child *c)
{
	struct publish p = { .c = c, .target = c->act->target, .is_node = true };
	struct device d;
	int rc;

	if (bind_options(&p) < 0 || device_open(c, &d) < 0)
		return -1;
	p.dev = d.devno;
	rc = prepare_target(&p);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = device_verify(c, &d) < 0 ? -1 : bind(&p, d.path);
	if (rc < 0 && p.created)
		(void)unlink(p.target);
	return rc;
}
