/* Disks of this node: find a volume's device, format, mount, bind, unmount,
 * measure. Everything that blocks or needs privilege happens in a child of
 * ebs-csid-helper; the daemon's side are operations (reactor/op.h).
 *
 *   struct block_stage st = {0};		(in the RPC's memory, zeroed)
 *   block_stage_init(&st, block);
 *   st.act.volume_id = …; st.dev = &find.dev; …	inputs
 *   return op_await(op, &st.act.op, staged);
 *
 * Inputs are read at the op's first turn; strings must live until the op has
 * ended. Results are valid once it ended without error.
 *
 * Errors are final: code and text can go to the client as they are; they name
 * the act, the device or path, what was seen and what is expected.
 *
 * Cancel and deadline: a cancel (or a passed deadline) kills the child, except
 * while mkfs or fsck runs: that is let through to its end, and what would follow
 * it is not begun. Before each act that writes, the child asks and the daemon
 * answers only for an op that is still wanted. An op ends when its child has
 * really ended. A child that does not die 2 s after KILL (state D: the disk hangs)
 * is abandoned: its op ends with DEADLINE_EXCEEDED saying which act hangs, since
 * when, on which device (an ancestor that was cancelled reports its own reason,
 * which names act and device too); until that child is gone, further acts on the
 * same volume end at once with ABORTED and that text. Other volumes are not
 * touched.
 *
 * The helper's death ends all acts under way with UNAVAILABLE. See
 * block_options.on_helper_lost. */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "reactor/op.h"

struct block;
struct block_helper;

/* ---- start ---- */

/* Forks and executes ebs-csid-helper with the caller's privileges; to be called
 * before they are dropped. path NULL: ebs-csid-helper beside the running
 * executable, else in pkglibexecdir. NULL and err when it cannot be started. */
struct block_helper *block_helper_start(const char *path, struct err *err);
/* Closes the connection; the helper lets a running mkfs finish and exits. Only
 * for one that was not handed to block_new. */
void block_helper_free(struct block_helper *h);
int block_helper_pid(const struct block_helper *h);

struct block_options {
	/* Accept loop devices: one whose backing file's name is the volume id, or
	 * begins with it and a dot, is that volume (simulator, tests). */
	bool allow_loop;
	int64_t find_ms;	/* longest wait for a device; 0 = 30,000 */
	int64_t rescan_ms;	/* safety net while waiting; 0 = 2,000 */
	uint32_t max_children;	/* acts at once, the rest queues; 0 = 128 */
	uint32_t max_writers;	/* mkfs and fsck at once; 0 = 4 */
	/* The helper died and could not be started again, because this process no
	 * longer has CAP_SYS_ADMIN. From here on acts end with UNAVAILABLE; all
	 * else works. The daemon should log text and exit with an error, so that
	 * its supervisor starts both again. May be NULL. */
	void (*on_helper_lost)(void *ctx, const char *text);
	void *ctx;
	const char *sysfs;	/* tests; NULL = "/sys" */
	const char *dev;	/* tests; NULL = "/dev" */
};

/* Takes over helper (NULL: acts end with UNAVAILABLE, finding works). Listens
 * for kernel uevents (not on a virtual reactor). */
struct block *block_new(struct reactor *r, struct block_helper *helper,
			const struct block_options *opt);
/* No op may be active. */
void block_free(struct block *b);
/* Acts under way, hung children (act, pid, age, device), index of devices; as
 * text for /debug. */
void block_dump(const struct block *b, struct buf *out);

/* ---- what all acts have ---- */

struct block_act {
	struct op op;
	struct block *block;
	const char *volume_id;	/* input, required: "vol-0123456789abcdef0" */

	/* Internal. */
	struct list link;
	uint32_t id;
	uint8_t state;
	bool stopping;
	char device[64];	/* what is known of it, for texts */
	void *request;
};

enum block_kind { BLOCK_NVME, BLOCK_XEN, BLOCK_LOOP };

struct block_device {
	enum block_kind kind;
	char path[64];		/* "/dev/nvme1n1", "/dev/nvme1n1p1" */
	char disk[32];		/* "nvme1n1" */
	char identity[128];	/* NVMe serial, Xen name, or the backing file's name */
	uint32_t major, minor;
	uint64_t diskseq;	/* 0: the kernel has none */
	uint64_t bytes;
	bool read_only;
};

/* ---- find ---- */

/* Volume id to device, by identity; waits for it to arrive (uevents). Needs no
 * helper. Errors: NOT_FOUND when it did not come within min(op_time_left - 2 s,
 * find_ms), INVALID_ARGUMENT for an id that is none. */
struct block_find {
	struct op op;
	struct block *block;
	/* Inputs. */
	const char *volume_id;
	const char *hint;	/* EC2's name, "/dev/xvdba"; or NULL. Decides only
				 * where disks have no serial (Xen). */
	uint32_t partition;	/* 0 = the whole disk */
	bool no_wait;		/* answer from what is there now */
	/* Results. */
	struct block_device dev;
	/* Internal. */
	struct list link;
	struct timer poll;
	int64_t give_up;
	char *seen;
};
void block_find_init(struct block_find *f, struct block *b);

/* ---- stage ---- */

/* mkfs arguments; NULL or "" = not given. Letters and digits only. */
struct block_mkfs {
	const char *block_size;
	const char *inode_size;
	const char *bytes_per_inode;	/* ext3, ext4 */
	const char *number_of_inodes;	/* ext3, ext4 */
	const char *cluster_size;	/* ext4 */
	bool bigalloc;			/* ext4 */
	bool encryption;		/* ext4 */
	bool legacy_xfs;		/* readable by kernels up to 5.4 */
};

enum block_done {	/* bits */
	BLOCK_ALREADY = 1,	/* it was as asked before */
	BLOCK_FORMATTED = 2,
	BLOCK_CHECKED = 4,	/* e2fsck ran */
	BLOCK_MOUNTED = 8,
	BLOCK_GROWN = 16,
	BLOCK_CLEANED = 32,	/* a dead mount was removed before */
	BLOCK_UNMOUNTED = 64,
	BLOCK_REMOVED = 128,	/* file or directory at the target */
};

/* Makes dev's file system be mounted at target: formats what is blank for
 * certain, checks what asks for it, mounts, grows. Creates target (0755, with
 * parents).
 * Errors: FAILED_PRECONDITION: the disk holds something else than fs_type or
 * data of no known kind, is in use, is blank but ro was asked for, or another
 * live device is mounted at target; ALREADY_EXISTS: it is mounted there with
 * another type or ro/rw; INVALID_ARGUMENT: paths, fs_type, mkfs values, mount
 * options; NOT_FOUND: dev is gone or is no longer the volume; INTERNAL: read
 * errors, mkfs, fsck, mount (with their output); CANCELLED and
 * DEADLINE_EXCEEDED. */
struct block_stage {
	struct block_act act;
	/* Inputs. */
	const struct block_device *dev;	/* of block_find */
	const char *hint;	/* as for block_find */
	const char *fs_type;	/* "ext4", "ext3", "xfs" */
	const char *options;	/* as mount -o: "noatime,discard"; or NULL.
				 * For xfs the caller adds nouuid. */
	struct block_mkfs mkfs;
	const char *target;
	bool grow;		/* to the device's size, when smaller */
	/* Results. */
	uint32_t done;
	char fs_found[16];	/* what is mounted now: "ext4" */
	uint64_t mount_us;	/* spent in the mount system calls */
	uint64_t child_us;	/* the child's life */
};
void block_stage_init(struct block_stage *s, struct block *b);

/* ---- unstage, unpublish ---- */

/* Unmounts target (all mounts stacked there) and removes the empty directory or
 * file. Absent: OK. Never lazy, never forced, never recursive. keep_unmounted:
 * a target that is no mount point is left as it is (unstage).
 * Errors: INTERNAL for a busy mount (reason EBUSY) or a directory that is not
 * empty (reason ENOTEMPTY), INVALID_ARGUMENT. */
struct block_unmount {
	struct block_act act;
	const char *target;
	bool keep_unmounted;
	uint32_t done;		/* result: BLOCK_UNMOUNTED, BLOCK_REMOVED, BLOCK_ALREADY */
};
void block_unstage_init(struct block_unmount *u, struct block *b);
void block_unpublish_init(struct block_unmount *u, struct block *b);

/* ---- publish ---- */

/* Bind-mounts the staged file system at target (a directory, created 0755 with
 * parents); read-only from its first moment when ro. staging must be a mount of
 * the very volume: if not FAILED_PRECONDITION (the caller may stage and try
 * again), and nothing is bound.
 * options: ro, rw, nosuid, nodev, noexec, noatime, nodiratime, relatime,
 * strictatime and their opposites act on the bind; others belong to the
 * stage and are passed over.
 * target already a bind of it: OK if ro agrees, else ALREADY_EXISTS; a mount of
 * something else: ALREADY_EXISTS; a dead mount is removed first. */
struct block_publish_fs {
	struct block_act act;
	const char *hint;
	const char *fs_type;	/* for the text only; or NULL */
	const char *options;
	const char *staging;
	const char *target;
	bool ro;
	uint32_t done;		/* result: BLOCK_MOUNTED, _ALREADY, _CLEANED */
};
void block_publish_fs_init(struct block_publish_fs *p, struct block *b);

/* Binds the device node onto the file target (created 0644, parents 0755). */
struct block_publish_device {
	struct block_act act;
	const struct block_device *dev;
	const char *hint;
	const char *target;
	bool ro;
	uint32_t done;		/* result: BLOCK_MOUNTED, _ALREADY, _CLEANED */
};
void block_publish_device_init(struct block_publish_device *p, struct block *b);

/* ---- stats ---- */

/* NOT_FOUND: path is absent, or is not a mount of the volume. INTERNAL: stat or
 * statfs failed (a dead mount: reason EIO …). */
struct block_stats {
	struct block_act act;
	const char *hint;
	const char *path;
	/* Results. */
	bool is_device;		/* raw block: only bytes_total is set */
	uint64_t bytes_total, bytes_used, bytes_available;
	uint64_t inodes_total, inodes_used, inodes_available;	/* total 0: none */
};
void block_stats_init(struct block_stats *s, struct block *b);

/* ---- pure checks, for validation before anything starts ---- */

/* fs_type and mkfs values as StorageClass allows them: 0 or INVALID_ARGUMENT. */
int block_check_format(const char *fs_type, const struct block_mkfs *m, struct err *err);
/* Absolute, no "..", at most PATH_MAX: 0 or INVALID_ARGUMENT naming `field`. */
int block_check_path(const char *field, const char *path, struct err *err);

#endif
