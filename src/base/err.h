/* What went wrong: a gRPC code, the machine-readable reason (an EC2 error
 * code, an errno name) and the text for a person. Prefixes are added on the
 * way up; the RPC logs once. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/mem.h"

/* Numbers of the gRPC status codes (doc/statuscodes.md of gRPC). */
enum grpc_code {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_UNKNOWN = 2,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_NOT_FOUND = 5,
	GRPC_ALREADY_EXISTS = 6,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_FAILED_PRECONDITION = 9,
	GRPC_ABORTED = 10,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_DATA_LOSS = 15,
	GRPC_UNAUTHENTICATED = 16,
};

/* "OK", "InvalidArgument" as grpc-go prints them in logs. */
const char *grpc_code_name(enum grpc_code code);

/* A zeroed struct err is "no error". Owns msg and reason. */
struct err {
	enum grpc_code code;
	char *reason;	/* NULL, or e.g. "VolumeInUse", "ENOSPC" */
	char *msg;
};

bool err_is_set(const struct err *e);
const char *err_msg(const struct err *e);	/* "" when not set */
bool err_reason_is(const struct err *e, const char *reason);

/* All setters return -1, so that `return err_set(…)` reads well, and accept
 * err == NULL (the caller does not want the text). A set error is replaced. */
int err_set(struct err *err, enum grpc_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* As err_set, with a reason. */
int err_set_reason(struct err *err, enum grpc_code code, const char *reason,
		   const char *fmt, ...) PRINTF_LIKE(4, 5);
/* "<text>: <strerror(errno)>", reason = errno's name, code from the errno
 * (ENOENT NOT_FOUND, EACCES/EPERM PERMISSION_DENIED, ENOSPC/EDQUOT
 * RESOURCE_EXHAUSTED, EBUSY FAILED_PRECONDITION, EINVAL INVALID_ARGUMENT,
 * ETIMEDOUT DEADLINE_EXCEEDED, ECONNREFUSED & co. UNAVAILABLE, else INTERNAL). */
int err_set_errno(struct err *err, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Puts "<text>: " before the message; no-op on an unset error. Returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

void err_copy(struct err *to, const struct err *from);
void err_move(struct err *to, struct err *from);	/* from becomes unset */
void err_fini(struct err *err);	/* releases; becomes unset */

#endif
