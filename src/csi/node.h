/* What the node RPCs share: reading their requests. */
#ifndef CSI_NODE_H
#define CSI_NODE_H

#include <stdint.h>

#include "csi/internal.h"

#define NODE_MOUNT_FLAGS_MAX 4096	/* bytes, all flags together */

/* Partition of a volume_context: 0 when not given or "0". INVALID_ARGUMENT. */
int node_partition(void *const *context, size_t n, uint32_t *ret, struct err *err);

/* fs_type of a mount capability, ext4 where empty. INVALID_ARGUMENT for one this
 * node does not do, and for mkfs options (may be NULL) that do not fit it. */
int node_fs_type(const Csi__V1__VolumeCapability *cap, const struct block_mkfs *mkfs,
		 const char **ret, struct err *err);

/* mount_flags joined by commas, each once; for xfs with nouuid. NULL: none. The
 * error does not show the flags, which may be sensitive. */
int node_mount_options(struct arena *a, const Csi__V1__VolumeCapability *cap,
		       const char *fs_type, const char **ret, struct err *err);
/* Whether `ro` is among them. */
bool node_wants_read_only(const Csi__V1__VolumeCapability *cap);

/* The capability of a volume or of a node-local one. */
int node_check_capability(const char *volume_id, const Csi__V1__VolumeCapability *cap,
			  struct err *err);

/* Which disk: the volume, or for a node-local handle the one that publish_context
 * names; and EC2's device name. INVALID_ARGUMENT without a devicePath. */
struct node_disk {
	const char *volume_id;
	const char *device;
};
int node_which_disk(const char *volume_id, void *const *context, size_t n,
		    struct node_disk *ret, struct err *err);

#endif
