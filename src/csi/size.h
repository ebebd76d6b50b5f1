/* Volume sizes: what a capacity range asks for, in whole GiB. */
#ifndef CSI_SIZE_H
#define CSI_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SIZE_GIB ((int64_t)1 << 30)
#define SIZE_DEFAULT_GIB 100

struct size_range {
	int64_t required;	/* bytes; 0: no lower bound */
	int64_t limit;		/* bytes; 0: no upper bound */
};

/* range NULL: the default. The least size in GiB that is in the range; with an
 * upper bound only, the default or the bound if that is less. Errors:
 * INVALID_ARGUMENT for negative bounds or a limit below what is required,
 * OUT_OF_RANGE where no whole number of GiB is in the range, and beyond what
 * EC2 can be asked for. */
int size_choose(const struct size_range *range, int64_t *ret_gib, struct err *err);

/* Whether EC2 makes volumes of this type (NULL: gp3) so small or large:
 * OUT_OF_RANGE naming the type's bounds. A type that is not in the table passes. */
int size_check_type(const char *type, int64_t gib, struct err *err);

#endif
