/* Length-prefixed messages of one stream: 1 byte flag, 4 bytes length, data.
 * No I/O; frame borders mean nothing here. */
#ifndef H2_MESSAGE_H
#define H2_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "h2/grpc.h"

enum grpc_encoding { GRPC_IDENTITY, GRPC_GZIP };

/* 0, or -1 for an encoding that is not supported. NULL is identity. */
int grpc_encoding_parse(const char *name, enum grpc_encoding *ret);
/* For grpc-accept-encoding. */
#define GRPC_ENCODINGS "identity,gzip"

struct message_reader {
	enum grpc_encoding encoding;
	size_t max;		/* bytes of one message, packed and plain */
	uint8_t prefix[GRPC_PREFIX];
	size_t have;		/* bytes of the prefix */
	uint32_t length;
	struct buf body;	/* grows as bytes arrive, never ahead of them */
	struct buf plain;	/* of a gzip'd one */
};

void message_reader_init(struct message_reader *r, enum grpc_encoding enc, size_t max);
void message_reader_fini(struct message_reader *r);

/* Takes bytes off *in. 1: a message is complete, *msg is valid until the next
 * call (call again for the rest of *in); 0: *in is used up; -1: err, the stream
 * is beyond repair. The length is checked before any memory is taken. */
int message_read(struct message_reader *r, struct str *in, struct str *msg, struct err *err);
/* At the end of the stream: -1 when it ends inside a message. */
int message_read_end(const struct message_reader *r, struct err *err);
/* Bytes of memory it holds. */
size_t message_reader_size(const struct message_reader *r);

/* Appends prefix and message; gzip'd when enc says so and it pays off.
 * -1 when out's max is too small. */
int message_write(struct buf *out, struct str msg, enum grpc_encoding enc);

#endif
