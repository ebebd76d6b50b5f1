/* The services grpc.reflection.v1.ServerReflection and …v1alpha…: clients like
 * grpcurl learn messages and methods from them. */
#ifndef H2_REFLECTION_H
#define H2_REFLECTION_H

#include "h2/server.h"

struct grpc_reflection;

/* Knows its own descriptors. */
struct grpc_reflection *grpc_reflection_new(void);
/* After the server it was added to is freed. */
void grpc_reflection_free(struct grpc_reflection *r);

/* A serialised FileDescriptorSet with all imports (build-aux/embed-descriptor.sh
 * makes one); the bytes must outlive r. A file that is known by name already is
 * passed over. -1: the bytes are no such set. */
int grpc_reflection_add_set(struct grpc_reflection *r, const void *set, size_t n,
			    struct err *err);
/* Adds the two services to s, and lists what s serves. */
void grpc_reflection_add_to(struct grpc_reflection *r, struct grpc_server *s);

#endif
