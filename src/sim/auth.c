#include "sim/auth.h"

#include <stdio.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/parse.h"

#define SKEW_MAX_MS (15 * 60 * 1000)	/* EC2's window */
#define SIGNED_MAX 32

/* "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/ec2/aws4_request,
 *  SignedHeaders=host;x-amz-date, Signature=…" */
struct authorization {
	struct str access_key, date, region, service;
	struct str headers, signature;
};

static bool take(struct str part, const char *name, struct str *ret)
{
	if (!str_starts(part, name))
		return false;
	*ret = str_n(part.p + strlen(name), part.n - strlen(name));
	return true;
}

static int parse_authorization(const char *text, struct authorization *a)
{
	struct str rest = str_c(text), scope = { 0 };

	if (!take(rest, "AWS4-HMAC-SHA256 ", &rest))
		return -1;
	while (rest.p) {
		struct str part = str_trim(str_cut(&rest, ','));

		if (!take(part, "Credential=", &scope) &&
		    !take(part, "SignedHeaders=", &a->headers))
			take(part, "Signature=", &a->signature);
	}
	a->access_key = str_cut(&scope, '/');
	a->date = str_cut(&scope, '/');
	a->region = str_cut(&scope, '/');
	a->service = str_cut(&scope, '/');
	return str_eq_c(scope, "aws4_request") && a->headers.n && a->signature.n ? 0 : -1;
}

static int check_time(const char *amz_date, int64_t wall, struct err *err)
{
	char iso[32];
	int64_t sent;

	if (!amz_date || strlen(amz_date) != SIGV4_TIME_LEN - 1)
		return err_set_reason(err, GRPC_UNAUTHENTICATED, "IncompleteSignature",
				      "X-Amz-Date is missing or not like 20260102T030405Z");
	snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", amz_date, amz_date + 4,
		 amz_date + 6, amz_date + 9, amz_date + 11, amz_date + 13);
	if (parse_time_ms(str_c(iso), &sent) < 0)
		return err_set_reason(err, GRPC_UNAUTHENTICATED, "IncompleteSignature",
				      "X-Amz-Date \"%s\" is no time", amz_date);
	if (sent - wall > SKEW_MAX_MS || wall - sent > SKEW_MAX_MS)
		return err_set_reason(err, GRPC_UNAUTHENTICATED, "RequestExpired",
				      "Request has expired.");
	return 0;
}

static int refuse(struct err *err)
{
	return err_set_reason(err, GRPC_UNAUTHENTICATED, "AuthFailure",
			      "AWS was not able to validate the provided access credentials");
}

/* Signs again what the client says it signed. */
static int check_signature(const struct sim_auth *a, const struct http1_request *req,
			   const struct authorization *given, struct err *err)
{
	auto_free char *region = xstrndup(given->region.p, given->region.n);
	auto_free char *service = xstrndup(given->service.p, given->service.n);
	auto_free char *query = req->query.p ? xstrndup(req->query.p, req->query.n) : NULL;
	char *names[SIGNED_MAX];
	struct sigv4_header headers[SIGNED_MAX];
	struct sigv4_keys keys = { a->access_key, a->secret_key, NULL };
	struct sigv4_request r = {
		.method = req->method, .path = req->path, .query = query,
		.headers = headers, .body = req->body,
	};
	struct sigv4 *signer = sigv4_new(region, service);
	struct str rest = given->headers;
	struct buf out;
	int rc;

	while (rest.p && r.n_headers < SIGNED_MAX) {
		struct str name = str_cut(&rest, ';');

		names[r.n_headers] = xstrndup(name.p, name.n);
		headers[r.n_headers].name = names[r.n_headers];
		headers[r.n_headers].value = cstr_or(http1_header(req, names[r.n_headers]), "");
		r.n_headers++;
	}
	buf_init(&out, 16 << 10);
	rc = sigv4_sign(signer, &keys, &r, http1_header(req, "x-amz-date"), &out, err);
	if (rc == 0) {
		struct authorization ours = { 0 };

		rc = parse_authorization(buf_cstr(&out), &ours) < 0 ||
		     !str_eq(ours.signature, given->signature) ? refuse(err) : 0;
	}
	for (size_t i = 0; i < r.n_headers; i++)
		free(names[i]);
	buf_fini(&out);
	sigv4_free(signer);
	return rc;
}

int sim_auth_check(const struct sim_auth *a, const struct http1_request *req, int64_t wall,
		   struct err *err)
{
	const char *text = http1_header(req, "authorization");
	struct authorization given = { 0 };

	if (!text)
		return err_set_reason(err, GRPC_UNAUTHENTICATED, "MissingAuthenticationToken",
				      "Request is missing Authentication Token");
	if (parse_authorization(text, &given) < 0)
		return err_set_reason(err, GRPC_UNAUTHENTICATED, "IncompleteSignature",
				      "the Authorization header is not of AWS4-HMAC-SHA256 form");
	if (check_time(http1_header(req, "x-amz-date"), wall, err) < 0)
		return -1;
	if ((a->access_key && !str_eq_c(given.access_key, a->access_key)) ||
	    !str_eq_c(given.service, "ec2") || !str_eq_c(given.region, a->region) ||
	    (a->session_token &&
	     !cstr_eq(http1_header(req, "x-amz-security-token"), a->session_token)))
		return refuse(err);
	return a->secret_key ? check_signature(a, req, &given, err) : 0;
}
