#include "h2/descriptors.h"

#include <string.h>

/* Field numbers of google/protobuf/descriptor.proto. Everything named lies in
 * length-delimited fields; numbers matter for extensions only. */
enum {
	SET_FILE = 1,
	FILE_NAME = 1, FILE_PACKAGE = 2, FILE_IMPORT = 3, FILE_MESSAGE = 4,
	FILE_ENUM = 5, FILE_SERVICE = 6, FILE_EXTENSION = 7,
	MESSAGE_NAME = 1, MESSAGE_FIELD = 2, MESSAGE_NESTED = 3, MESSAGE_ENUM = 4,
	MESSAGE_EXTENSION = 6, MESSAGE_ONEOF = 8,
	ENUM_VALUE = 2, SERVICE_METHOD = 2,
	FIELD_EXTENDS = 2, FIELD_NUMBER = 3,
	ANY_NAME = 1,	/* of fields, enums, values, services, methods, oneofs */
};

#define NESTING_MAX 32	/* messages within messages */

/* ---- protobuf's wire format ---- */

struct wire {
	const uint8_t *p, *end;
};

struct wire_field {
	uint32_t number;
	uint64_t value;		/* of a varint */
	struct str bytes;	/* of a length-delimited field, else p == NULL */
};

static struct wire wire_of(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;

	return (struct wire){ p, p + s.n };
}

static int get_varint(struct wire *w, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64 && w->p < w->end; shift += 7) {
		uint8_t byte = *w->p++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = v;
			return 0;
		}
	}
	return -1;
}

static int skip(struct wire *w, uint64_t n)
{
	if (n > (uint64_t)(w->end - w->p))
		return -1;
	w->p += n;
	return 0;
}

/* 1: a field; 0: the end; -1: malformed. */
static int next_field(struct wire *w, struct wire_field *f)
{
	uint64_t key, n;

	memset(f, 0, sizeof(*f));
	if (w->p == w->end)
		return 0;
	if (get_varint(w, &key) < 0 || key >> 3 == 0 || key >> 3 > INT32_MAX)
		return -1;
	f->number = (uint32_t)(key >> 3);
	switch (key & 7) {
	case 0:
		return get_varint(w, &f->value) < 0 ? -1 : 1;
	case 1:
		return skip(w, 8) < 0 ? -1 : 1;
	case 2:
		if (get_varint(w, &n) < 0)
			return -1;
		f->bytes = str_n((const char *)w->p, (size_t)n);
		return skip(w, n) < 0 ? -1 : 1;
	case 5:
		return skip(w, 4) < 0 ? -1 : 1;
	default:
		return -1;
	}
}

/* The first length-delimited field of that number, or the empty view. */
static struct str get_bytes(struct str msg, uint32_t number)
{
	struct wire w = wire_of(msg);
	struct wire_field f;

	while (next_field(&w, &f) > 0)
		if (f.number == number && f.bytes.p)
			return f.bytes;
	return str_n("", 0);
}

/* ---- symbols ---- */

struct reading {
	struct descriptors *d;
	struct proto_file *file;
	unsigned int depth;
};

static int read_message(struct reading *rd, const char *scope, struct str msg);

/* "scope.name", recorded as defined in this file. */
static const char *define(struct reading *rd, const char *scope, struct str msg)
{
	struct str name = get_bytes(msg, ANY_NAME);
	const char *full = arena_printf(&rd->d->arena, "%s%s%.*s", scope, *scope ? "." : "",
					STR(name));

	map_put(&rd->d->symbols, full, rd->file);
	return full;
}

/* Each named thing of one kind inside msg. */
static int define_all(struct reading *rd, const char *scope, struct str msg, uint32_t number)
{
	struct wire w = wire_of(msg);
	struct wire_field f;
	int rc;

	while ((rc = next_field(&w, &f)) > 0)
		if (f.number == number && f.bytes.p)
			define(rd, scope, f.bytes);
	return rc;
}

static void add_extension(struct reading *rd, const char *scope, struct str msg)
{
	struct proto_extension *ext = arena_alloc(&rd->d->arena, sizeof(*ext));
	struct str extends = get_bytes(msg, FIELD_EXTENDS);
	struct wire w = wire_of(msg);
	struct wire_field f;

	define(rd, scope, msg);
	while (next_field(&w, &f) > 0)
		if (f.number == FIELD_NUMBER)
			ext->number = (int32_t)f.value;
	if (extends.n && extends.p[0] == '.')	/* full names are written with a dot */
		extends = str_n(extends.p + 1, extends.n - 1);
	ext->extends = arena_strn(&rd->d->arena, extends.p, extends.n);
	ext->file = rd->file;
	list_add_tail(&rd->d->extensions, &ext->link);
}

/* Values of an enum live in the scope around it. */
static int read_enum(struct reading *rd, const char *scope, struct str msg)
{
	define(rd, scope, msg);
	return define_all(rd, scope, msg, ENUM_VALUE);
}

static int read_service(struct reading *rd, const char *scope, struct str msg)
{
	return define_all(rd, define(rd, scope, msg), msg, SERVICE_METHOD);
}

static int read_member(struct reading *rd, const char *scope, const struct wire_field *f)
{
	switch (f->number) {
	case MESSAGE_NESTED:
		return read_message(rd, scope, f->bytes);
	case MESSAGE_ENUM:
		return read_enum(rd, scope, f->bytes);
	case MESSAGE_EXTENSION:
		add_extension(rd, scope, f->bytes);
		return 0;
	case MESSAGE_FIELD:
	case MESSAGE_ONEOF:
		define(rd, scope, f->bytes);
		return 0;
	default:
		return 0;
	}
}

static int read_message(struct reading *rd, const char *scope, struct str msg)
{
	const char *name = define(rd, scope, msg);
	struct wire w = wire_of(msg);
	struct wire_field f;
	int rc;

	if (++rd->depth > NESTING_MAX)
		return -1;
	while ((rc = next_field(&w, &f)) > 0)
		if (f.bytes.p && read_member(rd, name, &f) < 0)
			return -1;
	rd->depth--;
	return rc;
}

/* ---- files ---- */

static void add_import(struct reading *rd, struct str name)
{
	struct proto_file *file = rd->file;
	const char **more = arena_array(&rd->d->arena, file->n_imports + 1, sizeof(*more));

	if (file->n_imports)
		memcpy(more, file->imports, file->n_imports * sizeof(*more));
	more[file->n_imports++] = arena_strn(&rd->d->arena, name.p, name.n);
	file->imports = more;
}

static int read_definition(struct reading *rd, const char *package, const struct wire_field *f)
{
	switch (f->number) {
	case FILE_IMPORT:
		add_import(rd, f->bytes);
		return 0;
	case FILE_MESSAGE:
		return read_message(rd, package, f->bytes);
	case FILE_ENUM:
		return read_enum(rd, package, f->bytes);
	case FILE_SERVICE:
		return read_service(rd, package, f->bytes);
	case FILE_EXTENSION:
		add_extension(rd, package, f->bytes);
		return 0;
	default:
		return 0;
	}
}

static int add_file(struct descriptors *d, struct str bytes)
{
	struct str name = get_bytes(bytes, FILE_NAME), package = get_bytes(bytes, FILE_PACKAGE);
	struct reading rd = { .d = d };
	struct wire w = wire_of(bytes);
	struct wire_field f;
	const char *scope;
	int rc;

	if (map_getn(&d->files, name.p, name.n))
		return 0;
	rd.file = arena_alloc(&d->arena, sizeof(*rd.file));
	rd.file->name = arena_strn(&d->arena, name.p, name.n);
	rd.file->bytes = bytes;
	rd.file->index = d->n_files++;
	map_put(&d->files, rd.file->name, rd.file);
	scope = arena_strn(&d->arena, package.p, package.n);
	while ((rc = next_field(&w, &f)) > 0)
		if (f.bytes.p && read_definition(&rd, scope, &f) < 0)
			return -1;
	return rc;
}

int descriptors_add_set(struct descriptors *d, const void *set, size_t n, struct err *err)
{
	struct wire w = wire_of(str_n(set, n));
	struct wire_field f;
	int rc;

	while ((rc = next_field(&w, &f)) > 0)
		if (f.number == SET_FILE && f.bytes.p && add_file(d, f.bytes) < 0)
			break;
	if (rc != 0)
		return err_set(err, GRPC_INTERNAL,
			       "%zu bytes are not a valid FileDescriptorSet", n);
	return 0;
}

void descriptors_init(struct descriptors *d)
{
	memset(d, 0, sizeof(*d));
	arena_init(&d->arena);
	map_init(&d->files);
	map_init(&d->symbols);
	list_init(&d->extensions);
}

void descriptors_fini(struct descriptors *d)
{
	map_fini(&d->files);
	map_fini(&d->symbols);
	arena_fini(&d->arena);
}

const struct proto_file *descriptors_file(const struct descriptors *d, const char *name)
{
	return map_get(&d->files, name);
}

const struct proto_file *descriptors_symbol(const struct descriptors *d, const char *name)
{
	return map_get(&d->symbols, name);
}

const struct proto_file *descriptors_extension(const struct descriptors *d,
					       const char *extends, int32_t number)
{
	list_for_each(l, &d->extensions) {
		const struct proto_extension *e = list_entry(l, struct proto_extension, link);

		if (e->number == number && strcmp(e->extends, extends) == 0)
			return e->file;
	}
	return NULL;
}
