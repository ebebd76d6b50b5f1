#include "aws/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/encode.h"
#include "base/mem.h"

#define LEN SIGV4_SHA256_LEN
#define TEXT_MAX (1u << 20)
#define SECRET_MAX 1024
#define ALGORITHM "AWS4-HMAC-SHA256"

struct sigv4 {
	char *region, *service;
	EVP_MAC_CTX *hmac;	/* looked up once: a look-up costs more than a MAC */
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

static EVP_MAC_CTX *new_hmac(void)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (ctx && EVP_MAC_CTX_set_params(ctx, params))
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;	/* the first signature says so */
}

struct sigv4 *sigv4_new(const char *region, const char *service)
{
	struct sigv4 *s = xcalloc(1, sizeof(*s));

	s->region = xstrdup(region);
	s->service = xstrdup(service);
	s->hmac = new_hmac();
	return s;
}

void sigv4_free(struct sigv4 *s)
{
	if (!s)
		return;
	free(s->region);
	free(s->service);
	EVP_MAC_CTX_free(s->hmac);
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

/* Looked up once for all, for the life of the process. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *md;

	if (!md)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	return md;
}

int sigv4_sha256(struct str s, unsigned char ret[LEN], struct err *err)
{
	if (!sha256() || !EVP_Digest(s.n ? s.p : "", s.n, ret, NULL, sha256(), NULL))
		return crypto_failed("SHA-256", err);
	return 0;
}

static int hmac(struct sigv4 *s, const void *key, size_t n, const char *text,
		unsigned char ret[LEN], struct err *err)
{
	size_t len;

	if (!s->hmac || !EVP_MAC_init(s->hmac, key, n, NULL) ||
	    !EVP_MAC_update(s->hmac, (const unsigned char *)text, strlen(text)) ||
	    !EVP_MAC_final(s->hmac, ret, &len, LEN))
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
	rc = hmac(s, first, (size_t)n, day, s->key, err);
	OPENSSL_cleanse(first, sizeof(first));
	if (rc < 0 || hmac(s, s->key, LEN, s->region, s->key, err) < 0 ||
	    hmac(s, s->key, LEN, s->service, s->key, err) < 0 ||
	    hmac(s, s->key, LEN, "aws4_request", s->key, err) < 0)
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
	rc = hmac(s, s->key, LEN, buf_cstr(&text), ret, err);
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
