#include "ctl/print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define CELL_MAX 4096
#define COLUMNS_MAX 32

void print_json(FILE *out, const json_t *value)
{
	json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
	fputc('\n', out);
}

static bool says_nothing(const json_t *v)
{
	return json_is_null(v) || json_is_false(v) ||
	       (json_is_integer(v) && json_integer_value(v) == 0) ||
	       (json_is_string(v) && json_string_length(v) == 0) ||
	       (json_is_array(v) && json_array_size(v) == 0) ||
	       (json_is_object(v) && json_object_size(v) == 0);
}

static void add_size(struct buf *b, int64_t n)
{
	static const char units[] = "KMGT";
	int i = -1;

	buf_printf(b, "%" PRId64, n);
	while (n >= 1024 && n % 1024 == 0 && i < 3) {
		n /= 1024;
		i++;
	}
	if (i >= 0)
		buf_printf(b, " (%" PRId64 " %ciB)", n, units[i]);
}

static void add_scalar(struct buf *b, const char *name, const json_t *v)
{
	if (json_is_string(v))
		buf_adds(b, json_string_value(v));
	else if (json_is_integer(v) && str_ends(str_c(name), "_bytes"))
		add_size(b, json_integer_value(v));
	else if (json_is_integer(v))
		buf_printf(b, "%" PRId64, (int64_t)json_integer_value(v));
	else
		buf_adds(b, json_is_true(v) ? "yes" : "no");
}

/* Scalars of an object and of the objects in it, in order. */
struct cell {
	char *name;	/* "volume.volume_id" */
	char *text;
};

struct row {
	struct cell cells[COLUMNS_MAX];
	size_t n;
};

static void add_cell(struct row *row, const char *prefix, const char *name, const json_t *v)
{
	struct buf b;

	if (row->n == COLUMNS_MAX)
		return;
	buf_init(&b, CELL_MAX);
	if (json_is_array(v)) {
		for (size_t i = 0; i < json_array_size(v); i++) {
			buf_adds(&b, i ? ", " : "");
			add_scalar(&b, name, json_array_get(v, i));
		}
	} else {
		add_scalar(&b, name, v);
	}
	row->cells[row->n].name = xasprintf("%s%s", prefix, name);
	row->cells[row->n++].text = xstrdup(buf_cstr(&b));
	buf_fini(&b);
}

static bool is_list_of_objects(const json_t *v)
{
	return json_is_array(v) && json_is_object(json_array_get(v, 0));
}

static void flatten(struct row *row, const char *prefix, const json_t *object)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)object, name, v) {
		if (json_is_object(v)) {
			auto_free char *deeper = xasprintf("%s%s.", prefix, name);

			flatten(row, deeper, v);
		} else if (!is_list_of_objects(v) && !says_nothing(v)) {
			add_cell(row, prefix, name, v);
		}
	}
}

static void row_fini(struct row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		free(row->cells[i].name);
		free(row->cells[i].text);
	}
}

static const char *cell_text(const struct row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++)
		if (!strcmp(row->cells[i].name, name))
			return row->cells[i].text;
	return NULL;
}

/* ---- a list of objects: one line each ---- */

/* All names that some row has, in order of appearance. */
static size_t column_names(const struct row *rows, size_t n_rows, const char **names)
{
	size_t n = 0;

	for (size_t r = 0; r < n_rows; r++) {
		for (size_t c = 0; c < rows[r].n; c++) {
			size_t k = 0;

			while (k < n && strcmp(names[k], rows[r].cells[c].name))
				k++;
			if (k == n && n < COLUMNS_MAX)
				names[n++] = rows[r].cells[c].name;
		}
	}
	return n;
}

static int column_width(const struct row *rows, size_t n_rows, const char *name)
{
	size_t width = strlen(name);

	for (size_t r = 0; r < n_rows; r++) {
		size_t n = strlen(cstr_or(cell_text(&rows[r], name), "-"));

		width = n > width ? n : width;
	}
	return (int)width;
}

static void print_rows(FILE *out, const struct row *rows, size_t n_rows)
{
	const char *names[COLUMNS_MAX];
	size_t n = column_names(rows, n_rows, names);

	for (size_t c = 0; c < n; c++)
		fprintf(out, "  %-*s", column_width(rows, n_rows, names[c]), names[c]);
	fputc('\n', out);
	for (size_t r = 0; r < n_rows; r++) {
		for (size_t c = 0; c < n; c++)
			fprintf(out, "  %-*s", column_width(rows, n_rows, names[c]),
				cstr_or(cell_text(&rows[r], names[c]), "-"));
		fputc('\n', out);
	}
}

static void print_list(FILE *out, const char *prefix, const char *name, const json_t *list)
{
	size_t n = json_array_size(list);
	struct row *rows = xcalloc(n, sizeof(*rows));

	for (size_t i = 0; i < n; i++)
		flatten(&rows[i], "", json_array_get(list, i));
	fprintf(out, "%s%s:\n", prefix, name);
	print_rows(out, rows, n);
	for (size_t i = 0; i < n; i++)
		row_fini(&rows[i]);
	free(rows);
}

static void print_lists(FILE *out, const char *prefix, const json_t *object)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)object, name, v) {
		if (is_list_of_objects(v))
			print_list(out, prefix, name, v);
		if (json_is_object(v)) {
			auto_free char *deeper = xasprintf("%s%s.", prefix, name);

			print_lists(out, deeper, v);
		}
	}
}

void print_table(FILE *out, const json_t *object)
{
	struct row row = { .n = 0 };
	size_t width = 0;

	flatten(&row, "", object);
	for (size_t i = 0; i < row.n; i++)
		width = strlen(row.cells[i].name) > width ? strlen(row.cells[i].name) : width;
	for (size_t i = 0; i < row.n; i++)
		fprintf(out, "%-*s  %s\n", (int)width, row.cells[i].name, row.cells[i].text);
	row_fini(&row);
	print_lists(out, "", object);
}
