#include "csi/size.h"

#include <inttypes.h>

#include "base/mem.h"
#include "base/str.h"

/* EC2's Size is a 32-bit integer. */
#define EC2_SIZE_MAX INT32_MAX

static int check_bounds(const struct size_range *r, struct err *err)
{
	if (r->required < 0 || r->limit < 0)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "capacity_range: required_bytes %" PRId64
			       " and limit_bytes %" PRId64 " must not be negative",
			       r->required, r->limit);
	if (r->limit && r->required > r->limit)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "capacity_range: required_bytes %" PRId64
			       " is more than limit_bytes %" PRId64,
			       r->required, r->limit);
	return 0;
}

/* Round up without passing INT64_MAX. */
static int64_t ceil_gib(int64_t bytes)
{
	return bytes / SIZE_GIB + (bytes % SIZE_GIB != 0);
}

int size_choose(const struct size_range *range, int64_t *ret_gib, struct err *err)
{
	int64_t gib = SIZE_DEFAULT_GIB, most = INT64_MAX;

	if (!range) {
		*ret_gib = gib;
		return 0;
	}
	if (check_bounds(range, err) < 0)
		return -1;
	if (range->limit)
		most = range->limit / SIZE_GIB;
	if (range->required)
		gib = ceil_gib(range->required);
	else if (gib > most)
		gib = most;
	if (gib > most || gib == 0)
		return err_set(err, GRPC_OUT_OF_RANGE,
			       "volumes are whole GiB: none is between %" PRId64 " and %" PRId64
			       " bytes", range->required, range->limit);
	if (gib > EC2_SIZE_MAX)
		return err_set(err, GRPC_OUT_OF_RANGE,
			       "%" PRId64 " bytes are more than a volume can have",
			       range->required);
	*ret_gib = gib;
	return 0;
}

static const struct {
	const char *type;
	int64_t least, most;
} sizes[] = {
#define VOLUME_SIZE(type, least, most) { type, least, most },
#include "csi/volume_sizes.tbl.h"
#undef VOLUME_SIZE
};

int size_check_type(const char *type, int64_t gib, struct err *err)
{
	if (cstr_empty(type))
		type = "gp3";
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (!cstr_eq(sizes[i].type, type))
			continue;
		if (gib >= sizes[i].least && gib <= sizes[i].most)
			return 0;
		return err_set(err, GRPC_OUT_OF_RANGE,
			       "a %s volume of %" PRId64 " GiB cannot be: it has to have %" PRId64
			       " to %" PRId64 " GiB", type, gib, sizes[i].least, sizes[i].most);
	}
	return 0;
}
