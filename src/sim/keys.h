/* Reads objects of JSON files strictly: what is unknown, of the wrong type or out
 * of range is an error that says where it stands ("/latency/AttachVolume/p99"),
 * what was seen and what is allowed; a misspelt key gets a suggestion. */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

enum key_type {
	KEY_TEXT,	/* const char *: memory of the JSON value */
	KEY_INT,	/* int64_t */
	KEY_REAL,	/* double; integers are taken too */
	KEY_BOOL,	/* bool */
	KEY_HEX,	/* uint64_t, from a string of 1-16 hex digits */
	KEY_ANY,	/* const json_t *: the caller looks at it */
};

struct key {
	const char *name;
	enum key_type type;
	size_t offset;		/* in the struct that is filled */
	double min, max;	/* of numbers, inclusive */
};

/* The members of obj into the struct at `into`; absent ones are left alone. obj
 * may be of any type. where: its own place, "" for the top. */
int keys_read(const json_t *obj, const char *where, const struct key *keys, size_t n,
	      void *into, struct err *err);
int keys_read_one(const json_t *value, const char *where, const struct key *key, void *into,
		  struct err *err);
/* "WHERE: SEEN is not EXPECTED". */
int keys_expected(const json_t *seen, const char *where, const char *expected, struct err *err);
/* "WHERE/KEY is not known", with the nearest of `known` or all of them. */
int keys_unknown(const char *where, const char *key, const char *const *known, size_t n,
		 struct err *err);
/* The nearest of `known` if it is near enough to be meant, else NULL. */
const char *keys_nearest(const char *text, const char *const *known, size_t n);

/* The whole file as JSON; errors begin with its path. */
json_t *keys_load(const char *path, struct err *err);
/* A file of at most `max` bytes, added to out (which has that limit). */
int keys_read_file(const char *path, struct buf *out, struct err *err);

#endif
