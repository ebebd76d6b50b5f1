/* The language of ebs-csid and ebs-csid-helper, and of the helper and its
 * children: one message is one SEQPACKET datagram. Strictly decoded: unknown
 * types, short or surplus bytes, over-long strings and NULs inside are errors.
 *
 *   helper -> daemon   HELLO once; ASK, END, HUNG, GONE
 *   daemon -> helper   ACT; GO or STOP to an ASK; STOP at any time
 *   child  -> helper   ASK, END;   helper -> child   GO, STOP
 *
 * Each ACT gets exactly one END or HUNG; a HUNG one gets a GONE later, once its
 * child is gone. */
#ifndef BLOCK_PROTO_H
#define BLOCK_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PROTO_VERSION 1
#define PROTO_MAX (20u << 10)	/* no message is longer; checked at start */

enum proto_type {
	PROTO_HELLO = 1, PROTO_ACT, PROTO_GO, PROTO_STOP, PROTO_ASK, PROTO_END,
	PROTO_HUNG, PROTO_GONE,
	PROTO_TYPE_MAX = PROTO_GONE
};

enum proto_kind {
	ACT_STAGE = 1, ACT_UNMOUNT, ACT_PUBLISH_FS, ACT_PUBLISH_DEVICE, ACT_STATS,
	ACT_KIND_MAX = ACT_STATS
};

enum proto_flag {	/* of an ACT */
	ACT_RO = 1,
	ACT_GROW = 2,
	ACT_ALLOW_LOOP = 4,
	ACT_KEEP_UNMOUNTED = 8,
	ACT_BIGALLOC = 16,
	ACT_ENCRYPTION = 32,
	ACT_LEGACY_XFS = 64,
	ACT_FLAGS_ALL = 127
};

/* What an ASK is about. The writers (fsck, mkfs) are let through to their end. */
enum proto_phase { PHASE_FSCK = 1, PHASE_MKFS, PHASE_MOUNT, PHASE_MAX = PHASE_MOUNT };

#define U8(name) uint8_t name;
#define U32(name) uint32_t name;
#define U64(name) uint64_t name;
#define TEXT(name, max) const char *name;
struct proto_hello {
#define PROTO_HELLO_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_HELLO_FIELDS
};
struct proto_act {
#define PROTO_ACT_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_ACT_FIELDS
};
struct proto_word {
#define PROTO_WORD_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_WORD_FIELDS
};
struct proto_ask {
#define PROTO_ASK_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_ASK_FIELDS
};
struct proto_hung {
#define PROTO_HUNG_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_HUNG_FIELDS
};
struct proto_end {
#define PROTO_END_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_END_FIELDS
};
#undef U8
#undef U32
#undef U64
#undef TEXT

struct proto_msg {
	enum proto_type type;
	union {
		struct proto_hello hello;
		struct proto_act act;
		struct proto_word word;	/* GO, STOP, GONE */
		struct proto_ask ask;
		struct proto_hung hung;
		struct proto_end end;
	};
};

/* Into out (PROTO_MAX bytes). Its length, or 0 and err (INVALID_ARGUMENT naming
 * the field) when a string is too long. NULL strings travel as "". */
size_t proto_encode(const struct proto_msg *m, void *out, struct err *err);
/* Strings point into p. 0, or -1 and err. Ranges of enums and flags are checked;
 * contents (paths) are not. */
int proto_decode(const void *p, size_t n, struct proto_msg *ret, struct err *err);

/* One datagram. proto_send: 0, or a negative errno (-EAGAIN when fd does not block
 * and is full). proto_recv: its length, 0 at the end, or a negative errno
 * (-EMSGSIZE: longer than PROTO_MAX). */
int proto_send(int fd, const void *p, size_t n);
int proto_recv(int fd, void *p);

const char *proto_kind_name(enum proto_kind kind);	/* "stage" */
const char *proto_phase_name(enum proto_phase phase);	/* "mkfs" */

#endif
