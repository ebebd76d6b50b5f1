/* EC2 Query protocol: requests as application/x-www-form-urlencoded bodies. */
#ifndef AWS_EC2_QUERY_H
#define AWS_EC2_QUERY_H

#include "aws/ec2_types.h"
#include "base/buf.h"
#include "base/err.h"

#define EC2_QUERY_MAX (1u << 20)	/* bytes of a request body */
#define EC2_QUERY_PARAMS_MAX 20000

/* Client: appends "Action=…&Version=…&…". b->overflow tells when it did not fit. */
void ec2_query_encode(const struct ec2_request *req, struct buf *b);

/* Server: fills req, with everything it points to in arena. Parameters may come
 * in any order; list indices count from 1 and may have gaps, which close. On a
 * failure err's reason is the code EC2 would answer (MissingAction,
 * InvalidAction, UnknownParameter, InvalidParameterValue, MalformedQueryString). */
int ec2_query_decode(struct str body, struct arena *arena, struct ec2_request *req,
		     struct err *err);

#endif
