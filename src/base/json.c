#include "base/json.h"

json_t *json_parse(struct str text, struct err *err)
{
	json_error_t why;
	json_t *v;

	if (text.n > JSON_TEXT_MAX) {
		err_set(err, GRPC_INVALID_ARGUMENT, "JSON text of %zu bytes is over the limit of %u",
			text.n, JSON_TEXT_MAX);
		return NULL;
	}
	v = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
	if (!v)
		err_set(err, GRPC_INVALID_ARGUMENT, "bad JSON at line %d, column %d: %s",
			why.line, why.column, why.text);
	return v;
}

const char *json_get_str(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

int64_t json_get_int(const json_t *obj, const char *key, int64_t fallback)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : fallback;
}
