/* The instance metadata service, version 2 only: a session token is fetched
 * first and shared by all; version 1 is never tried. */
#ifndef AWS_IMDS_H
#define AWS_IMDS_H

#include "aws/flight.h"
#include "base/arena.h"
#include "base/buf.h"
#include "net/http.h"
#include "reactor/op.h"

struct imds;

/* Address by AWS_EC2_METADATA_SERVICE_ENDPOINT or _ENDPOINT_MODE (IPv4, IPv6).
 * NULL and err (INVALID_ARGUMENT naming the variable) when one of them is wrong.
 * With AWS_EC2_METADATA_DISABLED=true all requests fail with
 * FAILED_PRECONDITION. h is the caller's and outlives it. */
struct imds *imds_new(struct reactor *r, struct http *h, struct err *err);
void imds_free(struct imds *m);		/* no request may be active */
struct reactor *imds_reactor(const struct imds *m);
bool imds_is_disabled(const struct imds *m);
const char *imds_address(const struct imds *m);	/* "http://169.254.169.254" */

/* GET of one path. Three tries, each of at most a second. Fails with NOT_FOUND
 * (404: the instance has no such item), UNAVAILABLE (not reached; the text says
 * what to look at), FAILED_PRECONDITION (disabled), PERMISSION_DENIED (403). */
struct imds_get {
	struct op op;
	struct imds *imds;
	const char *path;	/* caller's: "/latest/meta-data/…" */
	struct buf body;	/* the answer; released by op_fini */
	/* Own. */
	struct flight_wait token;
	struct http_exchange http;
	struct op_sleep pause;
	char *url;
	unsigned int tries;
	unsigned int token_seq;	/* which token the request was sent with */
};
void imds_get_init(struct imds_get *g, struct imds *m, const char *path);

/* What a node tells about itself, all of it in one operation. Fails when one of
 * the first four is missing. */
struct imds_info {
	const char *instance_id;
	const char *instance_type;
	const char *region;
	const char *availability_zone;
	const char *availability_zone_id;	/* NULL: not said */
	const char *account_id;			/* NULL: not said */
	const char *outpost_arn;		/* NULL: not on an Outpost */
	unsigned int interfaces;		/* network interfaces attached now */
	unsigned int ebs_mappings;		/* EBS volumes attached at launch, the
						   root disk aside */
};

struct imds_instance_info {
	struct op op;
	struct imds_info info;	/* after success; strings in arena, until op_fini */
	struct arena arena;
	/* Own. */
	struct imds *imds;
	struct imds_get document, macs, mappings, outpost, zone_id;
};
void imds_instance_info_init(struct imds_instance_info *i, struct imds *m);

#endif
