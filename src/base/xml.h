/* Push parser on expat that reports elements by their depth and name, for
 * documents without DTD. Namespaces prefixes are cut off. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/err.h"
#include "base/str.h"

struct xml;

struct xml_handler {
	/* depth of the root is 1. attrs are ignored. */
	void (*start)(void *ctx, int depth, const char *name);
	/* text: all character data directly inside, unescaped, white space as
	 * it is; at most XML_TEXT_MAX bytes, more is an error. */
	void (*end)(void *ctx, int depth, const char *name, struct str text);
};

#define XML_TEXT_MAX (64u << 10)
#define XML_DEPTH_MAX 32

struct xml *xml_new(const struct xml_handler *handler, void *ctx);
void xml_free(struct xml *x);

/* Feeds bytes; 0 or -1 with err (INTERNAL, "line N: …"): not well-formed, a
 * DOCTYPE (entity bombs), too deep, text too long. A failed parser stays failed. */
int xml_feed(struct xml *x, struct str bytes, struct err *err);
int xml_finish(struct xml *x, struct err *err);	/* the document must be complete */

#endif
