#include "aws/ec2_encode.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "aws/ec2_shapes.h"
#include "base/encode.h"

static void open_tag(struct buf *b, struct str name)
{
	buf_printf(b, "<%.*s>", STR(name));
}

static void close_tag(struct buf *b, struct str name)
{
	buf_printf(b, "</%.*s>", STR(name));
}

static void text_element(struct buf *b, const char *name, const char *text)
{
	open_tag(b, str_c(name));
	encode_xml(b, str_c(text));
	close_tag(b, str_c(name));
}

static void encode_struct(struct buf *b, const struct ec2_shape *shape, const void *base);

static void encode_list(struct buf *b, const char *name, const struct ec2_shape *of,
			struct ec2_list list)
{
	open_tag(b, str_c(name));
	for (size_t i = 0; i < list.n; i++) {
		buf_adds(b, "<item>");
		encode_struct(b, of, (const char *)list.v + i * of->size);
		buf_adds(b, "</item>");
	}
	close_tag(b, str_c(name));
}

static void int_element(struct buf *b, const char *name, int64_t n)
{
	if (n)
		buf_printf(b, "<%s>%" PRId64 "</%s>", name, n, name);
}

static void time_element(struct buf *b, const char *name, int64_t ms)
{
	if (!ms)
		return;
	open_tag(b, str_c(name));
	encode_time(b, ms);
	close_tag(b, str_c(name));
}

static void encode_field(struct buf *b, const char *name, const struct ec2_field *f,
			 const void *base)
{
	switch (f->kind) {
	case EC2_KIND_STRING:
	case EC2_KIND_TEXT:
		if (*ec2_string_at(base, f))
			text_element(b, name, *ec2_string_at(base, f));
		break;
	case EC2_KIND_INT:
		int_element(b, name, *ec2_int_at(base, f));
		break;
	case EC2_KIND_TIME:
		time_element(b, name, *ec2_int_at(base, f));
		break;
	case EC2_KIND_BOOL:
		if (*ec2_bool_at(base, f) != UNSET)
			text_element(b, name, *ec2_bool_at(base, f) == YES ? "true" : "false");
		break;
	case EC2_KIND_STRUCTS:
		encode_list(b, name, f->of, ec2_list_get(base, f));
		break;
	case EC2_KIND_STRINGS:
	case EC2_KIND_CONST:
		assert(!"no answer has these");
	}
}

/* "placement/availabilityZone": placement; empty for a field without parent. */
static struct str parent_of(const struct ec2_field *f)
{
	const char *slash = strchr(f->wire, '/');

	return slash ? str_n(f->wire, (size_t)(slash - f->wire)) : str_n(f->wire, 0);
}

static void encode_struct(struct buf *b, const struct ec2_shape *shape, const void *base)
{
	struct str open = { "", 0 };

	for (size_t i = 0; i < shape->n; i++) {
		const struct ec2_field *f = &shape->fields[i];
		struct str parent = parent_of(f);

		if (!str_eq(parent, open)) {
			if (open.n)
				close_tag(b, open);
			if (parent.n)
				open_tag(b, parent);
			open = parent;
		}
		encode_field(b, f->wire + (parent.n ? parent.n + 1 : 0), f, base);
	}
	if (open.n)
		close_tag(b, open);
}

#define XML_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

void ec2_encode_response(const struct ec2_response *resp, struct buf *b)
{
	const char *name = ec2_action_name(resp->action);

	buf_printf(b, XML_HEAD "<%sResponse xmlns=\"" EC2_XML_NAMESPACE "\">", name);
	if (resp->request_id)
		text_element(b, "requestId", resp->request_id);
	encode_struct(b, ec2_response_shape(resp->action), ec2_response_body(resp));
	buf_printf(b, "</%sResponse>", name);
}

void ec2_encode_error(const char *code, const char *message, const char *request_id,
		      struct buf *b)
{
	buf_adds(b, XML_HEAD "<Response><Errors><Error>");
	text_element(b, "Code", code);
	text_element(b, "Message", message);
	buf_adds(b, "</Error></Errors>");
	if (request_id)
		text_element(b, "RequestID", request_id);
	buf_adds(b, "</Response>");
}
