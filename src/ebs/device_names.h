/* Device names of instances: which are free, which are taken and by what. A
 * model per instance, filled from DescribeInstances once and kept up to date by
 * our own attaches and detaches; EC2's refusal of a name corrects it. */
#ifndef EBS_DEVICE_NAMES_H
#define EBS_DEVICE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/ec2_types.h"
#include "base/buf.h"
#include "base/map.h"

#define DEVICE_NAMES 127
#define DEVICE_NAME_SIZE 16

/* The i-th in order of preference; empty for i >= DEVICE_NAMES. */
void device_name(unsigned int i, char ret[DEVICE_NAME_SIZE]);
/* /dev/sdX and /dev/xvdX are one device. */
bool device_names_equal(const char *a, const char *b);

struct device_names {
	struct map nodes;
};

void device_names_init(struct device_names *d);
void device_names_fini(struct device_names *d);

/* True while the model of this instance is known and not too old to rely on. */
bool device_names_known(const struct device_names *d, const char *node, int64_t now);
/* EC2's block device mapping as of asked_at. What we hold, and what we attached
 * or detached since shortly before, is kept as it is. */
void device_names_learn(struct device_names *d, const char *node,
			const struct ec2_instance *instance, int64_t asked_at);
/* The name a volume has on the instance or NULL. Valid until the next change. */
const char *device_names_find(const struct device_names *d, const char *node,
			      const char *volume);
/* The next free name (next fit within its group, so that a name just freed
 * rests), held for the volume; bad ones last. NULL when none is left. */
const char *device_names_reserve(struct device_names *d, const char *node,
				 const char *volume, int64_t now);
/* The volume has this name for certain. */
void device_names_set(struct device_names *d, const char *node, const char *volume,
		      const char *device, int64_t now);
/* EC2 refused the name, or an attach under it hung: avoided for an hour. */
void device_names_bad(struct device_names *d, const char *node, const char *device,
		      int64_t now);
/* The volume is not on the instance any more, or its reservation ends. */
void device_names_release(struct device_names *d, const char *node, const char *volume);
/* The reservation ends, but whether EC2 has it is open: next look at EC2 tells. */
void device_names_doubt(struct device_names *d, const char *node, const char *volume);
void device_names_forget(struct device_names *d, const char *node);

#endif
