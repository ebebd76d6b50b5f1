/* AWS Signature Version 4: the Authorization header of one request. No I/O, no
 * clock: the caller says what time it is. */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct sigv4_header {
	const char *name;	/* in any case */
	const char *value;
};

struct sigv4_request {
	const char *method;
	const char *path;	/* as on the wire; NULL or "" is "/" */
	const char *query;	/* as on the wire, without '?'; may be NULL */
	/* What is signed: Host, X-Amz-Date and all other X-Amz-* must be among
	 * them, exactly as sent. Those a proxy may change (User-Agent, Accept*,
	 * Connection …) are left out if they are given. */
	const struct sigv4_header *headers;
	size_t n_headers;
	struct str body;
	bool keep_path;	/* S3's rule: "." and ".." and "//" are not resolved */
};

/* Secrets belong to the caller and are not kept. */
struct sigv4_keys {
	const char *access_key;
	const char *secret_key;
	const char *session_token;	/* NULL: none; signed as a header by the caller */
};

#define SIGV4_TIME_LEN 17	/* "20260115T123456Z" and the NUL */
void sigv4_time(int64_t wall_ms, char ret[SIGV4_TIME_LEN]);

struct sigv4;

/* A signer for one scope; keeps the signing key of the day and the keys it was
 * made of (as a digest). Copies both. */
struct sigv4 *sigv4_new(const char *region, const char *service);
void sigv4_free(struct sigv4 *s);

/* Appends "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…". time is
 * what X-Amz-Date says. 0, or -1 with err (INTERNAL: OpenSSL refuses;
 * UNAUTHENTICATED: a key is empty). */
int sigv4_sign(struct sigv4 *s, const struct sigv4_keys *keys,
	       const struct sigv4_request *req, const char *time,
	       struct buf *authorization, struct err *err);

/* The two texts the signature is made of, for sigv4_sign and for tests. */
int sigv4_canonical_request(const struct sigv4_request *req, struct buf *canonical,
			    struct buf *signed_headers, struct err *err);
/* Signatures made with a new signing key since sigv4_new. */
uint64_t sigv4_keys_derived(const struct sigv4 *s);

#define SIGV4_SHA256_LEN 32
int sigv4_sha256(struct str s, unsigned char ret[SIGV4_SHA256_LEN], struct err *err);

#endif
