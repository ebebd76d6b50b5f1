/* The compiled csi.proto against the table of facts: every row is in the code,
 * and nothing is in the code that is in no row. The code is walked from the
 * services down through all messages and enums they reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "csi/csi.pb-c.h"
#include "csi/descriptor.h"

#define ROWS_MAX 1000
#define LINE_MAX_BYTES 512

struct rows {
	char *v[ROWS_MAX];
	bool seen[ROWS_MAX];
	size_t n;
};

struct walk {
	struct rows *rows;
	const void *visited[ROWS_MAX];
	size_t n_visited;
	unsigned int extra;
};

static const ProtobufCServiceDescriptor *const services[] = {
	&csi__v1__identity__descriptor,
	&csi__v1__controller__descriptor,
	&csi__v1__group_controller__descriptor,
	&csi__v1__snapshot_metadata__descriptor,
	&csi__v1__node__descriptor,
};

static void rows_add(struct rows *r, const char *line)
{
	assert_true(r->n < ROWS_MAX);
	r->v[r->n++] = xstrdup(line);
}

static void rows_free(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i]);
	free(r);
}

static struct rows *rows_load(void)
{
	struct rows *r = xcalloc(1, sizeof(*r));
	const char *dir = getenv("top_srcdir");
	char line[LINE_MAX_BYTES];
	auto_free char *path = xasprintf("%s/tests/data/csi-wire.tsv", dir ? dir : ".");
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("cannot read %s", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] && line[0] != '#')
			rows_add(r, line);
	}
	fclose(f);
	return r;
}

/* Full names as the table has them: without our own package. */
static const char *short_name(const char *full)
{
	return strncmp(full, "csi.v1.", 7) == 0 ? full + 7 : full;
}

static void meet(struct walk *w, const char *row)
{
	for (size_t i = 0; i < w->rows->n; i++) {
		if (strcmp(w->rows->v[i], row) == 0) {
			w->rows->seen[i] = true;
			return;
		}
	}
	print_message("# in csi.proto and not in the table: %s\n", row);
	w->extra++;
}

static bool visit(struct walk *w, const void *descriptor)
{
	for (size_t i = 0; i < w->n_visited; i++)
		if (w->visited[i] == descriptor)
			return false;
	assert_true(w->n_visited < ROWS_MAX);
	w->visited[w->n_visited++] = descriptor;
	return true;
}

static const char *scalar_name(ProtobufCType t)
{
	switch (t) {
	case PROTOBUF_C_TYPE_INT32:
		return "int32";
	case PROTOBUF_C_TYPE_INT64:
		return "int64";
	case PROTOBUF_C_TYPE_BOOL:
		return "bool";
	case PROTOBUF_C_TYPE_STRING:
		return "string";
	default:
		return "a type CSI does not use";
	}
}

/* A map on the wire is a repeated message of a key 1 and a value 2. */
static bool is_map(const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *m = f->descriptor;
	size_t n;

	if (f->type != PROTOBUF_C_TYPE_MESSAGE || f->label != PROTOBUF_C_LABEL_REPEATED)
		return false;
	n = strlen(m->name);
	return n > 5 && strcmp(m->name + n - 5, "Entry") == 0 && m->n_fields == 2 &&
	       m->fields[0].id == 1 && strcmp(m->fields[0].name, "key") == 0 &&
	       m->fields[1].id == 2 && strcmp(m->fields[1].name, "value") == 0;
}

static void walk_enum(struct walk *w, const ProtobufCEnumDescriptor *e)
{
	if (!visit(w, e))
		return;
	for (unsigned int i = 0; i < e->n_values; i++) {
		auto_free char *row = xasprintf("value\t%s\t%s\t%d\t-\t-", short_name(e->name),
						e->values[i].name, e->values[i].value);
		meet(w, row);
	}
}

static void walk_message(struct walk *w, const ProtobufCMessageDescriptor *m);

static const char *field_type(struct walk *w, const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		if (is_map(f))
			return "map<string,string>";
		walk_message(w, f->descriptor);
		return short_name(((const ProtobufCMessageDescriptor *)f->descriptor)->name);
	case PROTOBUF_C_TYPE_ENUM:
		walk_enum(w, f->descriptor);
		return short_name(((const ProtobufCEnumDescriptor *)f->descriptor)->name);
	default:
		return scalar_name(f->type);
	}
}

static const char *field_label(const ProtobufCFieldDescriptor *f)
{
	if (is_map(f))
		return "map";
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return "repeated";
	return f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF ? "oneof" : "one";
}

static void walk_message(struct walk *w, const ProtobufCMessageDescriptor *m)
{
	if (!visit(w, m))
		return;
	for (unsigned int i = 0; i < m->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->fields[i];
		auto_free char *row = xasprintf("field\t%s\t%s\t%u\t%s\t%s", short_name(m->name),
						f->name, f->id, field_type(w, f), field_label(f));
		meet(w, row);
	}
}

/* protobuf-c does not keep whether a method streams: that column is told by the
 * service here. */
static void walk_method(struct walk *w, const ProtobufCServiceDescriptor *s,
			const ProtobufCMethodDescriptor *m)
{
	bool stream = s == &csi__v1__snapshot_metadata__descriptor;
	auto_free char *row = xasprintf("method\t%s\t%s\t%s\t%s\t%s", short_name(s->name), m->name,
					short_name(m->input->name), short_name(m->output->name),
					stream ? "stream" : "unary");

	meet(w, row);
	walk_message(w, m->input);
	walk_message(w, m->output);
}

/* How many rows differ, in either direction. */
static unsigned int compare(struct rows *rows)
{
	struct walk *w = xcalloc(1, sizeof(*w));
	unsigned int bad;

	w->rows = rows;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		for (unsigned int k = 0; k < services[i]->n_methods; k++)
			walk_method(w, services[i], &services[i]->methods[k]);
	bad = w->extra;
	for (size_t i = 0; i < rows->n; i++) {
		if (!rows->seen[i]) {
			print_message("# in the table and not in csi.proto: %s\n", rows->v[i]);
			bad++;
		}
	}
	free(w);
	return bad;
}

static void every_row_matches(void **state)
{
	struct rows *rows = rows_load();

	(void)state;
	assert_true(rows->n > 300);
	assert_int_equal(compare(rows), 0);
	rows_free(rows);
}

/* The comparison itself can fail: a changed number, a missing row, a row too many. */
static void planted_differences_are_seen(void **state)
{
	struct rows *rows = rows_load();
	char **number = NULL;

	(void)state;
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->v[i], "field\tVolume\tvolume_id\t2\tstring\tone") == 0)
			number = &rows->v[i];
	assert_non_null(number);
	free(*number);
	*number = xstrdup("field\tVolume\tvolume_id\t3\tstring\tone");
	rows_add(rows, "field\tVolume\tcolour\t9\tstring\tone");
	free(rows->v[0]);
	memmove(&rows->v[0], &rows->v[1], (rows->n - 1) * sizeof(rows->v[0]));
	rows->n--;
	assert_int_equal(compare(rows), 4);
	rows_free(rows);
}

/* Reflection's copy: a FileDescriptorSet begins with field 1 and names our file. */
static void descriptor_set_is_embedded(void **state)
{
	(void)state;
	assert_true(csi_descriptor_set_len > 1000);
	assert_int_equal(csi_descriptor_set[0], 0x0a);
	assert_non_null(memmem(csi_descriptor_set, csi_descriptor_set_len, "csi/csi.proto", 13));
	assert_non_null(memmem(csi_descriptor_set, csi_descriptor_set_len,
			       "google/protobuf/wrappers.proto", 30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_matches),
		cmocka_unit_test(planted_differences_are_seen),
		cmocka_unit_test(descriptor_set_is_embedded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
