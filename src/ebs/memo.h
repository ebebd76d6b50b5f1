/* What was learned and may save a call, for some time: hints that are always
 * verified or harmless when wrong. Bounded; the oldest goes first. */
#ifndef EBS_MEMO_H
#define EBS_MEMO_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"

struct memo {
	struct map map;
	struct list order;	/* oldest first */
	size_t n, max;
	int64_t ttl_ms;
};

void memo_init(struct memo *m, size_t max, int64_t ttl_ms);
void memo_fini(struct memo *m);
void memo_put(struct memo *m, const char *key, const char *value, int64_t now);
void memo_del(struct memo *m, const char *key);
/* NULL: not there (any more). Valid until the memo is changed. */
const char *memo_get(const struct memo *m, const char *key, int64_t now);
/* Ms since it was put, INT64_MAX when it is not there. */
int64_t memo_age(const struct memo *m, const char *key, int64_t now);

#endif
