/* The service grpc.health.v1.Health. */
#ifndef H2_HEALTH_H
#define H2_HEALTH_H

#include <stdbool.h>

#include "h2/server.h"

struct grpc_health;

/* Knows the server as a whole ("", serving). */
struct grpc_health *grpc_health_new(void);
/* After the server it was added to is freed. */
void grpc_health_free(struct grpc_health *h);
void grpc_health_add_to(struct grpc_health *h, struct grpc_server *s);

/* State of a service ("csi.v1.Node"); a new name is added. Watchers hear of a
 * change. */
void grpc_health_set(struct grpc_health *h, const char *service, bool serving);
/* Before a drain: everything is NOT_SERVING, watchers are told and let go. */
void grpc_health_shutdown(struct grpc_health *h);

/* FileDescriptorSet of the service, for reflection. */
extern const unsigned char grpc_health_descriptor_set[];
extern const size_t grpc_health_descriptor_set_len;

#endif
