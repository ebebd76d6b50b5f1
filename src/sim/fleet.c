#include "sim/fleet.h"

#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "sim/keys.h"

#define FILE_MAX (16u << 20)

struct fleet {
	struct sim_model *model;
	struct arena arena;	/* texts of the entry at hand */
	const char *first;
	uint64_t n;
};

struct entry {
	const char *id, *type, *zone;
	int64_t count, enis;
};

static const struct key entry_keys[] = {
	{ "id", KEY_TEXT, offsetof(struct entry, id), 0, 0 },
	{ "type", KEY_TEXT, offsetof(struct entry, type), 0, 0 },
	{ "zone", KEY_TEXT, offsetof(struct entry, zone), 0, 0 },
	{ "count", KEY_INT, offsetof(struct entry, count), 1, SIM_FLEET_MAX },
	{ "enis", KEY_INT, offsetof(struct entry, enis), 1, 16 },
};

static int add(struct fleet *f, const struct entry *e, struct err *err)
{
	const struct sim_instance_spec spec = {
		.id = e->id, .type = e->type, .zone = e->zone, .enis = (unsigned int)e->enis,
	};

	if (e->id && e->count > 1)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%lld instances cannot all have the id \"%s\"",
			       (long long)e->count, e->id);
	for (int64_t i = 0; i < e->count; i++) {
		const char *id;

		if (++f->n > SIM_FLEET_MAX)
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "more than %d instances", SIM_FLEET_MAX);
		id = sim_model_add_instance(f->model, 0, &spec, err);
		if (!id)
			return -1;
		f->first = f->first ? f->first : id;
	}
	return 0;
}

/* ---- on the command line ---- */

static int add_list(struct fleet *f, struct str rest, struct err *err)
{
	while (rest.p) {
		struct str one = str_cut(&rest, ',');
		struct entry e = { .count = 1 };
		const char **fields[] = { &e.id, &e.type, &e.zone };

		for (size_t i = 0; i < ARRAY_SIZE(fields) && one.p; i++) {
			struct str field = str_cut(&one, ':');

			if (field.n)
				*fields[i] = arena_strn(&f->arena, field.p, field.n);
		}
		if (one.p)
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "\"%.*s\" follows ID:TYPE:ZONE", STR(one));
		if (add(f, &e, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- in a file ---- */

/* "ID TYPE ZONE COUNT", parted by blanks or commas; "-" or nothing: any. */
static int parse_line(struct fleet *f, struct str line, struct entry *e, struct err *err)
{
	const char *fields[4] = { NULL };
	uint64_t count = 1;
	size_t n = 0;

	while (line.p && n <= ARRAY_SIZE(fields)) {
		size_t end = 0;
		struct str word;

		while (end < line.n && !strchr(" \t,", line.p[end]))
			end++;
		word = str_n(line.p, end);
		if (n < ARRAY_SIZE(fields) && word.n && !str_eq_c(word, "-"))
			fields[n] = arena_strn(&f->arena, word.p, word.n);
		n++;
		if (end == line.n)
			break;
		line = str_trim(str_n(line.p + end + 1, line.n - end - 1));
	}
	if (n > ARRAY_SIZE(fields))
		return err_set(err, GRPC_INVALID_ARGUMENT, "more than ID TYPE ZONE COUNT");
	if (fields[3] && (parse_u64(str_c(fields[3]), &count) < 0 || count == 0 ||
			  count > SIM_FLEET_MAX))
		return err_set(err, GRPC_INVALID_ARGUMENT, "count \"%s\" is not 1-%d", fields[3],
			       SIM_FLEET_MAX);
	*e = (struct entry){ fields[0], fields[1], fields[2], (int64_t)count, 0 };
	return 0;
}

static int add_lines(struct fleet *f, struct str text, struct err *err)
{
	for (unsigned int number = 1; text.p; number++) {
		struct str rest = str_cut(&text, '\n'), line = str_trim(str_cut(&rest, '#'));
		struct entry e;

		if (line.n && (parse_line(f, line, &e, err) < 0 || add(f, &e, err) < 0))
			return err_prefix(err, "line %u", number);
	}
	return 0;
}

static int add_json(struct fleet *f, const json_t *list, struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		auto_free char *where = xasprintf("/%zu", i);
		struct entry e = { .count = 1 };

		if (keys_read(json_array_get(list, i), where, entry_keys, ARRAY_SIZE(entry_keys),
			      &e, err) < 0)
			return -1;
		if (add(f, &e, err) < 0)
			return err_prefix(err, "%s", where);
	}
	return 0;
}

static int add_text(struct fleet *f, struct str text, struct err *err)
{
	json_t *list;
	int rc;

	if (!str_starts(str_trim(text), "["))
		return add_lines(f, text, err);
	list = json_parse(text, err);
	rc = list ? add_json(f, list, err) : -1;
	json_decref(list);
	return rc;
}

static int add_file(struct fleet *f, const char *path, struct err *err)
{
	struct buf text;
	int rc;

	buf_init(&text, FILE_MAX);
	rc = keys_read_file(path, &text, err);
	if (rc == 0 && add_text(f, buf_view(&text), err) < 0)
		rc = err_prefix(err, "%s", path);
	buf_fini(&text);
	return rc;
}

int sim_fleet_add(struct sim_model *m, const char *text, const char **first, struct err *err)
{
	struct fleet f = { .model = m };
	uint64_t n;
	int rc;

	if (*text == '@')
		rc = add_file(&f, text + 1, err);
	else if (parse_u64(str_c(text), &n) == 0 && n <= SIM_FLEET_MAX)
		rc = add(&f, &(struct entry){ .count = (int64_t)n }, err);
	else if (parse_u64(str_c(text), &n) == 0)
		rc = err_set(err, GRPC_INVALID_ARGUMENT, "%s is more than %d instances", text,
			     SIM_FLEET_MAX);
	else
		rc = add_list(&f, str_c(text), err);
	arena_fini(&f.arena);
	*first = f.first;
	return rc;
}
