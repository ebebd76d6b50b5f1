#include "base/xml.h"

#include <assert.h>
#include <expat.h>
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

struct xml {
	XML_Parser parser;
	const struct xml_handler *handler;
	void *ctx;
	int depth;
	struct buf text[XML_DEPTH_MAX + 1];	/* of the open element at each depth */
	const char *broken;	/* why we stopped it, NULL: expat knows */
	bool failed;
};

static void stop(struct xml *x, const char *why)
{
	if (!x->broken)
		x->broken = why;
	XML_StopParser(x->parser, XML_FALSE);
}

static const char *local_name(const XML_Char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static void on_start(void *data, const XML_Char *name, const XML_Char **attrs)
{
	struct xml *x = data;

	if (x->broken)
		return;
	if (x->depth == XML_DEPTH_MAX) {
		stop(x, "elements nested too deep");
		return;
	}
	buf_reset(&x->text[++x->depth]);
	if (x->handler->start)
		x->handler->start(x->ctx, x->depth, local_name(name));
}

static void on_end(void *data, const XML_Char *name)
{
	struct xml *x = data;

	if (x->broken)
		return;
	if (x->handler->end)
		x->handler->end(x->ctx, x->depth, local_name(name),
				buf_view(&x->text[x->depth]));
	x->depth--;
}

static void on_text(void *data, const XML_Char *s, int len)
{
	struct xml *x = data;

	if (!x->broken && buf_add(&x->text[x->depth], s, (size_t)len) < 0)
		stop(x, "text of an element too long");
}

/* Without a DTD there are no entities to explode. */
static void on_doctype(void *data, const XML_Char *name, const XML_Char *sysid,
		       const XML_Char *pubid, int has_internal)
{
	stop(data, "a DOCTYPE is not allowed");
}

struct xml *xml_new(const struct xml_handler *handler, void *ctx)
{
	struct xml *x = xcalloc(1, sizeof(*x));

	x->parser = XML_ParserCreate(NULL);
	if (!x->parser)
		abort();
	x->handler = handler;
	x->ctx = ctx;
	for (size_t i = 0; i < ARRAY_SIZE(x->text); i++)
		buf_init(&x->text[i], XML_TEXT_MAX);
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	return x;
}

void xml_free(struct xml *x)
{
	if (!x)
		return;
	XML_ParserFree(x->parser);
	for (size_t i = 0; i < ARRAY_SIZE(x->text); i++)
		buf_fini(&x->text[i]);
	free(x);
}

static int parse(struct xml *x, struct str bytes, int final, struct err *err)
{
	if (x->failed)
		return err_set(err, GRPC_INTERNAL, "XML: the document was broken before");
	assert(bytes.n <= INT_MAX);
	if (XML_Parse(x->parser, bytes.p, (int)bytes.n, final) == XML_STATUS_OK)
		return 0;
	x->failed = true;
	return err_set(err, GRPC_INTERNAL, "XML: line %lu: %s",
		       (unsigned long)XML_GetCurrentLineNumber(x->parser),
		       x->broken ? x->broken : XML_ErrorString(XML_GetErrorCode(x->parser)));
}

int xml_feed(struct xml *x, struct str bytes, struct err *err)
{
	return parse(x, bytes, 0, err);
}

int xml_finish(struct xml *x, struct err *err)
{
	return parse(x, str_n("", 0), 1, err);
}
