#include "aws/sigv4.h"
#include "base/encode.h"
#include "ebs/impl.h"

const char *ebs_digest(struct arena *a, const char *text)
{
	unsigned char sum[SIGV4_SHA256_LEN];
	const char *ret;
	struct buf hex;

	if (sigv4_sha256(str_c(text), sum, NULL) < 0)
		abort();	/* OpenSSL without SHA-256: nothing can be signed either */
	buf_init(&hex, 2 * sizeof(sum));
	encode_hex(&hex, sum, sizeof(sum));
	ret = arena_str(a, buf_cstr(&hex));
	buf_fini(&hex);
	return ret;
}
