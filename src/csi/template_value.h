/* Values and functions of tag templates; private to template.c. */
#ifndef CSI_TEMPLATE_VALUE_H
#define CSI_TEMPLATE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define VALUE_ARGS_MAX 16

enum value_type { VALUE_STRING, VALUE_INT, VALUE_BOOL };

struct value {
	enum value_type type;
	const char *s;
	int64_t i;	/* VALUE_BOOL: 0 or 1 */
};

struct value_args {
	struct value v[VALUE_ARGS_MAX];
	size_t n;
};

struct value value_string(const char *s);
struct value value_int(int64_t i);
struct value value_bool(bool b);
int value_parse_int(struct str s, int64_t *ret);

bool value_truth(const struct value *v);	/* not "", 0 or false */
void value_print(const struct value *v, struct buf *out);

struct value_function;
const struct value_function *value_function(struct str name);	/* NULL: none */
int value_call(const struct value_function *f, struct arena *a, const struct value_args *args,
	       struct value *ret, struct err *err);

#endif
