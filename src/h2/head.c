#include "h2/head.h"

#include <string.h>

#include "base/encode.h"
#include "base/parse.h"
#include "h2/grpc.h"

#define FIELD_OVERHEAD 32	/* per field, as RFC 9113 counts a header list */
#define BINARY_MAX (64u << 10)

enum {
	SEEN_METHOD = 1, SEEN_SCHEME = 2, SEEN_PATH = 4, SEEN_AUTHORITY = 8,
	SEEN_HOST = 16, SEEN_LENGTH = 32,
};
#define SEEN_REQUIRED (SEEN_METHOD | SEEN_SCHEME | SEEN_PATH)

/* Fields we keep by themselves. */
static const struct known {
	const char *name;
	unsigned int once;	/* its bit; 0: may come again, the first one counts */
	size_t member;		/* of request_head, a const char *; 0: only checked */
	bool required_value;
} knowns[] = {
	{ ":method", SEEN_METHOD, offsetof(struct request_head, method), true },
	{ ":scheme", SEEN_SCHEME, 0, true },
	{ ":path", SEEN_PATH, offsetof(struct request_head, path), true },
	{ ":authority", SEEN_AUTHORITY, 0, false },
	{ "content-type", 0, offsetof(struct request_head, content_type), false },
	{ "grpc-timeout", 0, offsetof(struct request_head, timeout), false },
	{ "grpc-encoding", 0, offsetof(struct request_head, encoding), false },
	{ "grpc-accept-encoding", 0, offsetof(struct request_head, accept_encoding), false },
};

static const char *const connection_fields[] = {
	"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
};

void head_init(struct request_head *h, size_t limit)
{
	memset(h, 0, sizeof(*h));
	h->limit = limit;
	h->content_length = -1;
	h->end = &h->first;
}

static void set_fault(struct request_head *h, enum head_fault fault)
{
	if (h->fault == HEAD_OK)
		h->fault = fault;
}

/* ---- names and values ---- */

enum name_kind { NAME_GOOD, NAME_DROP, NAME_MALFORMED };

static bool token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Upper case is malformed, other characters a name cannot have are dropped, as
 * nghttp2 does. */
static enum name_kind check_name(struct str name)
{
	enum name_kind kind = NAME_GOOD;

	if (name.n == 0)
		return NAME_MALFORMED;
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] >= 'A' && name.p[i] <= 'Z')
			return NAME_MALFORMED;
		if (!token_char(name.p[i]))
			kind = NAME_DROP;
	}
	return kind;
}

static bool has_break(struct str value)
{
	return memchr(value.p, '\0', value.n) || memchr(value.p, '\r', value.n) ||
	       memchr(value.p, '\n', value.n);
}

static bool printable(struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < 0x20 || value.p[i] > 0x7e)
			return false;
	return true;
}

/* Several values may be joined by commas. */
static bool valid_binary(struct str value)
{
	struct buf scratch;
	bool good = true;

	buf_init(&scratch, BINARY_MAX);
	while (good && value.p) {
		good = decode_base64(&scratch, str_trim(str_cut(&value, ','))) == 0;
		buf_reset(&scratch);
	}
	buf_fini(&scratch);
	return good;
}

/* ---- fields ---- */

static const struct known *find_known(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(knowns); i++)
		if (str_eq_c(name, knowns[i].name))
			return &knowns[i];
	return NULL;
}

static void keep(struct request_head *h, struct arena *a, const struct known *k,
		 struct str value)
{
	const char **slot = (const char **)(void *)((char *)h + k->member);

	if (k->member && !*slot)
		*slot = arena_strn(a, value.p, value.n);
}

static void add_pseudo(struct request_head *h, struct arena *a, struct str name,
		       struct str value)
{
	const struct known *k = find_known(name);

	if (!k || h->regular || (k->required_value && value.n == 0)) {
		set_fault(h, HEAD_MALFORMED);
		return;
	}
	if (h->seen & k->once)
		set_fault(h, k->once == SEEN_AUTHORITY ? HEAD_TWO_HOSTS : HEAD_MALFORMED);
	h->seen |= k->once;
	keep(h, a, k, value);
}

static void add_length(struct request_head *h, struct str value)
{
	uint64_t n;

	if ((h->seen & SEEN_LENGTH) || parse_u64(value, &n) < 0 || n > INT64_MAX) {
		set_fault(h, HEAD_MALFORMED);
		return;
	}
	h->seen |= SEEN_LENGTH;
	h->content_length = (int64_t)n;
}

/* True when name is one that HTTP itself has rules for. */
static bool add_http(struct request_head *h, struct str name, struct str value)
{
	for (size_t i = 0; i < ARRAY_SIZE(connection_fields); i++) {
		if (str_eq_c(name, connection_fields[i])) {
			set_fault(h, HEAD_MALFORMED);
			return true;
		}
	}
	if (str_eq_c(name, "te") && !str_eq_c(value, "trailers"))
		set_fault(h, HEAD_MALFORMED);
	if (str_eq_c(name, "content-length"))
		add_length(h, value);
	if (str_eq_c(name, "host")) {
		if (h->seen & SEEN_HOST)
			set_fault(h, HEAD_TWO_HOSTS);
		h->seen |= SEEN_HOST;
	}
	return str_eq_c(name, "te") || str_eq_c(name, "content-length") ||
	       str_eq_c(name, "host");
}

static void add_metadata(struct request_head *h, struct arena *a, struct str name,
			 struct str value)
{
	struct header *hd = arena_alloc(a, sizeof(*hd));

	if (str_ends(name, "-bin") && !valid_binary(value)) {
		set_fault(h, HEAD_BAD_BINARY);
		return;
	}
	hd->name = arena_strn(a, name.p, name.n);
	hd->value = arena_strn(a, value.p, value.n);
	*h->end = hd;
	h->end = &hd->next;
}

static void add_regular(struct request_head *h, struct arena *a, struct str name,
			struct str value)
{
	const struct known *k = find_known(name);

	h->regular = true;
	value = str_trim(value);
	if (add_http(h, name, value) || !printable(value))
		return;
	if (k)
		keep(h, a, k, value);
	else if (!str_starts(name, "grpc-"))
		add_metadata(h, a, name, value);
}

/* Counts the field and looks at its characters; true when it is to be used. */
static bool admit(struct request_head *h, struct str name, struct str value)
{
	bool pseudo = name.n && name.p[0] == ':';
	enum name_kind kind = pseudo ? NAME_GOOD : check_name(name);

	h->size += name.n + value.n + FIELD_OVERHEAD;
	if (h->size > h->limit)
		set_fault(h, HEAD_TOO_LARGE);
	if (kind == NAME_MALFORMED || has_break(value))
		set_fault(h, HEAD_MALFORMED);
	return h->size <= h->limit && kind == NAME_GOOD && !has_break(value);
}

void head_add(struct request_head *h, struct arena *a, struct str name, struct str value)
{
	if (!admit(h, name, value))
		return;
	if (name.p[0] == ':')
		add_pseudo(h, a, name, value);
	else
		add_regular(h, a, name, value);
}

void head_add_trailer(struct request_head *h, struct str name, struct str value)
{
	if (admit(h, name, value) && name.p[0] == ':')
		set_fault(h, HEAD_MALFORMED);
}

void head_done(struct request_head *h, bool end_stream)
{
	if (h->fault == HEAD_TOO_LARGE)
		return;		/* fields may be missing for that reason alone */
	if ((h->seen & SEEN_REQUIRED) != SEEN_REQUIRED ||
	    (end_stream && h->content_length > 0))
		h->fault = HEAD_MALFORMED;
}

const char *head_get(const struct request_head *h, const char *name)
{
	for (const struct header *hd = h->first; hd; hd = hd->next)
		if (strcmp(hd->name, name) == 0)
			return hd->value;
	return NULL;
}

/* ---- verdict, in the order of checks that gRPC clients are used to ---- */

static int refuse(struct head_answer *ret, unsigned int http)
{
	ret->http = http;
	return -1;
}

static int check_fault(const struct request_head *h, struct head_answer *ret,
		       struct err *err)
{
	switch (h->fault) {
	case HEAD_OK:
		return 0;
	case HEAD_MALFORMED:
		ret->reset = true;
		return err_set(err, GRPC_INTERNAL, "malformed HTTP/2 request header");
	case HEAD_TOO_LARGE:
		err_set(err, GRPC_RESOURCE_EXHAUSTED,
			"request header of %zu bytes is larger than %zu", h->size, h->limit);
		return refuse(ret, 431);
	case HEAD_TWO_HOSTS:
		err_set(err, GRPC_INTERNAL, "request has more than one :authority or host");
		return refuse(ret, 400);
	case HEAD_BAD_BINARY:
		err_set(err, GRPC_INTERNAL, "a -bin header field is not valid base64");
		return refuse(ret, 400);
	}
	return 0;
}

static int check_content(const struct request_head *h, enum grpc_content content,
			 struct head_answer *ret, struct err *err)
{
	if (content != GRPC_CONTENT_FOREIGN)
		return 0;
	err_set(err, GRPC_INVALID_ARGUMENT,
		"content-type \"%s\" is not gRPC, expected application/grpc",
		h->content_type ? h->content_type : "");
	return refuse(ret, 415);
}

/* Base64 faults come after the content type: a stranger hears 415 first. */
int head_check(const struct request_head *h, int64_t *timeout_ms,
	       struct head_answer *ret, struct err *err)
{
	enum grpc_content content = grpc_content_parse(str_c(h->content_type));

	*ret = (struct head_answer){ .http = 200 };
	if (h->fault != HEAD_BAD_BINARY && check_fault(h, ret, err) < 0)
		return -1;
	if (check_content(h, content, ret, err) < 0 || check_fault(h, ret, err) < 0)
		return -1;
	*timeout_ms = INT64_MAX;
	if (h->timeout && grpc_timeout_parse(str_c(h->timeout), timeout_ms) < 0) {
		err_set(err, GRPC_INTERNAL, "malformed grpc-timeout: \"%s\"", h->timeout);
		return refuse(ret, 400);
	}
	if (strcmp(h->method, "POST") != 0) {
		err_set(err, GRPC_INTERNAL, "method %s is not allowed, expected POST", h->method);
		return refuse(ret, 405);
	}
	if (*timeout_ms == 0)
		return err_set(err, GRPC_DEADLINE_EXCEEDED,
			       "deadline had passed when the call arrived");
	if (content == GRPC_CONTENT_OTHER)
		return err_set(err, GRPC_UNIMPLEMENTED,
			       "content-type \"%s\" is not supported, use application/grpc",
			       h->content_type);
	return 0;
}
