/* The tags of a new volume: those the driver needs, those of the cluster, those
 * users ask for. */
#ifndef CSI_TAGS_H
#define CSI_TAGS_H

#include <stdbool.h>

#include "aws/ec2_types.h"
#include "base/arena.h"
#include "base/err.h"
#include "csi/params.h"

/* EC2's bounds. */
#define TAGS_MAX 50
#define TAG_KEY_MAX 128		/* characters */
#define TAG_VALUE_MAX 256

struct tag_rules {
	const char *driver;		/* "ebs.csi.aws.com" */
	const char *cluster_id;		/* NULL or "": none */
	struct ec2_tags extra;		/* --extra-tags; values are templates */
	bool warn_only;			/* drop what is wrong with a log line */
};

/* "k=v,k=v" of --extra-tags into rules->extra. INVALID_ARGUMENT naming the entry:
 * no "=", a reserved or impossible key. */
int tags_parse_extra(struct tag_rules *rules, struct arena *a, const char *text,
		     struct err *err);

/* All tags of the volume called name, sorted by key, each key once. */
int tags_of_volume(const struct tag_rules *rules, struct arena *a, const char *name,
		   const struct params *p, struct ec2_tags *ret, struct err *err);

/* 0, or INVALID_ARGUMENT when users must not set this key. */
int tags_check_key(const char *driver, const char *key, struct err *err);

#endif
