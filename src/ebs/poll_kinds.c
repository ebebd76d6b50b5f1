/* The kinds of resources the poller knows. */
#include "base/str.h"
#include "ebs/poll.h"

static void ask_volumes(struct ec2_request *req, const char **ids, size_t n, const char *token)
{
	req->describe_volumes.volume_ids.v = ids;
	req->describe_volumes.volume_ids.n = n;
	req->describe_volumes.next_token = token;
}

static const char *each_volume(const struct ec2_response *resp,
			       void (*found)(void *ctx, const char *id, const void *item),
			       void *ctx)
{
	for (size_t i = 0; i < resp->volumes.n; i++)
		found(ctx, resp->volumes.v[i].volume_id, &resp->volumes.v[i]);
	return resp->volumes.next_token;
}

const struct poll_kind poll_volumes = {
	.name = "volumes",
	.action = EC2_DESCRIBE_VOLUMES,
	.max_ids = 500,
	.not_found = "InvalidVolume.NotFound",
	.ask = ask_volumes,
	.each = each_volume,
};

static void ask_instances(struct ec2_request *req, const char **ids, size_t n,
			  const char *token)
{
	req->describe_instances.instance_ids.v = ids;
	req->describe_instances.instance_ids.n = n;
	req->describe_instances.next_token = token;
}

static const char *each_instance(const struct ec2_response *resp,
				 void (*found)(void *ctx, const char *id, const void *item),
				 void *ctx)
{
	for (size_t i = 0; i < resp->instances.n; i++) {
		const struct ec2_reservation *rv = &resp->instances.v[i];

		for (size_t k = 0; k < rv->instances.n; k++)
			found(ctx, rv->instances.v[k].instance_id, &rv->instances.v[k]);
	}
	return resp->instances.next_token;
}

const struct poll_kind poll_instances = {
	.name = "instances",
	.action = EC2_DESCRIBE_INSTANCES,
	.max_ids = 200,
	.not_found = "InvalidInstanceID.NotFound",
	.ask = ask_instances,
	.each = each_instance,
};
