/* What writer and reader of snapshots agree on. */
#ifndef SIM_SNAPSHOT_TEXT_H
#define SIM_SNAPSHOT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define SIM_SNAPSHOT_FORMAT "ebs-csi-sim state"

/* Names of enum sim_fate. */
static const char *const sim_fate_names[] = { "good", "error", "vanish" };

static inline uint64_t sim_snapshot_sum(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
	return h;
}

#endif
