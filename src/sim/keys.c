#include "sim/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define SEEN_MAX 60	/* bytes of a value shown */
#define WORD_MAX 64

/* ---- what was meant ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Insertions, deletions and replacements from a to b, case aside. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], nb = strlen(b);

	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0]++;

		for (size_t j = 0; j < nb; j++) {
			size_t best = corner + (lower(a[i]) != lower(b[j]));

			corner = row[j + 1];
			best = row[j + 1] + 1 < best ? row[j + 1] + 1 : best;
			row[j + 1] = row[j] + 1 < best ? row[j] + 1 : best;
		}
	}
	return row[nb];
}

const char *keys_nearest(const char *text, const char *const *known, size_t n)
{
	size_t best = 1 + strlen(text) / 3;
	const char *ret = NULL;

	for (size_t i = 0; i < n && strlen(text) <= WORD_MAX; i++) {
		size_t d = strlen(known[i]) <= WORD_MAX ? distance(text, known[i]) : WORD_MAX;

		if (d < best || (d == best && !ret)) {
			best = d;
			ret = known[i];
		}
	}
	return ret;
}

int keys_unknown(const char *where, const char *key, const char *const *known, size_t n,
		 struct err *err)
{
	const char *meant = keys_nearest(key, known, n);
	struct buf all;

	if (meant)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s/%s is not known; did you mean \"%s\"?", where, key, meant);
	buf_init(&all, 4096);
	for (size_t i = 0; i < n; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", known[i]);
	err_set(err, GRPC_INVALID_ARGUMENT, "%s/%s is not known; allowed: %s", where, key,
		buf_cstr(&all));
	buf_fini(&all);
	return -1;
}

/* ---- values ---- */

int keys_expected(const json_t *seen, const char *where, const char *expected, struct err *err)
{
	auto_free char *text = json_dumps(seen, JSON_ENCODE_ANY | JSON_COMPACT);
	bool cut = text && strlen(text) > SEEN_MAX;

	return err_set(err, GRPC_INVALID_ARGUMENT, "%s: %.*s%s is not %s", *where ? where : "/",
		       SEEN_MAX, text ? text : "?", cut ? "..." : "", expected);
}

static int out_of_range(const json_t *seen, const char *where, const struct key *key,
			struct err *err)
{
	auto_free char *range = xasprintf("%s from %.10g to %.10g", key->type == KEY_INT ?
					  "a whole number" : "a number", key->min, key->max);

	return keys_expected(seen, where, range, err);
}

static int read_hex(const json_t *value, const char *where, uint64_t *ret, struct err *err)
{
	const char *text = json_string_value(value);
	size_t n = text ? strlen(text) : 0;

	if (n < 1 || n > 16 || strspn(text, "0123456789abcdef") != n)
		return keys_expected(value, where, "a string of 1-16 hex digits", err);
	*ret = strtoull(text, NULL, 16);
	return 0;
}

static int read_text(const json_t *value, const char *where, const char **ret, struct err *err)
{
	if (!json_is_string(value))
		return keys_expected(value, where, "a string", err);
	*ret = json_string_value(value);
	return 0;
}

static int read_bool(const json_t *value, const char *where, bool *ret, struct err *err)
{
	if (!json_is_boolean(value))
		return keys_expected(value, where, "true or false", err);
	*ret = json_is_true(value);
	return 0;
}

static int read_number(const json_t *value, const char *where, const struct key *key,
		       void *slot, struct err *err)
{
	double number = json_number_value(value);
	bool good = key->type == KEY_INT ? json_is_integer(value) : json_is_number(value);

	if (!good || !(number >= key->min && number <= key->max))
		return out_of_range(value, where, key, err);
	if (key->type == KEY_INT)
		*(int64_t *)slot = (int64_t)json_integer_value(value);
	else
		*(double *)slot = number;
	return 0;
}

int keys_read_one(const json_t *value, const char *where, const struct key *key, void *into,
		  struct err *err)
{
	void *slot = (char *)into + key->offset;

	switch (key->type) {
	case KEY_TEXT:
		return read_text(value, where, slot, err);
	case KEY_BOOL:
		return read_bool(value, where, slot, err);
	case KEY_HEX:
		return read_hex(value, where, slot, err);
	case KEY_ANY:
		*(const json_t **)slot = value;
		return 0;
	default:
		return read_number(value, where, key, slot, err);
	}
}

static int unknown_among(const char *where, const char *name, const struct key *keys, size_t n,
			 struct err *err)
{
	auto_free const char **known = xcalloc(n, sizeof(*known));

	for (size_t i = 0; i < n; i++)
		known[i] = keys[i].name;
	return keys_unknown(where, name, known, n, err);
}

int keys_read(const json_t *obj, const char *where, const struct key *keys, size_t n,
	      void *into, struct err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(obj))
		return keys_expected(obj, where, "an object", err);
	json_object_foreach((json_t *)obj, name, value) {
		auto_free char *place = xasprintf("%s/%s", where, name);
		size_t i = 0;

		while (i < n && strcmp(keys[i].name, name) != 0)
			i++;
		if (i == n)
			return unknown_among(where, name, keys, n, err);
		if (keys_read_one(value, place, &keys[i], into, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- files ---- */

int keys_read_file(const char *path, struct buf *out, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char piece[65536];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set_errno(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return err_set(err, GRPC_INVALID_ARGUMENT, "%s is not a file", path);
	(void)fcntl(fd, F_SETFL, 0);	/* a pipe may be waited for */
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		if (buf_add(out, piece, (size_t)n) < 0)
			return err_set(err, GRPC_INVALID_ARGUMENT, "%s is larger than %zu bytes",
				       path, out->max);
	return n < 0 ? err_set_errno(err, errno, "%s", path) : 0;
}

json_t *keys_load(const char *path, struct err *err)
{
	json_t *ret = NULL;
	struct buf text;

	buf_init(&text, JSON_TEXT_MAX);
	if (keys_read_file(path, &text, err) == 0) {
		ret = json_parse(buf_view(&text), err);
		if (!ret)
			err_prefix(err, "%s", path);
	}
	buf_fini(&text);
	return ret;
}
