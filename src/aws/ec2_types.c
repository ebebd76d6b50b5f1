#include "aws/ec2_types.h"

#include <string.h>

#include "base/mem.h"

static const char *const action_names[] = {
#define EC2_ACTION(id, name, ...) [EC2_##id] = name,
#include "aws/ec2_actions.tbl.h"
#undef EC2_ACTION
};

const char *ec2_action_name(enum ec2_action a)
{
	return (unsigned int)a < EC2_ACTION_COUNT ? action_names[a] : "Action?";
}

int ec2_action_from_name(const char *name)
{
	for (int i = 0; i < EC2_ACTION_COUNT; i++)
		if (strcmp(action_names[i], name) == 0)
			return i;
	return -1;
}

void ec2_response_fini(struct ec2_response *resp)
{
	arena_fini(&resp->arena);
	memset(resp, 0, sizeof(*resp));
}
