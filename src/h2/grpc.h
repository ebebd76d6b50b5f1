/* The gRPC protocol's small notations: timeouts, status messages, content types,
 * method paths. No I/O, no state. */
#ifndef H2_GRPC_H
#define H2_GRPC_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define GRPC_MAX_MESSAGE (4u << 20)	/* what every gRPC library takes by default */
#define GRPC_PREFIX 5			/* flag and length before each message */
/* Encoded bytes of one grpc-message: with the other fields it stays below the
 * 8 KiB of header list that newer clients accept. */
#define GRPC_STATUS_TEXT_MAX 6144

/* "100m": 1-8 digits and a unit of H M S m u n. The result is in ms, rounded up
 * (0 only for a count of zero). 0, or -1 when malformed. */
int grpc_timeout_parse(struct str s, int64_t *ret);
/* ms (negative counts as 0) in the finest unit, from ms up, that holds it. */
#define GRPC_TIMEOUT_SIZE 24
void grpc_timeout_format(char out[GRPC_TIMEOUT_SIZE], int64_t ms);

/* Percent-encodes a status message. Invalid UTF-8 becomes U+FFFD; a text longer
 * than GRPC_STATUS_TEXT_MAX encoded is cut at a character. */
void grpc_message_encode(struct buf *out, struct str text);
/* The reverse; broken escapes stay as they are. */
void grpc_message_decode(struct buf *out, struct str text);

/* A status number as it stands in grpc-status; anything else than 0-16 without
 * leading zeros is GRPC_UNKNOWN. */
enum grpc_code grpc_status_parse(struct str s);

enum grpc_content {
	GRPC_CONTENT_FOREIGN,	/* not gRPC: HTTP 415 */
	GRPC_CONTENT_PLAIN,	/* application/grpc */
	GRPC_CONTENT_PROTO,	/* application/grpc+proto */
	GRPC_CONTENT_OTHER,	/* application/grpc+json and the like */
};
enum grpc_content grpc_content_parse(struct str s);

/* "/pkg.Service/Method" is cut at the last '/'. 0, or -1 when it has no two. */
int grpc_path_split(struct str path, struct str *service, struct str *method);

/* What a client makes of an answer that is not gRPC (its HTTP status), and of a
 * stream that was reset (its HTTP/2 error code). */
enum grpc_code grpc_code_of_http(unsigned int status);
enum grpc_code grpc_code_of_reset(uint32_t h2_error);

#endif
