#include "block/ext_sb.h"

#include <string.h>

#define MAGIC 0xEF53
#define STATE_CLEAN 1
#define STATE_ERRORS 2
#define COMPAT_JOURNAL 0x4
#define INCOMPAT_64BIT 0x80
/* filetype, recover, journal_dev, meta_bg are all that ext3 knows. */
#define INCOMPAT_EXT3 (0x2 | 0x4 | 0x8 | 0x10)
/* sparse_super, large_file, btree_dir. */
#define RO_COMPAT_EXT3 (0x1 | 0x2 | 0x4)
#define RO_COMPAT_ORPHANS 0x10000
#define LOG_BLOCK_MAX 6		/* 64 KiB */

static uint16_t u16(const uint8_t *p, size_t at)
{
	return (uint16_t)(p[at] | p[at + 1] << 8);
}

static uint32_t u32(const uint8_t *p, size_t at)
{
	return u16(p, at) | (uint32_t)u16(p, at + 2) << 16;
}

int ext_sb_parse(const void *sector, struct ext_sb *ret)
{
	const uint8_t *p = sector;
	uint32_t log_block = u32(p, 0x18);
	uint32_t incompat = u32(p, 0x60), ro_compat = u32(p, 0x64);

	if (u16(p, 0x38) != MAGIC || log_block > LOG_BLOCK_MAX)
		return -1;
	memset(ret, 0, sizeof(*ret));
	ret->block_size = 1024u << log_block;
	ret->blocks = u32(p, 0x04);
	if (incompat & INCOMPAT_64BIT)
		ret->blocks |= (uint64_t)u32(p, 0x150) << 32;
	ret->has_journal = u32(p, 0x5C) & COMPAT_JOURNAL;
	ret->is_ext4 = (incompat & ~(uint32_t)INCOMPAT_EXT3) ||
		       (ro_compat & ~(uint32_t)RO_COMPAT_EXT3);
	ret->state = u16(p, 0x3A);
	ret->orphans_present = ro_compat & RO_COMPAT_ORPHANS;
	ret->mounts = u16(p, 0x34);
	ret->max_mounts = (int16_t)u16(p, 0x36);
	ret->last_check = u32(p, 0x40);
	ret->check_interval = u32(p, 0x44);
	return 0;
}

const char *ext_sb_check_due(const struct ext_sb *sb, int64_t now)
{
	if (sb->state & STATE_ERRORS)
		return "the kernel saw errors in it";
	if (!(sb->state & STATE_CLEAN))
		return "it is not marked clean";
	if (sb->orphans_present)
		return "it has orphaned files";
	if (sb->max_mounts > 0 && sb->mounts >= sb->max_mounts)
		return "its mount count has reached the limit";
	if (sb->check_interval && now >= (int64_t)sb->last_check + sb->check_interval)
		return "its check interval has passed";
	return NULL;
}

uint64_t ext_sb_blocks_for(const struct ext_sb *sb, uint64_t bytes, uint32_t page)
{
	uint64_t blocks = bytes / sb->block_size;

	if (sb->block_size < page)
		blocks -= blocks % (page / sb->block_size);
	return blocks;
}
