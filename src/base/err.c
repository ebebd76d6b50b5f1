#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *grpc_code_name(enum grpc_code code)
{
	static const char *const names[] = {
		"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded",
		"NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted",
		"FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
		"Internal", "Unavailable", "DataLoss", "Unauthenticated",
	};

	return (unsigned int)code < ARRAY_SIZE(names) ? names[code] : "Code?";
}

bool err_is_set(const struct err *e)
{
	return e->code != GRPC_OK;
}

const char *err_msg(const struct err *e)
{
	return e->msg ? e->msg : "";
}

bool err_reason_is(const struct err *e, const char *reason)
{
	return e->reason && strcmp(e->reason, reason) == 0;
}

/* The text is made before the old one is freed: it may be an argument of it. */
static void set(struct err *err, enum grpc_code code, const char *reason, char *msg)
{
	char *why = xstrdup(reason);

	err_fini(err);
	err->code = code == GRPC_OK ? GRPC_UNKNOWN : code;
	err->reason = why;
	err->msg = msg;
}

static PRINTF_LIKE(1, 0) char *format(const char *fmt, va_list ap)
{
	char *msg = NULL;

	if (vasprintf(&msg, fmt, ap) < 0)
		abort();
	return msg;
}

int err_set(struct err *err, enum grpc_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set(err, code, NULL, format(fmt, ap));
	va_end(ap);
	return -1;
}

int err_set_reason(struct err *err, enum grpc_code code, const char *reason,
		   const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set(err, code, reason, format(fmt, ap));
	va_end(ap);
	return -1;
}

static enum grpc_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return GRPC_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return GRPC_PERMISSION_DENIED;
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
		return GRPC_RESOURCE_EXHAUSTED;
	case EBUSY:
		return GRPC_FAILED_PRECONDITION;
	case EINVAL:
	case ENAMETOOLONG:
		return GRPC_INVALID_ARGUMENT;
	case ETIMEDOUT:
		return GRPC_DEADLINE_EXCEEDED;
	case ECANCELED:
		return GRPC_CANCELLED;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case ENETUNREACH:
	case EHOSTUNREACH:
		return GRPC_UNAVAILABLE;
	default:
		return GRPC_INTERNAL;
	}
}

int err_set_errno(struct err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	char *what;

	if (!err)
		return -1;
	va_start(ap, fmt);
	what = format(fmt, ap);
	va_end(ap);
	set(err, code_of_errno(errnum), strerrorname_np(errnum),
	    xasprintf("%s: %s", what, strerror(errnum)));
	free(what);
	return -1;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	va_list ap;
	char *what, *old;

	if (!err || !err_is_set(err))
		return -1;
	va_start(ap, fmt);
	what = format(fmt, ap);
	va_end(ap);
	old = err->msg;
	err->msg = xasprintf("%s: %s", what, old ? old : "");
	free(old);
	free(what);
	return -1;
}

void err_copy(struct err *to, const struct err *from)
{
	struct err e = { from->code, xstrdup(from->reason), xstrdup(from->msg) };

	err_fini(to);
	*to = e;
}

void err_move(struct err *to, struct err *from)
{
	struct err e = *from;

	memset(from, 0, sizeof(*from));
	err_fini(to);
	*to = e;
}

void err_fini(struct err *err)
{
	free(err->reason);
	free(err->msg);
	memset(err, 0, sizeof(*err));
}
