#include "bench/json_reader.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"

int jr_complain(struct json_reader *rd, const char *key, const char *fmt, ...)
{
	auto_free char *what = NULL;
	va_list ap;

	if (rd->failed)
		return -1;
	rd->failed = true;
	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		abort();
	va_end(ap);
	return err_set(rd->err, GRPC_INVALID_ARGUMENT, "%s%s%s: %s", buf_cstr(&rd->path),
		       rd->path.len && key ? "." : "", cstr_or(key, ""), what);
}

size_t jr_enter(struct json_reader *rd, const char *key)
{
	size_t before = rd->path.len;

	buf_printf(&rd->path, "%s%s", before ? "." : "", key);
	return before;
}

size_t jr_enter_item(struct json_reader *rd, size_t i)
{
	size_t before = rd->path.len;

	buf_printf(&rd->path, "[%zu]", i);
	return before;
}

void jr_leave(struct json_reader *rd, size_t before)
{
	rd->path.overflow = false;
	rd->path.len = before;
	if (rd->path.data)
		rd->path.data[before] = '\0';
}

const char *jr_type(const json_t *v)
{
	if (!v)
		return "missing";
	switch (json_typeof(v)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "a list";
	case JSON_STRING: return "a text";
	case JSON_INTEGER:
	case JSON_REAL: return "a number";
	case JSON_NULL: return "null";
	default: return "true or false";
	}
}

/* ---- members ---- */

static const json_t *need(struct json_reader *rd, const json_t *obj, const char *key,
			  json_type type, const char *expected)
{
	const json_t *v = json_object_get(obj, key);

	if (rd->failed)
		return NULL;
	if (!v || json_typeof(v) != type) {
		jr_complain(rd, key, "%s, expected %s", jr_type(v), expected);
		return NULL;
	}
	return v;
}

const json_t *jr_object(struct json_reader *rd, const json_t *obj, const char *key)
{
	return need(rd, obj, key, JSON_OBJECT, "an object");
}

const json_t *jr_list(struct json_reader *rd, const json_t *obj, const char *key)
{
	return need(rd, obj, key, JSON_ARRAY, "a list");
}

const char *jr_text(struct json_reader *rd, const json_t *obj, const char *key)
{
	const json_t *v = need(rd, obj, key, JSON_STRING, "a text");

	return v ? json_string_value(v) : "";
}

const char *jr_text_or_null(struct json_reader *rd, const json_t *obj, const char *key)
{
	return json_is_null(json_object_get(obj, key)) ? NULL : jr_text(rd, obj, key);
}

uint64_t jr_check_count(struct json_reader *rd, const json_t *v, const char *key)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0) {
		jr_complain(rd, key, "%s, expected a whole number from 0",
			    json_is_integer(v) ? "negative" : jr_type(v));
		return 0;
	}
	return (uint64_t)json_integer_value(v);
}

uint64_t jr_count(struct json_reader *rd, const json_t *obj, const char *key)
{
	return rd->failed ? 0 : jr_check_count(rd, json_object_get(obj, key), key);
}

bool jr_object_or_null(struct json_reader *rd, const json_t *obj, const char *key,
		       const json_t **ret)
{
	*ret = json_object_get(obj, key);
	if (rd->failed || json_is_null(*ret))
		return false;
	if (!json_is_object(*ret))
		jr_complain(rd, key, "%s, expected an object, or null for not measured",
			    jr_type(*ret));
	return json_is_object(*ret);
}
