/* Facts about volume types; arithmetic of provisioned IOPS. */
#ifndef EBS_VOLUME_TYPES_H
#define EBS_VOLUME_TYPES_H

#include <stdbool.h>
#include <stdint.h>

struct volume_type {
	const char *name;
	int64_t min_iops, max_iops, iops_per_gib;
	bool multi_attach;
};

/* Upper and lower case are the same; NULL for a type that is not known. */
const struct volume_type *volume_type_find(const char *name);

/* What to ask EC2 for when `iops` are wanted: raised to the type's minimum if
 * allow_increase, capped at its maximum (at max_seen, if not 0) and at the
 * ratio to the size where that is above the minimum. 0 stays 0; t NULL: as is. */
int64_t volume_type_cap_iops(const struct volume_type *t, int64_t size_gib, int64_t iops,
			     bool allow_increase, int64_t max_seen);

/* The maximum in EC2's refusal of IOPS that are too high ("maximum is 80000",
 * "256K IOPS"), 0 when the text is about something else. */
int64_t volume_type_max_in_text(const char *text);

#endif
