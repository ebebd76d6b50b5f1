/* Values of tags: the part of Go's text/template that tag values are written in.
 * {{ }} with fields (.PVCName), literals, pipelines, parentheses, if / else if /
 * else / end, comments, trim markers, and the functions contains toUpper toLower
 * substring field index lastIndex eq ne and or not len print printf. Anything
 * else is an error, as is an unknown field. */
#ifndef CSI_TEMPLATE_H
#define CSI_TEMPLATE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct template_field {
	const char *name;	/* without the dot */
	const char *value;	/* NULL is "" */
};

#define TEMPLATE_OUTPUT_MAX 4096

/* 0 and the text in the arena, or -1 and err (INVALID_ARGUMENT). */
int template_eval(struct arena *a, const char *text, const struct template_field *fields,
		  size_t n, const char **ret, struct err *err);

#endif
