#include "ebs/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { DEDICATED = false, SHARED = true };

struct row {
	const char *type;
	uint16_t attachments;
	bool shared;
	uint8_t ebs_cards;
};

static const struct row rows[] = {
#define INSTANCE_LIMIT(type, attachments, pool, cards) { type, attachments, pool, cards },
#include "ebs/instance_limits.tbl.h"
#undef INSTANCE_LIMIT
};

static int compare_type(const void *key, const void *elem)
{
	return strcmp(key, ((const struct row *)elem)->type);
}

struct ebs_instance_limit ebs_limits_of(const char *instance_type)
{
	static const struct ebs_instance_limit usual = {
		.attachments = 27, .ebs_cards = 1, .shared = true, .known = false,
	};
	const struct row *row = bsearch(cstr_or(instance_type, ""), rows, ARRAY_SIZE(rows),
					sizeof(rows[0]), compare_type);

	if (!row)
		return usual;
	return (struct ebs_instance_limit){
		.attachments = row->attachments,
		.ebs_cards = row->ebs_cards,
		.shared = row->shared,
		.known = true,
	};
}

int64_t ebs_limits_max_volumes(const struct ebs_limits_input *in)
{
	struct ebs_instance_limit of = ebs_limits_of(in->instance_type);
	int64_t left = of.attachments;

	if (in->attach_limit >= 0)
		return in->attach_limit;
	left -= in->reserved >= 0 ? in->reserved : in->extra_volumes + 1;
	/* The table counts the first interface already. */
	if (of.shared)
		left -= in->enis - 1;
	return left > 1 ? left : 1;
}
