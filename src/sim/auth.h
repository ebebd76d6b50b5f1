/* What EC2 checks before it reads a request: that it is signed, by whom, when. */
#ifndef SIM_AUTH_H
#define SIM_AUTH_H

#include "base/err.h"
#include "net/http1.h"

struct sim_auth {
	const char *access_key;		/* NULL: any */
	const char *secret_key;		/* NULL: signatures are not verified */
	const char *session_token;	/* NULL: any or none */
	const char *region;
};

/* 0, or -1 with EC2's code as the reason: MissingAuthenticationToken,
 * IncompleteSignature, AuthFailure, RequestExpired. wall: ms since 1970. */
int sim_auth_check(const struct sim_auth *a, const struct http1_request *req, int64_t wall,
		   struct err *err);

#endif
