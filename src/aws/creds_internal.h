/* Between the chain and its sources. */
#ifndef AWS_CREDS_INTERNAL_H
#define AWS_CREDS_INTERNAL_H

#include "aws/creds.h"

enum creds_verdict {
	CREDS_ABSENT,	/* not configured: the next source; *why says what was missing */
	CREDS_FOUND,
	CREDS_BROKEN,	/* configured and not usable: the end; *why */
};

/* Copies; token may be NULL. One reference. */
struct aws_creds *aws_creds_new(const char *access_key, const char *secret_key,
				const char *token, int64_t expires, char feature,
				const char *source);
struct aws_creds *aws_creds_ref(struct aws_creds *c);

/* why gets a line for people: "environment: AWS_ACCESS_KEY_ID is not set". */
enum creds_verdict creds_from_env(struct aws_creds **ret, struct buf *why);
enum creds_verdict creds_from_profile(struct aws_creds **ret, struct buf *why);
/* The container endpoints, asked before IMDS: never FOUND. */
enum creds_verdict creds_from_container(struct buf *why);

/* The instance's role: a small tree. Fails with NOT_FOUND (the instance has no
 * role), FAILED_PRECONDITION (IMDS is disabled), UNAUTHENTICATED (what IMDS says
 * is no use), UNAVAILABLE. */
struct creds_imds {
	struct op op;
	struct imds *imds;
	struct aws_creds *result;	/* given back by op_fini unless taken */
	/* Own. */
	struct imds_get list, role;
	char *path;
	char *role_name;
};
void creds_imds_init(struct creds_imds *ci, struct imds *m);

#endif
