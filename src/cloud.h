/* The AWS side, wired: HTTP client, instance metadata, credentials, endpoint, EC2
 * calls, volume operations. Asks nothing of the network before it is needed. */
#ifndef CLOUD_H
#define CLOUD_H

#include <stdbool.h>

#include "base/err.h"
#include "reactor/reactor.h"

struct imds;
struct cloud;
struct ebs;
struct ec2;

struct cloud_options {
	bool controller;		/* false: instance metadata only */
	const char *user_agent_extra;	/* may be NULL */
};

/* NULL and err: settings that cannot work (a region or endpoint that is none). */
struct cloud *cloud_new(struct reactor *r, const struct cloud_options *opt, struct err *err);
/* Ends what runs; see ebs_stop. */
void cloud_stop(struct cloud *c);
/* No operation may be active. NULL is fine. */
void cloud_free(struct cloud *c);

struct ebs *cloud_ebs(struct cloud *c);		/* NULL: no controller */
struct ec2 *cloud_ec2(struct cloud *c);		/* likewise */
struct imds *cloud_imds(struct cloud *c);
/* The region as far as it is known without asking; may be NULL. */
const char *cloud_region(struct cloud *c);

#endif
