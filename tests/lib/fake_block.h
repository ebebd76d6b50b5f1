/* A block layer that does nothing: each operation takes delay_ms, then ends well
 * or with the error set for it, and its inputs are kept. Takes the place of
 * libblock's operations when linked before it. */
#ifndef TESTS_FAKE_BLOCK_H
#define TESTS_FAKE_BLOCK_H

#include "block/block.h"

enum fake_block_act { FAKE_FIND, FAKE_STAGE, FAKE_UNSTAGE, FAKE_PUBLISH_FS,
		      FAKE_PUBLISH_DEVICE, FAKE_UNPUBLISH, FAKE_STATS, FAKE_ACTS };

struct fake_block {
	struct reactor *reactor;
	int64_t delay_ms;
	bool stubborn;			/* a cancel does not shorten them, as with mkfs */
	enum grpc_code fail[FAKE_ACTS];	/* GRPC_OK: ends well */
	unsigned int count[FAKE_ACTS];
	/* What the last one was given. */
	char volume_id[128], hint[128], fs_type[32], options[4200], staging[4200], target[4200];
	bool options_null, hint_null, ro, grow, keep_unmounted;
	uint32_t partition;
	struct block_mkfs mkfs;
	char mkfs_block_size[32];
	/* What stats answers. */
	struct block_stats stats;
};

/* Pass (struct block *)f as the block layer. */
void fake_block_init(struct fake_block *f, struct reactor *r);
void fake_block_fini(struct fake_block *f);	/* no operation active */

#endif
