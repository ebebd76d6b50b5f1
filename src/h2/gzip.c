#include "h2/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY (15 + 16)	/* zlib's way to say: window 32 KiB, gzip wrapper */
#define CHUNK (16u << 10)

/* zlib's input pointer is not const, though it only reads. */
static void set_input(z_stream *z, struct str in)
{
	z->next_in = (Bytef *)(uintptr_t)in.p;
	z->avail_in = (uInt)in.n;
}

static int inflate_into(z_stream *z, struct buf *out, struct err *err)
{
	unsigned char chunk[CHUNK];
	int rc;

	do {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		rc = inflate(z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END)
			return err_set(err, GRPC_INTERNAL, "message is not valid gzip: %s",
				       z->msg ? z->msg : "it ends too early");
		if (buf_add(out, chunk, sizeof(chunk) - z->avail_out) < 0)
			return err_set(err, GRPC_RESOURCE_EXHAUSTED,
				       "message is larger than %zu bytes after gunzip", out->max);
	} while (rc != Z_STREAM_END);
	if (z->avail_in)
		return err_set(err, GRPC_INTERNAL, "%u bytes follow the gzip data of a message",
			       z->avail_in);
	return 0;
}

int gzip_inflate(struct buf *out, struct str packed, struct err *err)
{
	z_stream z = {0};
	int rc;

	if (inflateInit2(&z, GZIP_ONLY) != Z_OK)
		abort();	/* out of memory */
	set_input(&z, packed);
	rc = inflate_into(&z, out, err);
	inflateEnd(&z);
	return rc;
}

int gzip_deflate(struct buf *out, struct str plain)
{
	unsigned char chunk[CHUNK];
	z_stream z = {0};
	int rc;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_ONLY, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	set_input(&z, plain);
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		rc = deflate(&z, Z_FINISH);
		buf_add(out, chunk, sizeof(chunk) - z.avail_out);
	} while (rc == Z_OK);
	deflateEnd(&z);
	return out->overflow ? -1 : 0;
}
