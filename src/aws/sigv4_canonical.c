/* The canonical request: the form in which both sides hash a request. */
#include <string.h>
#include <strings.h>

#include "aws/sigv4.h"
#include "base/encode.h"
#include "base/mem.h"

#define TEXT_MAX (1u << 20)

/* ---- path ---- */

/* Puts the segments of path into out, without ".", ".." and empty ones. */
static void resolve_path(struct str path, struct buf *out)
{
	bool slash_at_end = str_ends(path, "/");

	while (path.p) {
		struct str part = str_cut(&path, '/');

		if (part.n == 0 || str_eq_c(part, "."))
			continue;
		if (str_eq_c(part, "..")) {
			while (out->len && out->data[out->len - 1] != '/')
				out->len--;
			if (out->len)
				out->len--;
			continue;
		}
		buf_addc(out, '/');
		buf_add(out, part.p, part.n);
	}
	if (slash_at_end || out->len == 0)
		buf_addc(out, '/');
}

/* What is on the wire is encoded once more: a '%' becomes "%25". */
static void add_path(const struct sigv4_request *req, struct buf *out)
{
	struct str path = str_c(cstr_empty(req->path) ? "/" : req->path);
	struct buf resolved;

	if (req->keep_path) {
		encode_percent(out, path, "/");
		return;
	}
	buf_init(&resolved, TEXT_MAX);
	resolve_path(path, &resolved);
	encode_percent(out, buf_view(&resolved), "/");
	buf_fini(&resolved);
}

/* ---- query ---- */

struct pair {
	char *name, *value;
};

static int by_name_and_value(const void *a, const void *b)
{
	const struct pair *p = a, *q = b;
	int c = strcmp(p->name, q->name);

	return c ? c : strcmp(p->value, q->value);
}

/* Decoded, so that it does not matter how it was encoded, and encoded again. */
static char *normal_part(struct str s)
{
	struct buf plain, out;

	buf_init(&plain, TEXT_MAX);
	buf_init(&out, TEXT_MAX);
	if (decode_percent(&plain, s, 0) < 0) {
		buf_reset(&plain);
		buf_add(&plain, s.p, s.n);	/* a lone '%' stands for itself */
	}
	encode_percent(&out, buf_view(&plain), "");
	buf_fini(&plain);
	return buf_take(&out);
}

static size_t split_query(struct str query, struct pair *pairs)
{
	size_t n = 0;

	while (query.p) {
		struct str value = str_cut(&query, '&'), name;

		if (!value.n)
			continue;
		name = str_cut(&value, '=');
		pairs[n].name = normal_part(name);
		pairs[n].value = normal_part(value);
		n++;
	}
	return n;
}

static void add_query(const char *query, struct buf *out)
{
	struct str q = str_c(query);
	struct pair *pairs;
	size_t n = 1;

	if (!q.n)
		return;
	for (size_t i = 0; i < q.n; i++)
		n += q.p[i] == '&';
	pairs = xcalloc(n, sizeof(*pairs));
	n = split_query(q, pairs);
	qsort(pairs, n, sizeof(*pairs), by_name_and_value);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s%s=%s", i ? "&" : "", pairs[i].name, pairs[i].value);
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
}

/* ---- headers ---- */

static bool never_signed(const char *name)
{
	static const char *const names[] = {
		"authorization", "connection", "expect", "te", "trailer",
		"transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return strncasecmp(name, "proxy-", 6) == 0 || strncasecmp(name, "accept", 6) == 0;
}

/* By name; equal names in the order they were given (they lie in one array). */
static int by_header(const void *a, const void *b)
{
	const struct sigv4_header *const *p = a, *const *q = b;
	int c = strcasecmp((*p)->name, (*q)->name);

	return c ? c : (*p > *q) - (*p < *q);
}

static void add_lower(struct buf *out, const char *name)
{
	for (; *name; name++)
		buf_addc(out, *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name);
}

/* Trimmed, each run of blanks (and line breaks) as one space. */
static void add_value(struct buf *out, const char *value)
{
	bool blank = false, any = false;

	for (; *value; value++) {
		if (strchr(" \t\r\n\v\f", *value)) {
			blank = true;
			continue;
		}
		if (blank && any)
			buf_addc(out, ' ');
		buf_addc(out, *value);
		blank = false;
		any = true;
	}
}

static void add_headers(const struct sigv4_request *req, struct buf *out, struct buf *names)
{
	const struct sigv4_header **sorted = xcalloc(req->n_headers, sizeof(*sorted));
	size_t n = 0;

	for (size_t i = 0; i < req->n_headers; i++)
		if (!never_signed(req->headers[i].name))
			sorted[n++] = &req->headers[i];
	qsort(sorted, n, sizeof(*sorted), by_header);
	for (size_t i = 0; i < n; i++) {
		if (i && strcasecmp(sorted[i]->name, sorted[i - 1]->name) == 0) {
			out->data[out->len - 1] = ',';	/* was the line's end */
		} else {
			buf_adds(names, i ? ";" : "");
			add_lower(names, sorted[i]->name);
			add_lower(out, sorted[i]->name);
			buf_addc(out, ':');
		}
		add_value(out, sorted[i]->value);
		buf_addc(out, '\n');
	}
	free(sorted);
}

int sigv4_canonical_request(const struct sigv4_request *req, struct buf *canonical,
			    struct buf *signed_headers, struct err *err)
{
	unsigned char hash[SIGV4_SHA256_LEN];

	buf_printf(canonical, "%s\n", req->method);
	add_path(req, canonical);
	buf_addc(canonical, '\n');
	add_query(req->query, canonical);
	buf_addc(canonical, '\n');
	add_headers(req, canonical, signed_headers);
	buf_printf(canonical, "\n%s\n", buf_cstr(signed_headers));
	if (sigv4_sha256(req->body, hash, err) < 0)
		return -1;
	encode_hex(canonical, hash, sizeof(hash));
	if (canonical->overflow || signed_headers->overflow)
		return err_set(err, GRPC_INTERNAL, "the request is too long to be signed");
	return 0;
}
