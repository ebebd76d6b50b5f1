/* The real transport: an attempt of an EC2 call is signed, sent by HTTP, and its
 * answer decoded as it comes in. */
#ifndef AWS_EC2_HTTP_H
#define AWS_EC2_HTTP_H

#include "aws/creds.h"
#include "aws/ec2_transport.h"
#include "aws/endpoint.h"
#include "net/http.h"

struct ec2_http_options {
	struct reactor *reactor;
	struct http *http;		/* caller's, as are the next two */
	struct creds *creds;
	const struct endpoint *endpoint;
	const char *version;		/* of the driver, for the user agent */
	const char *user_agent_extra;	/* NULL or "": none */
	int64_t describe_ms;		/* time-out of a Describe*; 0 = 30 s */
	int64_t total_ms;		/* of other actions; 0 = 60 s */
};

/* Options are copied, the objects they point to are not. */
struct ec2_transport *ec2_http_new(const struct ec2_http_options *opt);
void ec2_http_free(struct ec2_transport *t);	/* no exchange may be active */

/* What is added to our clock when signing, by the servers' Date; ms. */
int64_t ec2_http_skew(const struct ec2_transport *t);

#endif
