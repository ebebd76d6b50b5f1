/* Inside ebs-csid-helper: the child that does one act. It may block anywhere;
 * its memory is not released by hand at the end, the process ends. */
#ifndef BLOCK_HELPER_H
#define BLOCK_HELPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "block/proto.h"

struct child {
	int sock;		/* to the helper */
	const struct proto_act *act;
	char *note;		/* shared with the helper, HELPER_NOTE bytes */
	struct err err;		/* why the act failed */
	struct proto_end end;	/* results */
	char fs_found[16];	/* end.fs_found points here */
	int64_t started_us;
};

#define HELPER_NOTE 128

/* Does the act and reports it. */
void child_run(struct child *c) __attribute__((noreturn));

/* What it is doing from here on, for the text about one that hangs. */
void child_note(struct child *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "May I?" 0 = go; -1 and CANCELLED = the caller has gone. */
int child_ask(struct child *c, enum proto_phase phase);
int64_t now_us(void);

/* The acts: 0, or -1 with c->err set. */
int act_stage(struct child *c);
int act_unmount(struct child *c);
int act_publish_fs(struct child *c);
int act_publish_device(struct child *c);
int act_stats(struct child *c);

/* ---- devices (helper_device.c) ---- */

struct device {
	int fd;			/* read only; keeps number and identity in place */
	const char *path;
	dev_t devno;
	uint64_t diskseq, bytes;
	bool ro;
};

/* Opens the request's device and makes sure that it is the volume. */
int device_open(struct child *c, struct device *d);
/* Is what is open still the volume? NOT_FOUND when it is gone or is another. */
int device_verify(struct child *c, const struct device *d);
/* Is the block device behind this number the request's volume? 0; -1 and err
 * saying what it is instead, FAILED_PRECONDITION. */
int device_is_volume(struct child *c, dev_t devno, const char *where);
/* True when the number belongs to no device any more. */
bool device_vanished(dev_t devno);
/* Keeps udev's probing away (its lock on the whole disk) until d->fd is closed. */
int device_lock(struct child *c, const struct device *d);

/* ---- paths and mount points (helper_target.c) ---- */

enum target_state { TARGET_ABSENT, TARGET_PLAIN, TARGET_MOUNT, TARGET_DEAD };

struct target {
	enum target_state state;
	mode_t mode;
	dev_t dev;		/* of the file system mounted there; of a dead one 0 */
	dev_t rdev;		/* of a device node */
	int errnum;		/* TARGET_DEAD: what stat said */
};

/* Looks without following a link at the end. -1: INTERNAL. */
int target_look(struct child *c, const char *path, struct target *ret);
/* Directories up to and including path (0755). */
int target_mkdirs(struct child *c, const char *path);
int target_mkparents(struct child *c, const char *path);
/* Unmounts what is on top of path. Busy: INTERNAL, reason EBUSY. */
int target_unmount(struct child *c, const char *path);
/* Removes the empty directory or file; absent is fine. */
int target_remove(struct child *c, const char *path, bool is_dir);
/* O_PATH, no link at the end; -1. */
int target_open(struct child *c, const char *path);

/* ---- mount table (helper_table.c); O(mounts), asked only when needed ---- */

/* Number of the device of the topmost mount at path, 0 when none is there. */
int table_device_at(struct child *c, const char *path, dev_t *ret);
/* How often the device is mounted; where first (not NULL: n bytes). */
int table_count(struct child *c, dev_t devno, char *where, size_t n);

/* ---- mounting (helper_mount.c) ---- */

struct mount_options {
	uint64_t attr_set, attr_clear;	/* MOUNT_ATTR_* */
	bool ro, rw;			/* words that were there */
	char *fs;			/* what goes to the file system: "a,b=c" or NULL */
};

/* Splits "noatime,discard"; INVALID_ARGUMENT for what is not allowed. */
int mount_options_parse(const char *text, struct mount_options *ret, struct err *err);
void mount_options_fini(struct mount_options *m);
int mount_device(struct child *c, const struct device *d, const char *fs_type,
		 const struct mount_options *m, const char *target);
/* A private copy of the mount at path, not attached anywhere yet. fd or -1. */
int mount_clone(struct child *c, const char *path);
int mount_attach(struct child *c, int mount_fd, const struct mount_options *m,
		 const char *target);

/* ---- file systems (helper_fs.c, helper_grow.c, helper_run.c) ---- */

int fs_make(struct child *c, const struct device *d);
/* Starts e2fsck if the superblock asks for it. */
int fs_check(struct child *c, const struct device *d);
/* To the size of the device, if it is larger. */
int fs_grow(struct child *c, const struct device *d, const char *target);

/* Starts a program and waits. Its exit status (128 + signal), or -1 and err when
 * it could not be started. *output: the end of what it wrote, one line, malloc'd. */
int run_program(struct child *c, const char *const argv[], char **output);

#endif
