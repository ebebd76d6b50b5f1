/* The User-Agent: "ebs-csid/1.0 ua/2.1 os/linux lang/c md/openssl#3.0 exec-env/…
 * api/ec2#2016-11-15 app/… m/…". */
#ifndef AWS_USER_AGENT_H
#define AWS_USER_AGENT_H

#include <stdbool.h>

#include "base/buf.h"

/* extra may be NULL. AWS_SDK_UA_APP_ID is read from the environment. */
void user_agent_write(struct buf *b, const char *version, const char *extra, char creds_feature,
		      bool custom_endpoint);

#endif
