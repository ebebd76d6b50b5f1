/* Requests as the sidecars send them. */
#ifndef CLUSTER_REQUEST_H
#define CLUSTER_REQUEST_H

#include "cluster.h"

/* The message for what w wants, in the arena, and the path of its method. */
const ProtobufCMessage *request_make(const struct want *w, struct arena *a, const char **path);

#endif
