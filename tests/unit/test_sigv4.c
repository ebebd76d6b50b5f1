/* The signer against the public test suite and the project's own vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "aws/sigv4.h"
#include "base/encode.h"
#include "base/mem.h"

#define ACCESS_KEY "AKIDEXAMPLE"
#define SECRET_KEY "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SUITE_TIME "20150830T123600Z"
#define SUITE_TOKEN "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
#define STS_TOKEN "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFq" \
	"wAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8p" \
	"hUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38" \
	"xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2" \
	"ICCR/oLxBA=="
#define TIME "20260115T123456Z"
#define FORM "application/x-www-form-urlencoded; charset=utf-8"

static const struct sigv4_keys keys = { ACCESS_KEY, SECRET_KEY, NULL };

struct vector {
	const char *name, *method, *path, *query, *body;
	bool keep_path;
	const char *token, *hash, *signature;
	struct sigv4_header headers[5];
};

static const struct vector suite[] = {
#define HEADER(name, value) { name, value },
#define VECTOR(name, method, path, query, body, keep, token, hash, signature, ...) \
	{ name, method, path, query, body, keep, token, hash, signature, { __VA_ARGS__ } },
#include "sigv4_vectors.tbl.h"
#undef VECTOR
#undef HEADER
};

static size_t count(const struct sigv4_header *h, size_t max)
{
	size_t n = 0;

	while (n < max && h[n].name)
		n++;
	return n;
}

static void assert_canonical_hash(const struct sigv4_request *req, const char *want)
{
	struct buf canonical, names, hex;
	unsigned char hash[SIGV4_SHA256_LEN];

	buf_init(&canonical, 1 << 20);
	buf_init(&names, 1 << 20);
	buf_init(&hex, 100);
	assert_int_equal(sigv4_canonical_request(req, &canonical, &names, NULL), 0);
	assert_int_equal(sigv4_sha256(buf_view(&canonical), hash, NULL), 0);
	encode_hex(&hex, hash, sizeof(hash));
	if (strcmp(buf_cstr(&hex), want) != 0)
		fail_msg("canonical request:\n%s", buf_cstr(&canonical));
	buf_fini(&canonical);
	buf_fini(&names);
	buf_fini(&hex);
}

static void assert_signature(struct sigv4 *s, const struct sigv4_request *req,
			     const char *time, const char *want, const char *name)
{
	struct buf auth;
	struct err err = { 0 };

	buf_init(&auth, 4096);
	if (sigv4_sign(s, &keys, req, time, &auth, &err) < 0)
		fail_msg("%s: %s", name, err_msg(&err));
	if (!str_ends(buf_view(&auth), want))
		fail_msg("%s: %s", name, buf_cstr(&auth));
	buf_fini(&auth);
}

static void check_vector(struct sigv4 *s, const struct vector *v)
{
	struct sigv4_header headers[8] = { { "Host", "example.amazonaws.com" } };
	struct sigv4_request req = { v->method, v->path, v->query, headers, 1, str_c(v->body),
				     v->keep_path };
	size_t n = count(v->headers, ARRAY_SIZE(v->headers));

	memcpy(&headers[1], v->headers, n * sizeof(headers[0]));
	req.n_headers += n;
	headers[req.n_headers++] = (struct sigv4_header){ "X-Amz-Date", SUITE_TIME };
	if (v->token)
		headers[req.n_headers++] =
			(struct sigv4_header){ "X-Amz-Security-Token", v->token };
	if (*v->hash)
		assert_canonical_hash(&req, v->hash);
	assert_signature(s, &req, SUITE_TIME, v->signature, v->name);
}

static void the_public_suite_agrees(void **state)
{
	struct sigv4 *s = sigv4_new("us-east-1", "service");

	for (size_t i = 0; i < ARRAY_SIZE(suite); i++)
		check_vector(s, &suite[i]);
	assert_int_equal(sigv4_keys_derived(s), 1);
	sigv4_free(s);
}

static void the_documented_example_agrees(void **state)
{
	struct sigv4_header headers[] = {
		{ "host", "iam.amazonaws.com" }, { "content-type", FORM },
		{ "x-amz-date", SUITE_TIME }, { "User-Agent", "not signed" },
		{ "Accept-Encoding", "not signed" }, { "Proxy-Authorization", "not signed" },
	};
	struct sigv4_request req = { "GET", "/", "Action=ListUsers&Version=2010-05-08", headers,
				     ARRAY_SIZE(headers), str_c(""), false };
	struct sigv4 *s = sigv4_new("us-east-1", "iam");

	assert_canonical_hash(&req, "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
	assert_signature(s, &req, SUITE_TIME,
			 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
			 "SignedHeaders=content-type;host;x-amz-date, Signature="
			 "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", "iam");
	sigv4_free(s);
}

/* ---- the project's vectors ---- */

#define BODY_EC2 "Action=DescribeVolumes&Version=2016-11-15&VolumeId.1=vol-0123456789abcdef0"
#define BODY_STS "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012" \
	"%3Arole%2Fdemo&RoleSessionName=s"
#define BODY_JSON "{\"ClusterArn\":\"arn:aws:sagemaker:us-west-2:123456789012:cluster/abcdefghijkl" \
	"\",\"NodeId\":\"i-0123456789abcdef0\",\"VolumeId\":\"vol-0123456789abcdef0\"}"
#define TOKEN "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVP" \
	"vLXCrrrUtdnniCEXAMPLE/IvU1dYUg2RVAJBanLiHb4IgRmpRV3zrkuWJOgQs8IZZaIv2BXIa2R4Olgk"

static const struct {
	const char *service, *method, *path, *query, *body, *signature;
	struct sigv4_header headers[5];
} project[] = {
	{ "ec2", "POST", "/", NULL, BODY_EC2,
	  "2594ad5d78bc1c70a8d36fbccbf48dedbc59e9583df55bf4dfdf7cdcc2c1dd8e",
	  { { "Host", "ec2.us-west-2.amazonaws.com" }, { "Content-Type", FORM },
	    { "X-Amz-Date", TIME } } },
	{ "ec2", "POST", "", NULL, BODY_EC2,
	  "8cc07868436059a2926515f2b42b797fea48669671a4c89f2773e85326fa7f0e",
	  { { "Host", "ec2.us-west-2.amazonaws.com" }, { "Content-Type", FORM },
	    { "X-Amz-Security-Token", TOKEN }, { "X-Amz-Date", TIME } } },
	{ "ebs", "GET", "/snapshots/snap-0123456789abcdef0/blocks/5",
	  "blockToken=AAABAcs%2BFd%2Fx%3D", "",
	  "5f25ab020206d0f04e7e564de886436a19cfae10e14c7953293dd9b8e07ef446",
	  { { "Host", "ebs.us-west-2.amazonaws.com" }, { "X-Amz-Date", TIME } } },
	{ "sts", "POST", "/", NULL, BODY_STS,
	  "4b934a3087b23a30c3b7fc94bd37037712e9bcccfdc4c68a45c5190626435c7d",
	  { { "Host", "sts.us-west-2.amazonaws.com" }, { "Content-Type", FORM },
	    { "X-Amz-Date", TIME } } },
	{ "sagemaker", "POST", "/", NULL, BODY_JSON,
	  "0735d488ef44bcee735c83557e72876d709f3ef775249da7b4a1ffc9aac4046b",
	  { { "Host", "api.sagemaker.us-west-2.amazonaws.com" },
	    { "Content-Type", "application/x-amz-json-1.1" },
	    { "X-Amz-Target", "SageMaker.AttachClusterNodeVolume" }, { "X-Amz-Date", TIME } } },
};

static void the_projects_vectors_agree(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(project); i++) {
		struct sigv4 *s = sigv4_new("us-west-2", project[i].service);
		struct sigv4_request req = {
			project[i].method, project[i].path, project[i].query, project[i].headers,
			count(project[i].headers, ARRAY_SIZE(project[i].headers)),
			str_c(project[i].body), false,
		};

		assert_signature(s, &req, TIME, project[i].signature, project[i].service);
		sigv4_free(s);
	}
}

/* ---- the key ---- */

static void the_key_is_kept_for_a_day_and_a_secret(void **state)
{
	struct sigv4_header headers[] = { { "Host", "h" }, { "X-Amz-Date", "x" } };
	struct sigv4_request req = { "GET", "/", NULL, headers, 2, str_c(""), false };
	struct sigv4_keys other = { ACCESS_KEY, "another", NULL };
	struct sigv4 *s = sigv4_new("r", "s");
	struct buf a, b;

	buf_init(&a, 4096);
	buf_init(&b, 4096);
	assert_int_equal(sigv4_sign(s, &keys, &req, "20260115T235959Z", &a, NULL), 0);
	assert_int_equal(sigv4_sign(s, &keys, &req, "20260115T235959Z", &b, NULL), 0);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	assert_int_equal(sigv4_keys_derived(s), 1);
	assert_int_equal(sigv4_sign(s, &keys, &req, "20260116T000000Z", &b, NULL), 0);
	assert_int_equal(sigv4_keys_derived(s), 2);
	assert_int_equal(sigv4_sign(s, &other, &req, "20260116T000000Z", &b, NULL), 0);
	assert_int_equal(sigv4_keys_derived(s), 3);
	buf_reset(&b);
	assert_int_equal(sigv4_sign(s, &keys, &req, "20260115T235959Z", &b, NULL), 0);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	buf_fini(&a);
	buf_fini(&b);
	sigv4_free(s);
}

static void keys_that_cannot_sign_are_refused(void **state)
{
	static char huge[5000];
	struct sigv4_request req = { "GET", "/", NULL, NULL, 0, str_c(""), false };
	struct sigv4_keys bad[] = { { "", "s", NULL }, { "a", NULL, NULL }, { "a", huge, NULL } };
	struct sigv4 *s = sigv4_new("r", "s");
	struct buf out;

	memset(huge, 'x', sizeof(huge) - 1);
	buf_init(&out, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { 0 };

		assert_int_equal(sigv4_sign(s, &bad[i], &req, TIME, &out, &err), -1);
		assert_int_equal(err.code, GRPC_UNAUTHENTICATED);
		err_fini(&err);
	}
	buf_fini(&out);
	sigv4_free(s);
}

static void time_is_written_in_utc(void **state)
{
	char text[SIGV4_TIME_LEN];

	sigv4_time(1768480496999, text);
	assert_string_equal(text, TIME);
	sigv4_time(0, text);
	assert_string_equal(text, "19700101T000000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_public_suite_agrees),
		cmocka_unit_test(the_documented_example_agrees),
		cmocka_unit_test(the_projects_vectors_agree),
		cmocka_unit_test(the_key_is_kept_for_a_day_and_a_secret),
		cmocka_unit_test(keys_that_cannot_sign_are_refused),
		cmocka_unit_test(time_is_written_in_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
