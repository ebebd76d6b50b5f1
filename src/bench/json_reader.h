/* Reading JSON down the document with the path of where it is: the first thing wrong
 * is kept as an error that begins with that path ("runs[0].rpcs.X.count: missing, …"),
 * everything after it does nothing and returns nothing. */
#ifndef BENCH_JSON_READER_H
#define BENCH_JSON_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define JSON_READER_PATH_MAX 4096

struct json_reader {
	struct buf path;	/* the owner's: buf_init(JSON_READER_PATH_MAX), buf_fini */
	struct err *err;
	bool failed;
};

/* key NULL: the place itself is wrong. Returns -1. */
int jr_complain(struct json_reader *rd, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* One more step on the path; gives what jr_leave wants. */
size_t jr_enter(struct json_reader *rd, const char *key);
size_t jr_enter_item(struct json_reader *rd, size_t i);
void jr_leave(struct json_reader *rd, size_t before);

const char *jr_type(const json_t *v);	/* "a text", "missing" */

/* Members that must be there; after a complaint NULL, "" or 0. What is returned
 * belongs to obj. */
const json_t *jr_object(struct json_reader *rd, const json_t *obj, const char *key);
const json_t *jr_list(struct json_reader *rd, const json_t *obj, const char *key);
const char *jr_text(struct json_reader *rd, const json_t *obj, const char *key);
const char *jr_text_or_null(struct json_reader *rd, const json_t *obj, const char *key);
uint64_t jr_count(struct json_reader *rd, const json_t *obj, const char *key);
/* v itself as a whole number from 0; key is for the complaint. */
uint64_t jr_check_count(struct json_reader *rd, const json_t *v, const char *key);
/* True for an object; false for null (not measured) or after a complaint. */
bool jr_object_or_null(struct json_reader *rd, const json_t *obj, const char *key,
		       const json_t **ret);

/* json_object_foreach for const objects. */
#define jr_each_member(obj, key, v) \
	for (void *it_ = json_object_iter((json_t *)(uintptr_t)(obj)); \
	     it_ && ((key) = json_object_iter_key(it_), (v) = json_object_iter_value(it_), true); \
	     it_ = json_object_iter_next((json_t *)(uintptr_t)(obj), it_))

#endif
