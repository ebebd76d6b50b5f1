#include "aws/user_agent.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "aws/ec2_shapes.h"
#include "base/str.h"

#define APP_ID_MAX 50

/* Anything that has a meaning in the header, or none at all, becomes '-'. */
static void add_token(struct buf *b, const char *s, size_t max)
{
	for (size_t i = 0; i < max && s[i]; i++) {
		bool plain = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			     (s[i] >= '0' && s[i] <= '9') || strchr("!$%&'*+-.^_|~`", s[i]);

		buf_addc(b, plain ? s[i] : '-');
	}
}

void user_agent_write(struct buf *b, const char *version, const char *extra, char creds_feature,
		      bool custom_endpoint)
{
	const char *app = getenv("AWS_SDK_UA_APP_ID");

	buf_adds(b, "ebs-csid/");
	add_token(b, version, 64);
	buf_adds(b, " ua/2.1 os/linux lang/c md/openssl#");
	add_token(b, OpenSSL_version(OPENSSL_VERSION_STRING), 32);
	buf_adds(b, " exec-env/ebs-csid-");
	add_token(b, version, 64);
	if (!cstr_empty(extra)) {
		buf_addc(b, '-');
		add_token(b, extra, 128);
	}
	buf_adds(b, " api/ec2#" EC2_API_VERSION);
	if (!cstr_empty(app)) {
		buf_adds(b, " app/");
		add_token(b, app, APP_ID_MAX);
	}
	buf_printf(b, " m/%s%c", custom_endpoint ? "N," : "", creds_feature);
}
