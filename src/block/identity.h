/* Which volume a disk is. Used by the daemon to find one and by the helper to
 * check an open one again: while a device is open its number is not given to
 * another, so what sysfs says of that number is about the open device. */
#ifndef BLOCK_IDENTITY_H
#define BLOCK_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "block/block.h"

struct identity {
	enum block_kind kind;
	char disk[32];		/* whole disk: "nvme1n1" */
	char node[32];		/* itself: "nvme1n1p1" for a partition, else disk */
	char name[128];		/* serial, Xen name, or the backing file's last part */
	uint32_t partition;	/* 0: whole disk */
};

/* Who is asked for. */
struct identity_want {
	const char *volume_id;
	const char *hint;	/* "/dev/xvdba" or NULL */
	bool allow_loop;
};

/* Of the whole disk `disk`. 0; -ENOENT when there is none such, it is hidden, or
 * it has nothing that identifies it. */
int identity_of_disk(const char *sysfs, const char *disk, struct identity *ret);
/* Of a device number, whole disk or partition. 0 or a negative errno, -ENODEV
 * when no such block device exists (any more). */
int identity_of_devno(const char *sysfs, dev_t devno, struct identity *ret);

bool identity_is(const struct identity *id, const struct identity_want *want);
/* "nvme1n1 (serial vol0abc)"; for error texts. */
void identity_describe(const struct identity *id, struct buf *out);

/* "vol-0abc" to "vol0abc". */
void identity_serial(const char *volume_id, char *ret, size_t n);

#endif
