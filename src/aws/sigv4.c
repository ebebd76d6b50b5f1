#include "aws/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/encode.h"
#include "base/mem.h"

#define LEN SIGV4_SHA256_LEN
#define TEXT_MAX (1u << 20)
#define SECRET_MAX 1024
#define ALGORITHM "AWS4-HMAC-SHA256"

struct sigv4 {
	char *region, *service;
	/* The signing key, and what it was made of. */
	unsigned char key[LEN];
	unsigned char secret_hash[LEN];
	char day[9];	/* "" = no key yet */
	uint64_t derived;
};

void sigv4_time(int64_t wall_ms, char ret[SIGV4_TIME_LEN])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	if (strftime(ret, SIGV4_TIME_LEN, "%Y%m%dT%H%M%SZ", &tm) == 0)
		ret[0] = '\0';
}

struct sigv4 *sigv4_new(const char *region, const char *service)
{
	struct sigv4 *s = xcalloc(1, sizeof(*s));

	s->region = xstrdup(region);
	s->service = xstrdup(service);
	return s;
}

void sigv4_free(struct sigv4 *s)
{
	if (!s)
		return;
	free(s->region);
	free(s->service);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

uint64_t sigv4_keys_derived(const struct sigv4 *s)
{
	return s->derived;
}

static int crypto_failed(const char *what, struct err *err)
{
	char why[160];

	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	return err_set(err, GRPC_INTERNAL, "OpenSSL cannot compute %s: %s", what, why);
}

int sigv4_sha256(struct str s, unsigned char ret[LEN], struct err *err)
{
	if (!EVP_Digest(s.n ? s.p : "", s.n, ret, NULL, EVP_sha256(), NULL))
		return crypto_failed("SHA-256", err);
	return 0;
}

static int hmac(const void *key, size_t n, const char *text, unsigned char ret[LEN],
		struct err *err)
{
	size_t len;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, n,
		       (const unsigned char *)text, strlen(text), ret, LEN, &len))
		return crypto_failed("HMAC-SHA-256", err);
	return 0;
}

static int derive(struct sigv4 *s, const char *secret, const char *day, struct err *err)
{
	char first[SECRET_MAX + 5];
	int n = snprintf(first, sizeof(first), "AWS4%s", secret);
	int rc;

	if (n < 0 || (size_t)n >= sizeof(first))
		return err_set(err, GRPC_UNAUTHENTICATED, "the secret access key is too long");
	s->day[0] = '\0';
	rc = hmac(first, (size_t)n, day, s->key, err);
	OPENSSL_cleanse(first, sizeof(first));
	if (rc < 0 || hmac(s->key, LEN, s->region, s->key, err) < 0 ||
	    hmac(s->key, LEN, s->service, s->key, err) < 0 ||
	    hmac(s->key, LEN, "aws4_request", s->key, err) < 0)
		return -1;
	s->derived++;
	return 0;
}

/* Four HMACs are saved while neither the day nor the secret changes. */
static int want_key(struct sigv4 *s, const char *secret, const char *time, struct err *err)
{
	unsigned char hash[LEN];
	char day[sizeof(s->day)];

	if (sigv4_sha256(str_c(secret), hash, err) < 0)
		return -1;
	snprintf(day, sizeof(day), "%.8s", time);
	if (strcmp(day, s->day) == 0 && CRYPTO_memcmp(hash, s->secret_hash, LEN) == 0)
		return 0;
	if (derive(s, secret, day, err) < 0)
		return -1;
	memcpy(s->day, day, sizeof(day));
	memcpy(s->secret_hash, hash, LEN);
	return 0;
}

static int sign_text(struct sigv4 *s, struct str canonical, const char *time,
		     const char *scope, unsigned char ret[LEN], struct err *err)
{
	unsigned char hash[LEN];
	struct buf text;
	int rc;

	if (sigv4_sha256(canonical, hash, err) < 0)
		return -1;
	buf_init(&text, TEXT_MAX);
	buf_printf(&text, ALGORITHM "\n%s\n%s\n", time, scope);
	encode_hex(&text, hash, LEN);
	rc = hmac(s->key, LEN, buf_cstr(&text), ret, err);
	buf_fini(&text);
	return rc;
}

static int sign_canonical(struct sigv4 *s, const char *access_key, struct str canonical,
			  const char *signed_headers, const char *time, struct buf *out,
			  struct err *err)
{
	auto_free char *scope = xasprintf("%s/%s/%s/aws4_request", s->day, s->region, s->service);
	unsigned char signature[LEN];

	if (sign_text(s, canonical, time, scope, signature, err) < 0)
		return -1;
	buf_printf(out, ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=",
		   access_key, scope, signed_headers);
	encode_hex(out, signature, LEN);
	return 0;
}

int sigv4_sign(struct sigv4 *s, const struct sigv4_keys *keys,
	       const struct sigv4_request *req, const char *time,
	       struct buf *authorization, struct err *err)
{
	struct buf canonical, names;
	int rc;

	if (cstr_empty(keys->access_key) || cstr_empty(keys->secret_key))
		return err_set(err, GRPC_UNAUTHENTICATED, "no access key to sign with");
	if (want_key(s, keys->secret_key, time, err) < 0)
		return -1;
	buf_init(&canonical, TEXT_MAX);
	buf_init(&names, TEXT_MAX);
	rc = sigv4_canonical_request(req, &canonical, &names, err);
	if (rc == 0)
		rc = sign_canonical(s, keys->access_key, buf_view(&canonical),
				    buf_cstr(&names), time, authorization, err);
	if (canonical.data)	/* the token may be in it */
		OPENSSL_cleanse(canonical.data, canonical.cap);
	buf_fini(&canonical);
	buf_fini(&names);
	return rc;
}
