/* What StorageClass and VolumeAttributesClass ask of a volume. */
#ifndef CSI_PARAMS_H
#define CSI_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/ec2_types.h"
#include "base/arena.h"
#include "base/err.h"
#include "block/block.h"
#include "csi/csi.pb-c.h"
#include "csi/pb.h"

/* Strings live in the arena or in the request. Zero is "not given". */
struct params {
	const char *type;
	const char *type_alias;	/* volumeType; used where type is not given */
	int64_t iops;
	int64_t iops_per_gb;
	int64_t throughput;
	int64_t initialization_rate;
	bool allow_iops_increase;
	bool wait_initialized;
	enum tristate keep_ratio;
	enum tristate encrypted;
	const char *kms_key_id;
	const char *pvc_name, *pvc_namespace, *pv_name;
	struct block_mkfs format;
	struct ec2_strings tags;	/* values of tagSpecification*: "key=value", class
					   before mutable, each by the parameter's name */
	int unused;
};

/* Reads class parameters, then mutable ones, which win over those of the same
 * meaning. INVALID_ARGUMENT names the key, its value and what is allowed. p starts
 * zeroed. */
int params_read_class(struct params *p, struct arena *a, void *const *entries, size_t n,
		      struct err *err);
int params_read_mutable(struct params *p, struct arena *a, void *const *entries, size_t n,
			struct err *err);
/* What the values say together: iops and iopspergb exclude each other, and so on. */
int params_check(const struct params *p, bool multi_attach, struct err *err);
/* The mkfs options against the file system type of every capability. */
int params_check_format(const struct params *p, Csi__V1__VolumeCapability *const *caps,
			size_t n, struct err *err);

/* The volume_context that takes the format options to the node; entries of
 * struct pb_entry layout with `entry` as their type, at most PARAMS_CONTEXT_MAX. */
#define PARAMS_CONTEXT_MAX 8
size_t params_to_context(const struct params *p, struct arena *a,
			 const ProtobufCMessageDescriptor *entry, void **ret);
/* The other way round: mkfs options of a volume_context (lower-case keys). */
void params_from_context(void *const *entries, size_t n, struct block_mkfs *ret);

#endif
