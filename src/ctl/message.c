#include "ctl/message.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"

ProtobufCMessage *message_new(struct arena *a, const ProtobufCMessageDescriptor *d)
{
	ProtobufCMessage *m = arena_alloc(a, d->sizeof_message);

	d->message_init(m);
	return m;
}

static void *at(const ProtobufCMessage *m, unsigned int offset)
{
	return (char *)m + offset;
}

/* A map is a repeated message of the two fields key and value. */
static bool is_map(const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;

	return f->label == PROTOBUF_C_LABEL_REPEATED && f->type == PROTOBUF_C_TYPE_MESSAGE &&
	       str_ends(str_c(d->short_name), "Entry") && d->n_fields == 2 &&
	       !strcmp(d->fields[0].name, "key") && !strcmp(d->fields[1].name, "value");
}

/* ---- texts into messages ---- */

/* One more element of a repeated field of pointers. */
static void append(struct arena *a, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
		   void *element)
{
	size_t *n = at(m, f->quantifier_offset);
	void ***array = at(m, f->offset);
	void **grown = arena_array(a, *n + 1, sizeof(void *));

	if (*n)
		memcpy(grown, *array, *n * sizeof(void *));
	grown[(*n)++] = element;
	*array = grown;
}

/* The message in a field, made if it is not there; the first of a repeated one. */
static ProtobufCMessage *enter(struct arena *a, ProtobufCMessage *m,
			       const ProtobufCFieldDescriptor *f)
{
	ProtobufCMessage **child = at(m, f->offset);

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		if (*(size_t *)at(m, f->quantifier_offset) == 0)
			append(a, m, f, message_new(a, f->descriptor));
		return (*(ProtobufCMessage ***)at(m, f->offset))[0];
	}
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		uint32_t *which = at(m, f->quantifier_offset);

		if (*which != f->id)
			*child = NULL;
		*which = f->id;
	}
	if (!*child)
		*child = message_new(a, f->descriptor);
	return *child;
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessage *m, struct str name)
{
	for (unsigned int i = 0; i < m->descriptor->n_fields; i++)
		if (str_eq_c(name, m->descriptor->fields[i].name))
			return &m->descriptor->fields[i];
	abort();
}

static void add_pair(struct arena *a, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
		     struct str key, const char *value)
{
	ProtobufCMessage *entry = message_new(a, f->descriptor);

	*(char **)at(entry, entry->descriptor->fields[0].offset) = arena_strn(a, key.p, key.n);
	*(char **)at(entry, entry->descriptor->fields[1].offset) = arena_str(a, value);
	append(a, m, f, entry);
}

/* "10", "10G", "10Gi", "10GiB": powers of 1024, as sizes of volumes are. */
static int parse_size(struct str s, int64_t *ret)
{
	static const char units[] = "KMGT";
	size_t digits = 0;
	uint64_t n;
	int shift = 0;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (digits < s.n) {
		const char *unit = strchr(units, s.p[digits]);
		struct str rest = str_n(s.p + digits + 1, s.n - digits - 1);

		if (!unit || !(rest.n == 0 || str_eq_c(rest, "i") || str_eq_c(rest, "iB")))
			return -1;
		shift = 10 * (int)(unit - units + 1);
	}
	if (parse_u64(str_n(s.p, digits), &n) < 0 || n > (uint64_t)INT64_MAX >> shift)
		return -1;
	*ret = (int64_t)(n << shift);
	return 0;
}

static int set_enum(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const char *text,
		    struct err *err)
{
	const ProtobufCEnumValue *v =
		protobuf_c_enum_descriptor_get_value_by_name(f->descriptor, text);

	if (!v)
		return err_set(err, GRPC_INVALID_ARGUMENT, "%s has no value \"%s\"",
			       ((const ProtobufCEnumDescriptor *)f->descriptor)->short_name, text);
	*(int *)at(m, f->offset) = v->value;
	return 0;
}

static int set_map(struct arena *a, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
		   const char *text, struct err *err)
{
	struct str value = str_c(text);
	struct str key = str_cut(&value, '=');

	if (!value.p || !key.n)
		return err_set(err, GRPC_INVALID_ARGUMENT, "\"%s\" is not of the form key=value",
			       text);
	add_pair(a, m, f, key, value.p);
	return 0;
}

static int set_field(struct arena *a, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
		     const char *text, struct err *err)
{
	if (is_map(f))
		return set_map(a, m, f, text, err);
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			append(a, m, f, arena_str(a, text));
		else
			*(char **)at(m, f->offset) = arena_str(a, text);
		return 0;
	case PROTOBUF_C_TYPE_INT64:
		if (parse_size(str_c(text), at(m, f->offset)) < 0)
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "\"%s\" is no size such as 10GiB", text);
		return 0;
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)at(m, f->offset) = 1;
		return 0;
	case PROTOBUF_C_TYPE_ENUM:
		return set_enum(m, f, text, err);
	case PROTOBUF_C_TYPE_MESSAGE:
		enter(a, m, f);
		return 0;
	default:
		abort();
	}
}

int message_set(struct arena *a, ProtobufCMessage *m, struct str path, const char *text,
		struct err *err)
{
	struct str rest = path;
	struct str head = str_cut(&rest, '[');	/* a key may have dots in it */
	struct str key = str_cut(&rest, ']');
	const ProtobufCFieldDescriptor *f = NULL;

	while (head.p) {
		if (f)
			m = enter(a, m, f);
		f = field_of(m, str_cut(&head, '.'));
	}
	if (!key.p)
		return set_field(a, m, f, text, err);
	add_pair(a, m, f, key, text);
	return 0;
}

/* ---- messages into JSON ---- */

static json_t *scalar_json(const ProtobufCFieldDescriptor *f, const void *p)
{
	const ProtobufCEnumValue *v;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return json_string(cstr_or(*(char *const *)p, ""));
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)p);
	case PROTOBUF_C_TYPE_INT32:
		return json_integer(*(const int32_t *)p);
	case PROTOBUF_C_TYPE_INT64:
		return json_integer(*(const int64_t *)p);
	case PROTOBUF_C_TYPE_ENUM:
		v = protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *)p);
		return v ? json_string(v->name) : json_integer(*(const int *)p);
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_json(*(ProtobufCMessage *const *)p);
	default:
		return json_null();
	}
}

static json_t *map_json(const ProtobufCFieldDescriptor *f, void *const *entries, size_t n)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;
	json_t *object = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(object, *(char **)at(entries[i], d->fields[0].offset),
				    scalar_json(&d->fields[1],
						at(entries[i], d->fields[1].offset)));
	return object;
}

static json_t *repeated_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	size_t n = *(size_t *)at(m, f->quantifier_offset);
	bool small = f->type == PROTOBUF_C_TYPE_ENUM || f->type == PROTOBUF_C_TYPE_INT32;
	const char *array = *(char **)at(m, f->offset);
	json_t *list;

	if (is_map(f))
		return map_json(f, (void *const *)(const void *)array, n);
	list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, scalar_json(f, array + i * (small ? 4 : 8)));
	return list;
}

static bool is_absent(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(uint32_t *)at(m, f->quantifier_offset) != f->id;
	return f->type == PROTOBUF_C_TYPE_MESSAGE && !*(void **)at(m, f->offset);
}

json_t *message_json(const ProtobufCMessage *m)
{
	json_t *object = json_object();

	for (unsigned int i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			json_object_set_new(object, f->name, repeated_json(m, f));
		else if (!is_absent(m, f))
			json_object_set_new(object, f->name, scalar_json(f, at(m, f->offset)));
	}
	return object;
}
