/* The rules that must hold, whatever goes wrong. Each has a name, which
 * cluster_fail prints. */
#ifndef CLUSTER_CHECK_H
#define CLUSTER_CHECK_H

#include "cluster.h"

/* Takes the model's hooks. */
struct check *check_new(struct cluster *c);
void check_free(struct check *k);

/* Each answer as the service gave it (also to a client that has gone). */
void check_service_answer(struct cluster *c, const char *path, enum grpc_code code,
			  const char *text);
/* Each answer as the client takes it; before the client acts on it. */
void check_answer(struct want *w, const struct call *call, const struct answer *a);
/* When all lives are over and everything has come to rest. */
void check_end(struct cluster *c);

#endif
