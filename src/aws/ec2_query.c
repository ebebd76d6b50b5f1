#include "aws/ec2_query.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws/ec2_shapes.h"
#include "base/encode.h"
#include "base/parse.h"

/* ---- out ---- */

/* The name of the parameter in the making is cut back after each level. */
struct writer {
	struct buf *out;
	char name[256];
};

/* Appends to the name at len, returns the new length. */
static size_t name_add(struct writer *w, size_t len, const char *part, size_t index)
{
	int n;

	if (index)
		n = snprintf(w->name + len, sizeof(w->name) - len, ".%zu", index);
	else
		n = snprintf(w->name + len, sizeof(w->name) - len, "%s%s",
			     len ? "." : "", part);	/* cppcheck-suppress nullPointer */
	assert(n > 0 && (size_t)n < sizeof(w->name) - len);
	return len + (size_t)n;
}

/* A space is '+', as the SDKs write it: servers that compute the signature over
 * the form they have parsed and encoded again (moto) expect just that. */
static void put(struct writer *w, const char *value)
{
	size_t start;

	buf_addc(w->out, '&');
	buf_adds(w->out, w->name);	/* needs no escapes: names of our table */
	buf_addc(w->out, '=');
	start = w->out->len;
	encode_percent(w->out, str_c(value), " ");
	for (size_t i = start; i < w->out->len; i++)
		if (w->out->data[i] == ' ')
			w->out->data[i] = '+';
}

static void put_int(struct writer *w, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	put(w, text);
}

static void write_struct(struct writer *w, size_t len, const struct ec2_shape *shape,
			 const void *base);

static void write_strings(struct writer *w, size_t len, struct ec2_list list)
{
	const char **v = list.v;

	for (size_t i = 0; i < list.n; i++) {
		name_add(w, len, NULL, i + 1);
		put(w, v[i]);
	}
}

static void write_structs(struct writer *w, size_t len, const struct ec2_shape *of,
			  struct ec2_list list)
{
	for (size_t i = 0; i < list.n; i++)
		write_struct(w, name_add(w, len, NULL, i + 1), of,
			     (const char *)list.v + i * of->size);
}

static void write_field(struct writer *w, size_t len, const struct ec2_field *f,
			const void *base)
{
	size_t own = name_add(w, len, f->wire, 0);

	switch (f->kind) {
	case EC2_KIND_STRING:
	case EC2_KIND_TEXT:
		if (*ec2_string_at(base, f))
			put(w, *ec2_string_at(base, f));
		break;
	case EC2_KIND_INT:
		if (*ec2_int_at(base, f))
			put_int(w, *ec2_int_at(base, f));
		break;
	case EC2_KIND_BOOL:
		if (*ec2_bool_at(base, f) != UNSET)
			put(w, *ec2_bool_at(base, f) == YES ? "true" : "false");
		break;
	case EC2_KIND_STRINGS:
		write_strings(w, own, ec2_list_get(base, f));
		break;
	case EC2_KIND_STRUCTS:
		write_structs(w, own, f->of, ec2_list_get(base, f));
		break;
	case EC2_KIND_CONST:
		if (ec2_list_get(base, f).n)
			put(w, f->text);
		break;
	case EC2_KIND_TIME:
		assert(!"no request has a time");
	}
}

static void write_struct(struct writer *w, size_t len, const struct ec2_shape *shape,
			 const void *base)
{
	for (size_t i = 0; i < shape->n; i++)
		write_field(w, len, &shape->fields[i], base);
}

void ec2_query_encode(const struct ec2_request *req, struct buf *b)
{
	struct writer w = { .out = b };

	buf_printf(b, "Action=%s&Version=" EC2_API_VERSION, ec2_action_name(req->action));
	write_struct(&w, 0, ec2_request_shape(req->action), ec2_request_body(req));
}

/* ---- in ----
 *
 * The pairs are sorted so that what belongs to one list element stands together
 * (strverscmp: Tag.2 before Tag.10). A range of them is then one struct, its
 * sub-ranges are its fields: every list is counted before it is allocated. */

struct param {
	char *name;
	char *value;
};

struct reader {
	struct arena *arena;
	struct param *v;
	struct err *err;
};

struct range {
	size_t from, to;	/* of reader.v */
	size_t skip;		/* bytes of the names that are dealt with */
};

static const char *rest(const struct reader *r, size_t i, size_t skip)
{
	return r->v[i].name + skip;
}

static int fail_value(struct reader *r, const struct param *p, const char *wanted)
{
	return err_set_reason(r->err, GRPC_INVALID_ARGUMENT, "InvalidParameterValue",
			      "Value (%.100s) for parameter %.100s is not %s",
			      p->value, p->name, wanted);
}

static int read_struct(struct reader *r, struct range in, const struct ec2_shape *shape,
		       void *base);

static int read_scalar(struct reader *r, const struct param *p, const struct ec2_field *f,
		       void *base)
{
	int64_t n;
	bool yes;

	switch (f->kind) {
	case EC2_KIND_INT:
		if (parse_i64(str_c(p->value), &n) < 0)
			return fail_value(r, p, "a number");
		*ec2_int_at(base, f) = n;
		return 0;
	case EC2_KIND_BOOL:
		yes = strcmp(p->value, "true") == 0;
		if (!yes && strcmp(p->value, "false") != 0)
			return fail_value(r, p, "true or false");
		*ec2_bool_at(base, f) = yes ? YES : NO;
		return 0;
	case EC2_KIND_CONST:
		return strcmp(p->value, f->text) == 0 ? 0 : fail_value(r, p, f->text);
	default:
		*ec2_string_at(base, f) = p->value;
		return 0;
	}
}

/* ".12" or ".12." at name: the length of the digits; 0 when it is no index. */
static size_t index_len(const char *name)
{
	size_t n;

	if (name[0] != '.' || name[1] < '1' || name[1] > '9')
		return 0;
	n = strspn(name + 1, "0123456789");
	return n <= 9 && (name[n + 1] == '\0' || name[n + 1] == '.') ? n : 0;
}

/* The end of the run that has the same first n bytes as the first, then '.' or
 * the end. */
static size_t run_end(const struct reader *r, size_t from, size_t to, size_t skip, size_t n)
{
	const char *first = rest(r, from, skip);
	size_t i = from + 1;

	while (i < to && strncmp(rest(r, i, skip), first, n) == 0 &&
	       (rest(r, i, skip)[n] == '.' || rest(r, i, skip)[n] == '\0'))
		i++;
	return i;
}

static int unknown(struct reader *r, size_t i)
{
	return err_set_reason(r->err, GRPC_INVALID_ARGUMENT, "UnknownParameter",
			      "The parameter %.100s is not recognized", r->v[i].name);
}

/* in: the parameters of one list; counts its elements. -1: not a list. */
static int64_t count_elements(struct reader *r, struct range in)
{
	int64_t n = 0;

	for (size_t i = in.from; i < in.to; n++) {
		size_t len = index_len(rest(r, i, in.skip));

		if (!len)
			return unknown(r, i);
		i = run_end(r, i, in.to, in.skip, 1 + len);
	}
	return n;
}

static int read_strings(struct reader *r, struct range in, const char **v)
{
	for (size_t i = in.from; i < in.to; i++) {
		const char *name = rest(r, i, in.skip);

		if (name[1 + index_len(name)])
			return unknown(r, i);
		*v++ = r->v[i].value;
	}
	return 0;
}

static int read_structs(struct reader *r, struct range in, const struct ec2_shape *of, char *v)
{
	for (size_t i = in.from; i < in.to; v += of->size) {
		size_t n = 1 + index_len(rest(r, i, in.skip));
		struct range el = { i, run_end(r, i, in.to, in.skip, n), in.skip + n + 1 };

		if (rest(r, i, in.skip)[n] != '.')
			return unknown(r, i);
		if (read_struct(r, el, of, v) < 0)
			return -1;
		i = el.to;
	}
	return 0;
}

static int read_list(struct reader *r, struct range in, const struct ec2_field *f, void *base)
{
	size_t size = f->kind == EC2_KIND_STRINGS ? sizeof(char *) : f->of->size;
	int64_t n = count_elements(r, in);
	struct ec2_list list;

	if (n < 0)
		return -1;
	if (n > EC2_LIST_MAX)
		return err_set_reason(r->err, GRPC_INVALID_ARGUMENT, "InvalidParameterValue",
				      "%s has %lld elements, at most %d are allowed",
				      f->wire, (long long)n, EC2_LIST_MAX);
	list.n = (size_t)n;
	list.v = arena_array(r->arena, list.n, size);
	ec2_list_set(base, f, list);
	return f->kind == EC2_KIND_STRINGS ? read_strings(r, in, list.v) :
					     read_structs(r, in, f->of, list.v);
}

/* The field whose wire name begins name up to a '.' or the end. */
static const struct ec2_field *find_field(const struct ec2_shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->n; i++) {
		size_t n = strlen(shape->fields[i].wire);

		if (strncmp(name, shape->fields[i].wire, n) == 0 &&
		    (name[n] == '\0' || name[n] == '.'))
			return &shape->fields[i];
	}
	return NULL;
}

static int read_struct(struct reader *r, struct range in, const struct ec2_shape *shape,
		       void *base)
{
	for (size_t i = in.from; i < in.to;) {
		const struct ec2_field *f = find_field(shape, rest(r, i, in.skip));
		size_t n, end;
		int rc;

		if (!f)
			return unknown(r, i);
		n = strlen(f->wire);
		end = run_end(r, i, in.to, in.skip, n);
		if (f->kind == EC2_KIND_STRINGS || f->kind == EC2_KIND_STRUCTS)
			rc = read_list(r, (struct range){ i, end, in.skip + n }, f, base);
		else if (rest(r, i, in.skip)[n])
			rc = unknown(r, i);
		else
			rc = read_scalar(r, &r->v[i], f, base);
		if (rc < 0)
			return -1;
		i = end;
	}
	return 0;
}

/* ---- the pairs ---- */

static int malformed(struct err *err, const char *why)
{
	return err_set_reason(err, GRPC_INVALID_ARGUMENT, "MalformedQueryString",
			      "The query string is malformed: %s", why);
}

static char *decode_part(struct arena *arena, struct str s, struct buf *scratch)
{
	buf_reset(scratch);
	if (decode_percent(scratch, s, 1) < 0 || scratch->overflow ||
	    memchr(buf_cstr(scratch), '\0', scratch->len))
		return NULL;
	return arena_strn(arena, buf_cstr(scratch), scratch->len);
}

static int by_name(const void *a, const void *b)
{
	const struct param *p = a, *q = b;

	return strverscmp(p->name, q->name);
}

static int check_doubles(const struct param *v, size_t n, struct err *err)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(v[i - 1].name, v[i].name) == 0)
			return err_set_reason(err, GRPC_INVALID_ARGUMENT,
					      "InvalidParameterValue",
					      "The parameter %.100s is given twice", v[i].name);
	return 0;
}

static size_t count_pairs(struct str body)
{
	size_t n = 1;

	for (size_t i = 0; i < body.n; i++)
		n += body.p[i] == '&';
	return n;
}

static int split_pairs(struct str body, struct arena *arena, struct buf *scratch,
		       struct param *v, size_t *n, struct err *err)
{
	while (body.p) {
		struct str value = str_cut(&body, '&'), name;

		if (!value.n)
			continue;
		name = str_cut(&value, '=');
		v[*n].name = decode_part(arena, name, scratch);
		v[*n].value = decode_part(arena, value, scratch);
		if (!v[*n].name || !v[*n].value)
			return malformed(err, "a broken escape or a zero byte");
		(*n)++;
	}
	return 0;
}

/* Takes a parameter out of the sorted array. */
static const char *take(struct param *v, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(v[i].name, name) == 0) {
			const char *value = v[i].value;

			memmove(&v[i], &v[i + 1], (--*n - i) * sizeof(*v));
			return value;
		}
	}
	return NULL;
}

static int read_action(struct param *v, size_t *n, struct ec2_request *req, struct err *err)
{
	const char *action = take(v, n, "Action");
	const char *version = take(v, n, "Version");
	int a;

	if (cstr_empty(action))
		return err_set_reason(err, GRPC_INVALID_ARGUMENT, "MissingAction",
				      "The request has no Action parameter");
	a = ec2_action_from_name(action);
	if (a < 0 || (version && strcmp(version, EC2_API_VERSION) != 0))
		return err_set_reason(err, GRPC_UNIMPLEMENTED, "InvalidAction",
				      "The action %.100s is not valid for version %.40s",
				      action, cstr_or(version, EC2_API_VERSION));
	req->action = (enum ec2_action)a;
	return 0;
}

int ec2_query_decode(struct str body, struct arena *arena, struct ec2_request *req,
		     struct err *err)
{
	struct reader r = { .arena = arena, .err = err };
	struct buf scratch;
	size_t n = 0;
	int rc;

	memset(req, 0, sizeof(*req));
	if (body.n > EC2_QUERY_MAX || count_pairs(body) > EC2_QUERY_PARAMS_MAX)
		return malformed(err, "too long");
	r.v = arena_array(arena, count_pairs(body), sizeof(*r.v));
	buf_init(&scratch, EC2_QUERY_MAX);
	rc = split_pairs(body, arena, &scratch, r.v, &n, err);
	buf_fini(&scratch);
	if (rc < 0)
		return -1;
	qsort(r.v, n, sizeof(*r.v), by_name);
	if (check_doubles(r.v, n, err) < 0 || read_action(r.v, &n, req, err) < 0)
		return -1;
	return read_struct(&r, (struct range){ 0, n, 0 }, ec2_request_shape(req->action),
			   ec2_request_body(req));
}
