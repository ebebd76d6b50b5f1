#include "aws/ec2_decode.h"

#include <assert.h>
#include <string.h>

#include "aws/ec2_shapes.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/xml.h"

/* One open element each. */
enum frame_kind {
	FRAME_SKIP,
	FRAME_STRUCT,	/* a struct, or an element inside it that has no struct of
			   its own in C (placement): then prefix is set */
	FRAME_LIST,
	FRAME_SCALAR,
	FRAME_REQUEST_ID,
};

struct frame {
	enum frame_kind kind;
	const struct ec2_shape *shape;
	char *base;			/* of the struct that shape or field is in */
	struct str prefix;		/* "placement/" */
	const struct ec2_field *field;	/* list, scalar */
	size_t cap;			/* list: elements allocated */
};

struct ec2_decoder {
	struct xml *xml;
	struct ec2_response *resp;
	size_t fed;
	struct err err;		/* set by a handler; sticky */
	struct frame stack[XML_DEPTH_MAX + 1];	/* [depth] */
};

static void set_root(struct ec2_decoder *d, struct frame *f, const char *name)
{
	const char *action = ec2_action_name(d->resp->action);
	size_t n = strlen(action);

	if (strncmp(name, action, n) != 0 || strcmp(name + n, "Response") != 0) {
		err_set(&d->err, GRPC_INTERNAL, "expected <%sResponse>, got <%.60s>",
			action, name);
		return;
	}
	f->kind = FRAME_STRUCT;
	f->shape = ec2_response_shape(d->resp->action);
	f->base = ec2_response_body(d->resp);
}

/* 2: wire is prefix + name; 1: it goes on with a '/' after that; 0: neither. */
static int match(const char *wire, struct str prefix, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(wire, prefix.p, prefix.n) != 0 ||
	    strncmp(wire + prefix.n, name, n) != 0)
		return 0;
	switch (wire[prefix.n + n]) {
	case '\0':
		return 2;
	case '/':
		return 1;
	default:
		return 0;
	}
}

static void set_member(struct frame *f, const struct frame *up, const char *name)
{
	for (size_t i = 0; i < up->shape->n; i++) {
		const struct ec2_field *field = &up->shape->fields[i];
		int m = match(field->wire, up->prefix, name);

		if (!m)
			continue;
		f->base = up->base;
		f->shape = up->shape;
		f->field = field;
		f->prefix = str_n(field->wire, up->prefix.n + strlen(name) + 1);
		f->kind = m == 1 ? FRAME_STRUCT :
			  field->kind == EC2_KIND_STRUCTS ? FRAME_LIST : FRAME_SCALAR;
		return;
	}
}

/* The old place is lost to the arena. No frame points into the elements while
 * the list itself is the innermost one. */
static void grow(struct ec2_decoder *d, struct frame *list, struct ec2_list *l)
{
	size_t size = list->field->of->size;
	size_t cap = list->cap ? list->cap * 2 : 4;
	void *v;

	while (cap <= l->n)	/* a second element of the same list */
		cap *= 2;
	v = arena_array(&d->resp->arena, cap, size);
	if (l->n)
		memcpy(v, l->v, l->n * size);
	l->v = v;
	list->cap = cap;
}

static void too_much(struct ec2_decoder *d, const char *what)
{
	err_set(&d->err, GRPC_RESOURCE_EXHAUSTED, "answer to %s: %s",
		ec2_action_name(d->resp->action), what);
}

static void set_item(struct ec2_decoder *d, struct frame *f, struct frame *up)
{
	struct ec2_list l = ec2_list_get(up->base, up->field);

	if (l.n >= EC2_LIST_MAX) {
		too_much(d, "a list is too long");
		return;
	}
	if (l.n >= up->cap)
		grow(d, up, &l);
	f->kind = FRAME_STRUCT;
	f->shape = up->field->of;
	f->base = (char *)l.v + l.n * f->shape->size;
	l.n++;
	ec2_list_set(up->base, up->field, l);
}

static void on_start(void *ctx, int depth, const char *name)
{
	struct ec2_decoder *d = ctx;
	struct frame *f = &d->stack[depth], *up = f - 1;

	memset(f, 0, sizeof(*f));
	f->prefix.p = "";
	if (err_is_set(&d->err))
		return;
	if (d->resp->arena.used > EC2_MEMORY_MAX)
		too_much(d, "needs too much memory");
	else if (depth == 1)
		set_root(d, f, name);
	else if (depth == 2 && strcmp(name, "requestId") == 0)
		f->kind = FRAME_REQUEST_ID;
	else if (up->kind == FRAME_STRUCT)
		set_member(f, up, name);
	else if (up->kind == FRAME_LIST && strcmp(name, "item") == 0)
		set_item(d, f, up);
}

static void bad_value(struct ec2_decoder *d, const struct ec2_field *f, struct str text)
{
	err_set(&d->err, GRPC_INTERNAL, "answer to %s: %s is \"%.*s\"",
		ec2_action_name(d->resp->action), f->wire,
		(int)(text.n < 60 ? text.n : 60), text.p);
}

/* Empty and blank elements say no more than absent ones. */
static void set_scalar(struct ec2_decoder *d, const struct frame *f, struct str raw)
{
	struct arena *arena = &d->resp->arena;
	struct str text = str_trim(raw);
	int rc = 0;

	if (f->field->kind == EC2_KIND_TEXT) {
		*ec2_string_at(f->base, f->field) = arena_strn(arena, raw.p, raw.n);
		return;
	}
	if (!text.n)
		return;
	if (f->field->kind == EC2_KIND_STRING)
		*ec2_string_at(f->base, f->field) = arena_strn(arena, text.p, text.n);
	else if (f->field->kind == EC2_KIND_BOOL)
		*ec2_bool_at(f->base, f->field) = str_eq_c(text, "true") ? YES : NO;
	else if (f->field->kind == EC2_KIND_INT)
		rc = parse_i64(text, ec2_int_at(f->base, f->field));
	else
		rc = parse_time_ms(text, ec2_int_at(f->base, f->field));
	if (rc < 0)
		bad_value(d, f->field, text);
}

static void on_end(void *ctx, int depth, const char *name, struct str text)
{
	struct ec2_decoder *d = ctx;
	const struct frame *f = &d->stack[depth];

	if (err_is_set(&d->err))
		return;
	if (f->kind == FRAME_SCALAR)
		set_scalar(d, f, text);
	else if (f->kind == FRAME_REQUEST_ID)
		d->resp->request_id = arena_strn(&d->resp->arena, text.p, text.n);
}

static const struct xml_handler response_handler = { .start = on_start, .end = on_end };

struct ec2_decoder *ec2_decoder_new(struct ec2_response *resp, enum ec2_action action)
{
	struct ec2_decoder *d = xcalloc(1, sizeof(*d));

	memset(resp, 0, sizeof(*resp));
	resp->action = action;
	d->resp = resp;
	d->xml = xml_new(&response_handler, d);
	return d;
}

void ec2_decoder_free(struct ec2_decoder *d)
{
	if (!d)
		return;
	xml_free(d->xml);
	err_fini(&d->err);
	free(d);
}

/* What a handler found comes before what the parser says. */
static int result(struct ec2_decoder *d, int rc, struct err *err)
{
	if (!err_is_set(&d->err))
		return rc;
	if (err)
		err_copy(err, &d->err);
	return -1;
}

int ec2_decoder_feed(struct ec2_decoder *d, struct str piece, struct err *err)
{
	if (piece.n > EC2_XML_MAX - d->fed)
		too_much(d, "too long");
	if (err_is_set(&d->err))
		return result(d, -1, err);
	d->fed += piece.n;
	return result(d, xml_feed(d->xml, piece, err), err);
}

int ec2_decoder_finish(struct ec2_decoder *d, struct err *err)
{
	if (err_is_set(&d->err))
		return result(d, -1, err);
	return result(d, xml_finish(d->xml, err), err);
}

/* ---- errors ---- */

struct error_reader {
	struct arena *arena;
	struct ec2_error_doc *doc;
	int error_depth;	/* of the first Error; 0 before, -1 after it */
};

static void on_error_start(void *ctx, int depth, const char *name)
{
	struct error_reader *r = ctx;

	if (r->error_depth == 0 && strcmp(name, "Error") == 0)
		r->error_depth = depth;
}

static void keep(struct error_reader *r, const char **slot, struct str text)
{
	text = str_trim(text);
	if (!*slot && text.n)
		*slot = arena_strn(r->arena, text.p, text.n);
}

static void on_error_end(void *ctx, int depth, const char *name, struct str text)
{
	struct error_reader *r = ctx;
	bool member = r->error_depth > 0 && depth == r->error_depth + 1;

	if (depth == r->error_depth)
		r->error_depth = -1;
	else if (member && strcmp(name, "Code") == 0)
		keep(r, &r->doc->code, text);
	else if (member && strcmp(name, "Message") == 0)
		keep(r, &r->doc->message, text);
	else if (strcmp(name, "RequestID") == 0 || strcmp(name, "RequestId") == 0)
		keep(r, &r->doc->request_id, text);
}

int ec2_decode_error(struct str body, struct arena *arena, struct ec2_error_doc *ret)
{
	static const struct xml_handler handler = {
		.start = on_error_start,
		.end = on_error_end,
	};
	struct error_reader r = { .arena = arena, .doc = ret };
	struct xml *xml = xml_new(&handler, &r);
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = xml_feed(xml, body, NULL);
	if (rc == 0)
		rc = xml_finish(xml, NULL);
	xml_free(xml);
	return rc == 0 && ret->code ? 0 : -1;
}
