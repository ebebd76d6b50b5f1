/* protobuf-c messages in an arena: decoding, building, encoding. */
#ifndef CSI_PB_H
#define CSI_PB_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "h2/rpc.h"

/* Most memory one decoded request may take. */
#define PB_MEMORY_MAX (8u << 20)

/* NULL and err (see wire_check; INVALID_ARGUMENT too when it would take more than
 * PB_MEMORY_MAX). The message lives as long as the arena. */
ProtobufCMessage *pb_unpack(struct arena *a, const ProtobufCMessageDescriptor *desc,
			    struct str bytes, struct err *err);

/* Encodes and replies; msg may be NULL for a response without any field set. */
void pb_reply(struct rpc *rpc, const ProtobufCMessage *msg);

void *pb_new(struct arena *a, const ProtobufCMessageDescriptor *desc);
/* PB_NEW(arena, csi__v1__topology): a zero message of that type. */
#define PB_NEW(arena, name) pb_new(arena, &name##__descriptor)

/* A map field's entry as protobuf-c lays it out: key 1, value 2. */
struct pb_entry {
	ProtobufCMessage base;
	char *key;
	char *value;
};

/* The value of the last entry with this key (as a decoder that fills a map has
 * it), or NULL. */
const char *pb_map_get(void *const *entries, size_t n, const char *key);
#define PB_MAP_GET(msg, field, key) \
	pb_map_get((void *const *)(msg)->field, (msg)->n_##field, key)

#endif
