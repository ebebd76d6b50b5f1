/* Where a service of a region is: partitions, FIPS and dual-stack names, and
 * the ways a user says it is elsewhere. */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include <stdbool.h>

#include "aws/profile.h"
#include "base/err.h"

struct aws_partition {
	const char *name;		/* "aws-cn"; also the word in ARNs */
	const char *dns_suffix;
	const char *dualstack_suffix;
	const char *region_pattern;	/* POSIX extended regular expression */
	const char *global_region;	/* that a global pseudo region stands for */
};

/* A listed region's partition, else that of the first pattern that fits, else aws. */
const struct aws_partition *aws_partition_of(const char *region);
/* In the table of regions (others are fine, they may be new). */
bool aws_region_is_listed(const char *region);

/* The region from the environment (AWS_REGION, AWS_DEFAULT_REGION) or the
 * profile. NULL and no error: said nowhere, ask the instance; NULL and err
 * (INVALID_ARGUMENT): not the name of a region. The caller frees. */
char *aws_region_find(const struct aws_profiles *p, struct err *err);
int aws_region_check(const char *region, struct err *err);

struct endpoint {
	char *url;	/* "https://ec2.us-west-2.amazonaws.com/" */
	char *host;	/* as the Host header says it */
	char *path;	/* "/" */
	char *region;	/* to sign for */
	char *source;	/* "the region", "AWS_EC2_ENDPOINT", … */
	bool custom;	/* said by the user */
};

/* Where `service` ("ec2") of region is, after all overrides and switches of the
 * environment and of the profile. 0, or -1 with INVALID_ARGUMENT that names the
 * variable or the profile's key. */
int endpoint_resolve(struct endpoint *ret, const char *service, const char *region,
		     const struct aws_profiles *p, struct err *err);
void endpoint_fini(struct endpoint *e);

#endif
