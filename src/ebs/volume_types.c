#include "ebs/volume_types.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/parse.h"

static const struct volume_type types[] = {
#define VOLUME_TYPE(name, min, max, per_gib, multi) { name, min, max, per_gib, multi },
#include "ebs/volume_types.tbl.h"
#undef VOLUME_TYPE
};

const struct volume_type *volume_type_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(types); i++)
		if (strcasecmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

int64_t volume_type_cap_iops(const struct volume_type *t, int64_t size_gib, int64_t iops,
			     bool allow_increase, int64_t max_seen)
{
	int64_t max, ratio;

	if (iops == 0 || !t)
		return iops;
	max = max_seen ? max_seen : t->max_iops;
	if (iops < t->min_iops && allow_increase)
		iops = t->min_iops;
	if (max > 0 && iops > max)
		iops = max;
	ratio = t->iops_per_gib * size_gib;
	if (ratio > 0 && iops > ratio && ratio >= t->min_iops)
		iops = ratio;
	return iops;
}

static int64_t digits_at(const char *p)
{
	size_t n = strspn(p, "0123456789");
	uint64_t v;

	return n > 0 && n < 10 && parse_u64(str_n(p, n), &v) == 0 ? (int64_t)v : 0;
}

int64_t volume_type_max_in_text(const char *text)
{
	const char *high = strcasestr(text, "volume iops");
	const char *k = strcasestr(text, "K IOPS");
	const char *max;

	if (high && (high = strcasestr(high, "is too high")) &&
	    (max = strcasestr(high, "maximum is ")))
		return digits_at(max + strlen("maximum is "));
	if (!k)
		return 0;
	max = k;
	while (max > text && isdigit((unsigned char)max[-1]))
		max--;
	return digits_at(max) * 1000;
}
