/* Keys in the environment, and what else the environment may ask for. */
#include <stdlib.h>

#include "aws/creds_internal.h"
#include "base/str.h"

static const char *either(const char *a, const char *b)
{
	const char *v = getenv(a);

	return cstr_empty(v) ? getenv(b) : v;
}

enum creds_verdict creds_from_env(struct aws_creds **ret, struct buf *why)
{
	const char *access = either("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY");
	const char *secret = either("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY");
	const char *token = getenv("AWS_SESSION_TOKEN");

	if (!cstr_empty(access) && !cstr_empty(secret)) {
		*ret = aws_creds_new(access, secret, cstr_empty(token) ? NULL : token, 0, 'g',
				     "the environment");
		return CREDS_FOUND;
	}
	buf_printf(why, "environment: %s is not set",
		   cstr_empty(access) ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
	if (cstr_empty(getenv("AWS_WEB_IDENTITY_TOKEN_FILE")))
		return CREDS_ABSENT;
	buf_adds(why, "; web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, but this version "
		      "cannot assume a role by web identity: use an instance role or keys");
	return CREDS_BROKEN;
}

enum creds_verdict creds_from_container(struct buf *why)
{
	static const char *const names[] = {
		"AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	};

	for (size_t i = 0; i < 2; i++) {
		if (cstr_empty(getenv(names[i])))
			continue;
		buf_printf(why, "container: %s is set, but this version cannot ask a container "
			   "credential endpoint: use an instance role or keys", names[i]);
		return CREDS_BROKEN;
	}
	return CREDS_ABSENT;
}
