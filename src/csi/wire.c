#include "csi/wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LEN = 2, WIRE_32 = 5 };

struct reader {
	const uint8_t *p, *end;
	size_t parts;		/* left */
	const char *message;	/* of the outermost message, for texts */
	struct err *err;
};

static int malformed(struct reader *r, const char *what)
{
	return err_set(r->err, GRPC_INTERNAL, "the request is no %s message: %s", r->message,
		       what);
}

static int read_varint(struct reader *r, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		if (r->p == r->end)
			return malformed(r, "it ends inside a number");
		v |= (uint64_t)(*r->p & 0x7f) << (shift < 64 ? shift : 63);
		if (!(*r->p++ & 0x80)) {
			*ret = v;
			return 0;
		}
	}
	return malformed(r, "a number is longer than 64 bits");
}

/* Length of the UTF-8 sequence at p, 0 when it is none (overlong forms,
 * surrogates and what lies beyond U+10FFFF included). */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *p < 0x80 ? 1 : *p >= 0xf0 && *p < 0xf8 ? 4 : *p >= 0xe0 ? 3 :
		     *p >= 0xc0 ? 2 : 0;
	uint32_t c = len == 1 ? *p : *p & (0x7fu >> len);

	if (!len || len > n || *p >= 0xf8)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

static int check_string(struct reader *r, const char *message, const char *field,
			const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;

	while (p < end) {
		size_t len = utf8_sequence(p, (size_t)(end - p));

		if (*p == 0)
			return err_set(r->err, GRPC_INVALID_ARGUMENT,
				       "%s.%s has a NUL byte in it", message, field);
		if (!len)
			return err_set(r->err, GRPC_INVALID_ARGUMENT,
				       "%s.%s is not valid UTF-8", message, field);
		p += len;
	}
	return 0;
}

static int check_message(struct reader *r, const ProtobufCMessageDescriptor *desc);

/* A field of variable length: a string, a message, packed numbers or unknown. */
static int check_bytes(struct reader *r, const ProtobufCMessageDescriptor *desc,
		       const ProtobufCFieldDescriptor *f)
{
	const uint8_t *outer = r->end;
	uint64_t n;
	int rc;

	if (read_varint(r, &n) < 0)
		return -1;
	if (n > (uint64_t)(r->end - r->p))
		return malformed(r, "a part is longer than the whole");
	if (f && f->type == PROTOBUF_C_TYPE_STRING &&
	    check_string(r, desc->short_name, f->name, r->p, n) < 0)
		return -1;
	if (!f || f->type != PROTOBUF_C_TYPE_MESSAGE) {
		r->p += n;
		return 0;
	}
	r->end = r->p + n;
	rc = check_message(r, f->descriptor);
	r->end = outer;
	return rc;
}

static int skip(struct reader *r, size_t n)
{
	if (n > (size_t)(r->end - r->p))
		return malformed(r, "it ends inside a number");
	r->p += n;
	return 0;
}

static int check_field(struct reader *r, const ProtobufCMessageDescriptor *desc)
{
	const ProtobufCFieldDescriptor *f;
	uint64_t tag, number;

	if (read_varint(r, &tag) < 0)
		return -1;
	if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
		return malformed(r, "a field has an impossible number");
	if (r->parts-- == 0)
		return err_set(r->err, GRPC_INVALID_ARGUMENT,
			       "%s has more than %d parts", r->message, WIRE_PARTS_MAX);
	f = protobuf_c_message_descriptor_get_field(desc, (unsigned int)(tag >> 3));
	switch (tag & 7) {
	case WIRE_VARINT:
		return read_varint(r, &number);
	case WIRE_64:
		return skip(r, 8);
	case WIRE_32:
		return skip(r, 4);
	case WIRE_LEN:
		return check_bytes(r, desc, f);
	default:
		return malformed(r, "a field has an unknown wire type");
	}
}

/* CSI's messages do not contain themselves, so the depth is bounded by theirs. */
static int check_message(struct reader *r, const ProtobufCMessageDescriptor *desc)
{
	while (r->p < r->end)
		if (check_field(r, desc) < 0)
			return -1;
	return 0;
}

int wire_check(const ProtobufCMessageDescriptor *desc, struct str bytes, struct err *err)
{
	struct reader r = {
		.p = (const uint8_t *)bytes.p,
		.end = (const uint8_t *)bytes.p + bytes.n,
		.parts = WIRE_PARTS_MAX,
		.message = desc->short_name,
		.err = err,
	};

	return bytes.n ? check_message(&r, desc) : 0;
}
