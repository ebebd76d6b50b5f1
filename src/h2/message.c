#include "h2/message.h"

#include <string.h>

#include "h2/gzip.h"

#define GZIP_PAYS_FROM 1024	/* bytes */

int grpc_encoding_parse(const char *name, enum grpc_encoding *ret)
{
	if (name && strcmp(name, "identity") != 0 && strcmp(name, "gzip") != 0)
		return -1;
	*ret = name && strcmp(name, "gzip") == 0 ? GRPC_GZIP : GRPC_IDENTITY;
	return 0;
}

void message_reader_init(struct message_reader *r, enum grpc_encoding enc, size_t max)
{
	memset(r, 0, sizeof(*r));
	r->encoding = enc;
	r->max = max;
	buf_init(&r->body, max);
	buf_init(&r->plain, max);
}

void message_reader_fini(struct message_reader *r)
{
	buf_fini(&r->body);
	buf_fini(&r->plain);
}

size_t message_reader_size(const struct message_reader *r)
{
	return r->body.cap + r->plain.cap;
}

static struct str take(struct str *in, size_t n)
{
	struct str part = str_n(in->p, n < in->n ? n : in->n);

	in->p += part.n;
	in->n -= part.n;
	return part;
}

static int check_prefix(struct message_reader *r, struct err *err)
{
	const uint8_t *p = r->prefix;

	r->length = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
	if (p[0] > 1)
		return err_set(err, GRPC_INTERNAL,
			       "message prefix: flag %u, expected 0 or 1", p[0]);
	if (p[0] == 1 && r->encoding == GRPC_IDENTITY)
		return err_set(err, GRPC_INTERNAL,
			       "message is flagged as compressed, but no grpc-encoding was sent");
	if (r->length > r->max)
		return err_set(err, GRPC_RESOURCE_EXHAUSTED,
			       "received message larger than max (%u vs. %zu bytes)",
			       r->length, r->max);
	return 0;
}

static int complete(struct message_reader *r, struct str *msg, struct err *err)
{
	*msg = buf_view(&r->body);
	r->have = 0;
	if (!r->prefix[0])
		return 1;
	buf_reset(&r->plain);
	if (gzip_inflate(&r->plain, *msg, err) < 0)
		return -1;
	*msg = buf_view(&r->plain);
	return 1;
}

int message_read(struct message_reader *r, struct str *in, struct str *msg, struct err *err)
{
	struct str part;

	if (r->have < GRPC_PREFIX) {
		part = take(in, GRPC_PREFIX - r->have);
		if (part.n)
			memcpy(r->prefix + r->have, part.p, part.n);
		r->have += part.n;
		if (r->have < GRPC_PREFIX)
			return 0;
		if (check_prefix(r, err) < 0)
			return -1;
		buf_reset(&r->body);
	}
	part = take(in, r->length - r->body.len);
	buf_add(&r->body, part.p, part.n);
	return r->body.len == r->length ? complete(r, msg, err) : 0;
}

int message_read_end(const struct message_reader *r, struct err *err)
{
	if (r->have == 0)
		return 0;
	if (r->have < GRPC_PREFIX)
		return err_set(err, GRPC_INTERNAL,
			       "request ends inside a message prefix, after %zu of %d bytes",
			       r->have, GRPC_PREFIX);
	return err_set(err, GRPC_INTERNAL, "request ends inside a message, after %zu of %u bytes",
		       r->body.len, r->length);
}

static void add_prefix(struct buf *out, bool packed, size_t n)
{
	const uint8_t prefix[GRPC_PREFIX] = {
		packed, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n,
	};

	buf_add(out, prefix, sizeof(prefix));
}

int message_write(struct buf *out, struct str msg, enum grpc_encoding enc)
{
	struct buf packed;

	buf_init(&packed, msg.n);	/* one that grows is sent plain */
	if (enc == GRPC_GZIP && msg.n >= GZIP_PAYS_FROM && gzip_deflate(&packed, msg) == 0) {
		add_prefix(out, true, packed.len);
		buf_add(out, packed.data, packed.len);
	} else {
		add_prefix(out, false, msg.n);
		buf_add(out, msg.p, msg.n);
	}
	buf_fini(&packed);
	return out->overflow ? -1 : 0;
}
