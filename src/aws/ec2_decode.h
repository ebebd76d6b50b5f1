/* EC2's XML answers into structures, as the bytes come in. */
#ifndef AWS_EC2_DECODE_H
#define AWS_EC2_DECODE_H

#include "aws/ec2_types.h"
#include "base/err.h"
#include "base/str.h"

#define EC2_XML_MAX (64u << 20)	/* bytes of one answer */

struct ec2_decoder;

/* Decodes the answer to `action` into resp, which is zeroed or fini'd. Unknown
 * elements are skipped; their order does not matter. */
struct ec2_decoder *ec2_decoder_new(struct ec2_response *resp, enum ec2_action action);
void ec2_decoder_free(struct ec2_decoder *d);	/* NULL is fine; resp stays */

/* 0, or -1 with INTERNAL (not XML, another root element, a bad number) or
 * RESOURCE_EXHAUSTED (a limit of ec2_shapes.h or EC2_XML_MAX). */
int ec2_decoder_feed(struct ec2_decoder *d, struct str piece, struct err *err);
int ec2_decoder_finish(struct ec2_decoder *d, struct err *err);

/* What an error answer says. Strings in the arena given; NULL when it does not. */
struct ec2_error_doc {
	const char *code;
	const char *message;
	const char *request_id;
};

/* Finds the first Error element at any depth and the request id in either
 * spelling, in EC2's and in STS' form. 0, or -1 when body is not XML to its end
 * or has no error code in it. */
int ec2_decode_error(struct str body, struct arena *arena, struct ec2_error_doc *ret);

#endif
