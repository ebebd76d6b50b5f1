#include "aws/ec2_transport.h"

void ec2_exchange_init(struct ec2_exchange *x, struct ec2_transport *t,
		       const struct ec2_request *req)
{
	op_fini(&x->op);
	ec2_response_fini(&x->resp);
	x->transport = t;
	x->req = req;
	x->fault = EC2_FAULT_NONE;
	x->http_status = 0;
	x->retry_after_ms = 0;
	t->prepare(t, x);
}
