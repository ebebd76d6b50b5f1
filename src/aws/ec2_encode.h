/* The server's side of the answers: structures to XML. For the simulator. */
#ifndef AWS_EC2_ENCODE_H
#define AWS_EC2_ENCODE_H

#include "aws/ec2_types.h"
#include "base/buf.h"

#define EC2_XML_TYPE "text/xml;charset=UTF-8"

/* Append a whole document; b->overflow tells when it did not fit. The request id
 * of a response is resp->request_id. */
void ec2_encode_response(const struct ec2_response *resp, struct buf *b);
void ec2_encode_error(const char *code, const char *message, const char *request_id,
		      struct buf *b);

#endif
