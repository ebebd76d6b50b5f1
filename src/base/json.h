/* A thin, limited front of jansson. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

#define JSON_TEXT_MAX (4u << 20)

/* NULL and err (INVALID_ARGUMENT with line and column) on bad text, duplicate
 * keys, nesting over jansson's 2048 or more than JSON_TEXT_MAX bytes. The
 * caller releases with json_decref. */
json_t *json_parse(struct str text, struct err *err);

/* Members of an object; NULL / fallback when absent or of another type. The
 * string belongs to obj. */
const char *json_get_str(const json_t *obj, const char *key);
int64_t json_get_int(const json_t *obj, const char *key, int64_t fallback);

#endif
