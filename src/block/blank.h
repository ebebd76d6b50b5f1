/* May this disk be formatted, or used as it is? The decision alone, from what a
 * probe saw; a wrong "yes" destroys somebody's data. */
#ifndef BLOCK_BLANK_H
#define BLOCK_BLANK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Answers of blkid_do_safeprobe. */
enum { PROBE_FOUND = 0, PROBE_NONE = 1, PROBE_ERROR = -1, PROBE_AMBIVALENT = -2 };

struct probe_facts {
	const char *device;
	uint64_t bytes;		/* size of the device */
	bool in_use;		/* mounted, or held by another driver or program */
	bool read_only;		/* the device */
	/* Reading the places where superblocks are, before anything else. */
	int head_errno;		/* 0: read in full; -1: fewer bytes than there must be */
	uint64_t head_at;	/* where it failed */
	int rc;			/* of the first probe */
	const char *type, *pttype, *usage;	/* "" = not found */
	bool bad_checksum;	/* the superblock found is damaged */
	/* Looked at only when rc is PROBE_NONE: the first and last MiB read in
	 * full, and a second probe after it. */
	bool blank_checked;
	int blank_errno;
	uint64_t blank_at;
	bool all_zero;
	uint64_t data_at;	/* first byte that is not zero, unless all_zero */
	int second_rc;
};

enum probe_verdict { PROBE_REFUSE, PROBE_USE, PROBE_FORMAT };

/* For a request of fs_type, ro = the mount is to be read-only. PROBE_REFUSE sets
 * err: FAILED_PRECONDITION for what will not go away by itself, INTERNAL for
 * read errors. */
enum probe_verdict probe_decide(const struct probe_facts *f, const char *fs_type, bool ro,
				struct err *err);

#endif
