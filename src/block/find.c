/* Volume id to device: an index of identities from sysfs, kept by uevents,
 * believed only after another look.
 *
 *   look -> OP_DONE;   look -> (waiters) -> uevent | rescan -> OP_DONE
 *                                        -> time is up -> NOT_FOUND */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "block/identity.h"
#include "block/internal.h"
#include "block/sysfs.h"
#include "block/uevent.h"

#define RESERVE_MS 2000		/* of the deadline, for what follows */
#define LISTED_MAX 8		/* disks in an error text */

/* ---- the index ---- */

/* A loop device is filed under its backing file's name up to the first dot. */
static void key_of(const struct identity *id, char ret[128])
{
	snprintf(ret, 128, "%s", id->name);
	if (id->kind == BLOCK_LOOP)
		ret[strcspn(ret, ".")] = '\0';
}

static void index_disk(struct block *b, const char *disk)
{
	struct identity id;
	char key[128];

	if (identity_of_disk(b->sysfs, disk, &id) < 0)
		return;
	if (id.kind == BLOCK_LOOP && !b->opt.allow_loop)
		return;
	key_of(&id, key);
	free(map_put(&b->index.disks, key, xstrdup(disk)));
}

static void index_clear(struct block *b)
{
	struct map_iter it = { 0 };
	const char *key;
	void *disk;

	while (map_next(&b->index.disks, &it, &key, &disk))
		free(disk);
	map_fini(&b->index.disks);
	map_init(&b->index.disks);
}

void index_rescan(struct block *b)
{
	char *path = xasprintf("%s/block", b->sysfs);
	DIR *dir = opendir(path);
	const struct dirent *e;

	if (!dir)
		log_warn(AREA_BLOCK, "%s: %s", path, strerror(errno));
	free(path);
	index_clear(b);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			index_disk(b, e->d_name);
	if (dir)
		closedir(dir);
}

/* ---- one look ---- */

static int read_device(const struct block *b, const struct identity *id, uint32_t part,
		       struct block_device *ret)
{
	struct block_device d = { .kind = id->kind };
	char node[64], at[128], numbers[32];
	size_t n = strlen(id->disk);
	bool digit = n && id->disk[n - 1] >= '0' && id->disk[n - 1] <= '9';

	snprintf(node, sizeof(node), "%s", id->disk);
	snprintf(at, sizeof(at), "%s", id->disk);
	if (part) {
		snprintf(node, sizeof(node), "%s%s%u", id->disk, digit ? "p" : "", part);
		snprintf(at, sizeof(at), "%s/%s", id->disk, node);
	}
	if (sysfs_read(numbers, sizeof(numbers), "%s/block/%s/dev", b->sysfs, at) < 0 ||
	    sscanf(numbers, "%" SCNu32 ":%" SCNu32, &d.major, &d.minor) != 2)
		return -1;
	d.bytes = sysfs_number("%s/block/%s/size", b->sysfs, at) * 512;
	if (d.bytes == 0)
		return -1;	/* not ready yet */
	d.read_only = sysfs_number("%s/block/%s/ro", b->sysfs, at);
	d.diskseq = sysfs_number("%s/block/%s/diskseq", b->sysfs, id->disk);
	memcpy(d.disk, id->disk, sizeof(d.disk));
	memcpy(d.identity, id->name, sizeof(d.identity));
	snprintf(d.path, sizeof(d.path), "%.20s/%.42s", b->dev, node);
	*ret = d;
	return 0;
}

static int try_key(struct block_find *f, const char *key)
{
	struct block *b = f->block;
	struct identity_want want = { f->volume_id, f->hint, b->opt.allow_loop };
	const char *disk = map_get(&b->index.disks, key);
	struct identity id;

	if (!disk || identity_of_disk(b->sysfs, disk, &id) < 0 || !identity_is(&id, &want))
		return -1;
	return read_device(b, &id, f->partition, &f->dev);
}

/* Serials first: a hint counts only for disks that have none. */
static int look(struct block_find *f)
{
	char key[128];
	const char *base;

	identity_serial(f->volume_id, key, sizeof(key));
	if (try_key(f, key) == 0)
		return 0;
	if (f->block->opt.allow_loop && try_key(f, f->volume_id) == 0)
		return 0;
	if (cstr_empty(f->hint))
		return -1;
	base = strrchr(f->hint, '/') ? strrchr(f->hint, '/') + 1 : f->hint;
	if (try_key(f, base) == 0)
		return 0;
	if (strncmp(base, "sd", 2) == 0)
		snprintf(key, sizeof(key), "xvd%s", base + 2);
	else if (strncmp(base, "xvd", 3) == 0)
		snprintf(key, sizeof(key), "sd%s", base + 3);
	else
		return -1;
	return try_key(f, key);
}

/* ---- giving up ---- */

static void list_disks(const struct block *b, struct buf *out)
{
	struct map_iter it = { 0 };
	const char *key;
	void *disk;
	int n = 0;

	while (map_next(&b->index.disks, &it, &key, &disk)) {
		if (++n > LISTED_MAX)
			continue;
		buf_printf(out, "%s%s (%s)", n > 1 ? ", " : "", (const char *)disk, key);
	}
	if (n > LISTED_MAX)
		buf_printf(out, " and %d more", n - LISTED_MAX);
	if (n == 0)
		buf_adds(out, "none");
}

static int not_found(struct block_find *f)
{
	struct op *op = &f->op;
	struct buf disks;
	char part[32] = "";

	buf_init(&disks, 2048);
	list_disks(f->block, &disks);
	if (f->partition)
		snprintf(part, sizeof(part), ", partition %u,", f->partition);
	op_err(op, GRPC_NOT_FOUND,
	       "volume %s%s%s%s%s: no such disk on this node after %" PRId64 " ms; disks "
	       "with an identity: %s", f->volume_id, part,
	       cstr_empty(f->hint) ? "" : " (attached as ", cstr_or(f->hint, ""),
	       cstr_empty(f->hint) ? "" : ")", reactor_now(op->reactor) - op->started,
	       buf_cstr(&disks));
	buf_fini(&disks);
	return -1;
}

/* ---- the operation ---- */

static void leave(struct block_find *f)
{
	list_del(&f->link);
	timer_disarm(&f->poll);
	op_finish(&f->op);
}

static void on_poll(struct timer *t)
{
	struct block_find *f = container_of(t, struct block_find, poll);
	int64_t now = reactor_now(f->op.reactor), left;

	index_rescan(f->block);
	if (look(f) == 0) {
		leave(f);
		return;
	}
	left = f->give_up - now;
	if (left <= 0) {
		not_found(f);
		leave(f);
		return;
	}
	timer_arm(t, left < f->block->opt.rescan_ms ? left : f->block->opt.rescan_ms);
}

static void wake_waiters(struct block *b)
{
	list_for_each_safe(l, &b->index.waiters) {
		struct block_find *f = list_entry(l, struct block_find, link);

		if (look(f) == 0)
			leave(f);
	}
}

static enum op_verdict find_start(struct op *op)
{
	struct block_find *f = container_of(op, struct block_find, op);
	int64_t wait = f->block->opt.find_ms, left = op_time_left(op);

	if (cstr_empty(f->volume_id) || strlen(f->volume_id) > 255)
		return op_fail(op, GRPC_INVALID_ARGUMENT,
			       "volume id is %s", cstr_empty(f->volume_id) ? "missing" :
			       "longer than 255 bytes");
	if (look(f) == 0)
		return OP_DONE;
	index_rescan(f->block);
	if (look(f) == 0)
		return OP_DONE;
	if (left != INT64_MAX && left - RESERVE_MS < wait)
		wait = left - RESERVE_MS;
	if (f->no_wait || wait <= 0) {
		not_found(f);
		return OP_FAILED;
	}
	f->give_up = reactor_now(op->reactor) + wait;
	list_add_tail(&f->block->index.waiters, &f->link);
	timer_init(&f->poll, op->reactor, on_poll);
	timer_arm(&f->poll, wait < f->block->opt.rescan_ms ? wait : f->block->opt.rescan_ms);
	return OP_PENDING;
}

static void find_stop(struct op *op)
{
	leave(container_of(op, struct block_find, op));
}

static void find_describe(const struct op *op, struct buf *out)
{
	const struct block_find *f = container_of(op, struct block_find, op);

	buf_printf(out, "volume %s", cstr_or(f->volume_id, ""));
	if (f->hint)
		buf_printf(out, " as %s", f->hint);
}

static const struct op_class find_class = {
	.name = "find_device",
	.stop = find_stop,
	.describe = find_describe,
};

void block_find_init(struct block_find *f, struct block *b)
{
	op_init(&f->op, &find_class, b->reactor, find_start);
	f->block = b;
	list_init(&f->link);
}

/* ---- uevents ---- */

void index_on_uevent(struct block *b, const char *p, size_t n)
{
	struct uevent ev;

	if (uevent_parse(p, n, &ev) < 0 || strcmp(ev.subsystem, "block") != 0)
		return;
	log_debug(AREA_BLOCK, "uevent: %s %s%s", ev.action, ev.devname,
		  ev.resize ? " resized" : "");
	if (strcmp(ev.action, "remove") == 0)
		return;		/* a stale entry is seen when it is looked at */
	if (strcmp(ev.devtype, "partition") != 0)
		index_disk(b, ev.devname);
	wake_waiters(b);
}

static void on_netlink(void *ctx, int events)
{
	struct block *b = ctx;
	char p[UEVENT_MAX];
	int n;

	(void)events;
	while ((n = uevent_recv(b->index.uevent_fd, p)) > 0)
		index_on_uevent(b, p, (size_t)n);
	if (n == 0)
		return;
	if (n != -ENOBUFS)
		log_warn(AREA_BLOCK, "kernel uevents: %s", strerror(-n));
	index_rescan(b);	/* some were lost */
	wake_waiters(b);
}

void index_init(struct block *b)
{
	struct index *x = &b->index;

	list_init(&x->waiters);
	map_init(&x->disks);
	x->uevent_fd = reactor_is_virtual(b->reactor) ? -1 : uevent_open();
	if (x->uevent_fd >= 0)
		x->watch = watch_new(b->reactor, x->uevent_fd, WATCH_READ, on_netlink, b);
	else if (!reactor_is_virtual(b->reactor))
		log_warn(AREA_BLOCK, "no kernel uevents (%s): disks are found by looking every "
			 "%" PRId64 " ms", strerror(-x->uevent_fd), b->opt.rescan_ms);
	index_rescan(b);
}

void index_fini(struct block *b)
{
	watch_close(b->index.watch);
	if (b->index.uevent_fd >= 0)
		close(b->index.uevent_fd);
	index_clear(b);
	map_fini(&b->index.disks);
}
