#include "csi/pb.h"

#include "csi/wire.h"

struct budget {
	struct arena *arena;
	size_t left;
};

/* protobuf-c takes NULL as "no memory" and gives the message up. */
static void *budget_alloc(void *ctx, size_t size)
{
	struct budget *b = ctx;

	if (size > b->left)
		return NULL;
	b->left -= size;
	return arena_alloc(b->arena, size);
}

static void budget_free(void *ctx, void *p)
{
	(void)ctx;
	(void)p;	/* goes with the arena */
}

ProtobufCMessage *pb_unpack(struct arena *a, const ProtobufCMessageDescriptor *desc,
			    struct str bytes, struct err *err)
{
	struct budget b = { a, PB_MEMORY_MAX };
	ProtobufCAllocator alloc = { budget_alloc, budget_free, &b };
	ProtobufCMessage *msg;

	if (wire_check(desc, bytes, err) < 0)
		return NULL;
	msg = protobuf_c_message_unpack(desc, &alloc, bytes.n, (const uint8_t *)bytes.p);
	if (!msg)
		err_set(err, GRPC_INVALID_ARGUMENT,
			"%s of %zu bytes: a field has the wrong type, or it needs more than %u "
			"bytes of memory", desc->short_name, bytes.n, PB_MEMORY_MAX);
	return msg;
}

void pb_reply(struct rpc *rpc, const ProtobufCMessage *msg)
{
	size_t n = msg ? protobuf_c_message_get_packed_size(msg) : 0;
	uint8_t *p = arena_alloc(&rpc->arena, n ? n : 1);

	if (n)
		protobuf_c_message_pack(msg, p);
	rpc_reply(rpc, str_n((const char *)p, n));
}

void *pb_new(struct arena *a, const ProtobufCMessageDescriptor *desc)
{
	ProtobufCMessage *msg = arena_alloc(a, desc->sizeof_message);

	protobuf_c_message_init(desc, msg);
	return msg;
}

const char *pb_map_get(void *const *entries, size_t n, const char *key)
{
	while (n-- > 0) {
		const struct pb_entry *e = entries[n];

		if (cstr_eq(e->key, key))
			return e->value;
	}
	return NULL;
}
