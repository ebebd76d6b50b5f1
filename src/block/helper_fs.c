/* mkfs and fsck: the two programs the kernel has no call for. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "block/block.h"
#include "block/ext_sb.h"
#include "block/helper.h"

#define ARGS_MAX 32

struct args {
	const char *argv[ARGS_MAX];
	size_t n;
	char *owned[8];
	size_t n_owned;
};

static void arg(struct args *a, const char *s)
{
	if (a->n + 1 < ARGS_MAX)
		a->argv[a->n++] = s;
}

static void option(struct args *a, const char *flag, const char *value)
{
	if (!value[0])
		return;
	arg(a, flag);
	arg(a, value);
}

static void xfs_size(struct args *a, const char *flag, const char *value)
{
	if (!value[0])
		return;
	a->owned[a->n_owned] = xasprintf("size=%s", value);
	option(a, flag, a->owned[a->n_owned++]);
}

static void ext_args(struct args *a, const struct proto_act *act)
{
	option(a, "-b", act->block_size);
	option(a, "-I", act->inode_size);
	option(a, "-i", act->bytes_per_inode);
	option(a, "-N", act->number_of_inodes);
	option(a, "-O", act->flags & ACT_BIGALLOC ? "bigalloc" : "");
	option(a, "-C", act->cluster_size);
	option(a, "-O", act->flags & ACT_ENCRYPTION ? "encrypt" : "");
	arg(a, "-q");
	arg(a, "-F");
	arg(a, "-m0");
}

static void xfs_args(struct args *a, const struct proto_act *act)
{
	xfs_size(a, "-b", act->block_size);
	xfs_size(a, "-i", act->inode_size);
	if (act->flags & ACT_LEGACY_XFS) {
		option(a, "-m", "bigtime=0,inobtcount=0,reflink=0");
		option(a, "-i", "nrext64=0");
	}
	arg(a, "-q");
	arg(a, "-f");
}

static int run_mkfs(struct child *c, const struct device *d, struct args *a)
{
	auto_free char *output = NULL;
	int64_t begun = now_us();
	int rc;

	child_note(c, "%s of %s", a->argv[0], d->path);
	rc = run_program(c, a->argv, &output);
	if (rc == 0)
		return 0;
	if (rc > 0)
		err_set_reason(&c->err, GRPC_INTERNAL, "MkfsFailed",
			       "%s %s ended with %s %d after %lld ms: %s", a->argv[0], d->path,
			       rc > 128 ? "signal" : "exit status", rc > 128 ? rc - 128 : rc,
			       (long long)(now_us() - begun) / 1000, output);
	return -1;
}

int fs_make(struct child *c, const struct device *d)
{
	const struct proto_act *act = c->act;
	auto_free char *program = xasprintf("mkfs.%s", act->fs_type);
	struct args a = { .n = 0 };
	int rc;

	if (child_ask(c, PHASE_MKFS) < 0 || device_verify(c, d) < 0)
		return -1;
	arg(&a, program);
	if (strcmp(act->fs_type, "xfs") == 0)
		xfs_args(&a, act);
	else
		ext_args(&a, act);
	arg(&a, d->path);
	rc = run_mkfs(c, d, &a);
	for (size_t i = 0; i < a.n_owned; i++)
		free(a.owned[i]);
	if (rc == 0)
		c->end.done |= BLOCK_FORMATTED;
	return rc;
}

static int read_ext_sb(struct child *c, const struct device *d, struct ext_sb *sb)
{
	uint8_t p[EXT_SB_SIZE];
	ssize_t n = pread(d->fd, p, sizeof(p), EXT_SB_OFFSET);

	if (n != (ssize_t)sizeof(p)) {
		err_set_errno(&c->err, n < 0 ? errno : EIO, "read the superblock of %s",
			      d->path);
		c->err.code = GRPC_INTERNAL;
		return -1;
	}
	if (ext_sb_parse(p, sb) < 0)
		return err_set(&c->err, GRPC_INTERNAL, "%s: its superblock makes no sense",
			       d->path);
	return 0;
}

/* Bit 4: errors are left. 8 and more: e2fsck itself had a problem, and the kernel
 * decides whether it mounts. */
static int run_fsck(struct child *c, const struct device *d, const char *due)
{
	const char *const argv[] = { "e2fsck", "-a", d->path, NULL };
	auto_free char *output = NULL;
	int rc;

	child_note(c, "e2fsck of %s (%s)", d->path, due);
	rc = run_program(c, argv, &output);
	if (rc < 0)
		return -1;
	c->end.done |= BLOCK_CHECKED;
	if (rc < 8 && (rc & 4))
		return err_set_reason(&c->err, GRPC_INTERNAL, "FsckFailed",
				      "%s needs repair by hand (e2fsck -f %s; a check was due "
				      "because %s): e2fsck -a left errors: %s", d->path, d->path,
				      due, output);
	return 0;
}

int fs_check(struct child *c, const struct device *d)
{
	struct ext_sb sb;
	const char *due;

	if (read_ext_sb(c, d, &sb) < 0)
		return -1;
	due = ext_sb_check_due(&sb, time(NULL));
	if (!due)
		return 0;
	if (child_ask(c, PHASE_FSCK) < 0 || device_verify(c, d) < 0)
		return -1;
	return run_fsck(c, d, due);
}
