/* Credentials: found by a chain of sources, refreshed ahead of their expiry, one
 * refresh for all who wait.
 *
 * Order: keys in the environment, a profile of the shared files, the role of the
 * instance (IMDS). The first source that is configured decides; when it fails,
 * later ones are not asked. Ways of the Go SDK that are not built (web identity,
 * container endpoints, assumed roles, credential_process, SSO) end in an error
 * that names them when they are configured, instead of another identity. */
#ifndef AWS_CREDS_H
#define AWS_CREDS_H

#include <stdint.h>

#include "aws/flight.h"
#include "aws/imds.h"
#include "aws/sigv4.h"
#include "base/buf.h"

/* One set of keys. Counted: those who sign with it keep it while a newer one is
 * in force already. */
struct aws_creds {
	struct sigv4_keys keys;
	int64_t expires;	/* ms since 1970; 0 = never */
	char *source;		/* "profile dev in /root/.aws/credentials" */
	char feature;		/* of the user agent: 'g' environment, 'n' profile, '0' IMDS */
	uint64_t generation;	/* another number for other keys */
	unsigned int refs;
};
void aws_creds_unref(struct aws_creds *c);	/* NULL is fine */

struct creds;

/* imds is the caller's; NULL: not asked. */
struct creds *creds_new(struct reactor *r, struct imds *imds);
void creds_free(struct creds *c);	/* no creds_get may be active */
/* Ends the refresh that runs, if one does, with CANCELLED; before creds_free. */
void creds_stop(struct creds *c);

/* A leaf or nearly: at once while there are keys good for another minute, else
 * as the refresh ends. Fails with UNAUTHENTICATED (no source is configured, or
 * the one that is cannot be used; the text lists each source and why) or
 * UNAVAILABLE (the metadata service does not answer: worth another try). */
struct creds_get {
	struct op op;
	struct creds *creds;
	struct aws_creds *result;	/* a reference, given back by op_fini */
	struct flight_wait wait;
};
void creds_get_init(struct creds_get *g, struct creds *c);

/* The service refused keys of this generation: they are fetched anew before the
 * next use. Not more often than once a minute. */
void creds_refused(struct creds *c, uint64_t generation);

/* "role x from IMDS, key ASIA…, expires 2026-…" or why there are none. No secret. */
void creds_describe(const struct creds *c, struct buf *out);

#endif
