/* Looks at a disk as blank.h wants it. */
#ifndef BLOCK_HELPER_PROBE_H
#define BLOCK_HELPER_PROBE_H

#include "block/blank.h"
#include "block/helper.h"

struct probe {
	struct probe_facts facts;	/* strings live in here */
	char type[32], pttype[32], usage[32];
};

/* -1 only when memory or libblkid is missing; what the disk says is in facts. */
int probe_device(struct child *c, const struct device *d, struct probe *ret);

#endif
