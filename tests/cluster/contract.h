/* Which codes an RPC may be answered with, when. */
#ifndef CLUSTER_CONTRACT_H
#define CLUSTER_CONTRACT_H

#include "cluster.h"

/* May w be answered so? lately: EC2 has moved the volume, or a client has asked
 * for it, so short a time ago that views of it may differ. */
bool contract_allows(const struct want *w, enum grpc_code code, bool lately);

#endif
