/* What the superblock of ext2, ext3 and ext4 says. Pure. */
#ifndef BLOCK_EXT_SB_H
#define BLOCK_EXT_SB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXT_SB_OFFSET 1024
#define EXT_SB_SIZE 1024

struct ext_sb {
	uint64_t blocks;
	uint32_t block_size;
	bool is_ext4;		/* has features that ext3 does not know */
	bool has_journal;
	/* Input of ext_sb_check_due. */
	uint16_t state;
	bool orphans_present;
	uint16_t mounts;
	int16_t max_mounts;
	uint32_t last_check, check_interval;
};

/* From the EXT_SB_SIZE bytes at EXT_SB_OFFSET. 0; -1 when it is none. */
int ext_sb_parse(const void *p, struct ext_sb *ret);
/* Why e2fsck -a would do more than say "clean": NULL when nothing is due. now:
 * seconds since 1970. */
const char *ext_sb_check_due(const struct ext_sb *sb, int64_t now);
/* Blocks that fit a device of this size, as the kernel wants them for growing:
 * whole pages. */
uint64_t ext_sb_blocks_for(const struct ext_sb *sb, uint64_t bytes, uint32_t page);

#endif
