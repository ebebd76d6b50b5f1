#include "csi/params.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "csi/caps.h"

enum where { CLASS = 1, MUTABLE = 2 };
enum kind { NUMBER, BOOL, STATE, TEXT, ALNUM, NOTHING };

#define TAG_PREFIX "tagSpecification"
#define TAG_DELETION_PREFIX "tagDeletion"
#define KEY_MAX 64	/* no key of the table is longer */

static const struct param {
	const char *key;
	enum kind kind;
	size_t offset;
	unsigned int where;
} table[] = {
#define PARAM(key, kind, member, where) { key, kind, offsetof(struct params, member), where },
#include "csi/params.tbl.h"
#undef PARAM
};

/* One map being read. */
struct reading {
	struct params *params;
	struct arena *arena;
	enum where where;
	const char *name;			/* of the map, for texts */
	const char *spelled[ARRAY_SIZE(table)];	/* the key as given */
	const char *value[ARRAY_SIZE(table)];
	struct err *err;
};

static const struct param *find(const char *key, enum where where)
{
	char low[KEY_MAX + 1];
	size_t n = strlen(key);

	if (n > KEY_MAX)
		return NULL;
	for (size_t i = 0; i <= n; i++)
		low[i] = (char)tolower((unsigned char)key[i]);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if ((table[i].where & where) && strcmp(table[i].key, low) == 0)
			return &table[i];
	return NULL;
}

static int unknown_key(struct reading *r, const char *key)
{
	struct buf known;

	buf_init(&known, 2048);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].where & r->where)
			buf_printf(&known, "%s, ", table[i].key);
	err_set(r->err, GRPC_INVALID_ARGUMENT,
		"%s: the key \"%.100s\" is not known; known are %s" TAG_PREFIX "*%s", r->name, key,
		buf_cstr(&known), r->where == MUTABLE ? ", " TAG_DELETION_PREFIX "*" : "");
	buf_fini(&known);
	return -1;
}

static int bad_value(struct reading *r, const char *key, const char *value, const char *allowed)
{
	return err_set(r->err, GRPC_INVALID_ARGUMENT, "%s: %s is \"%.100s\", allowed is %s",
		       r->name, key, value, allowed);
}

static int read_number(struct reading *r, const char *key, const char *value, int64_t *ret)
{
	uint64_t n;
	const char *digits = *value == '+' ? value + 1 : value;

	if (parse_u64(str_c(digits), &n) < 0 || n > INT32_MAX)
		return bad_value(r, key, value, "a whole number from 0 to 2147483647");
	*ret = (int64_t)n;
	return 0;
}

static int read_bool(struct reading *r, const char *key, const char *value, bool *ret)
{
	if (strcmp(value, "true") == 0)
		*ret = true;
	else if (strcmp(value, "false") == 0 || !*value)
		*ret = false;
	else
		return bad_value(r, key, value, "true or false");
	return 0;
}

static int read_alnum(struct reading *r, const char *key, const char *value, const char **ret)
{
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) || (unsigned char)*c >= 0x80)
			return bad_value(r, key, value, "letters and digits only");
	*ret = *value ? value : NULL;
	return 0;
}

static int read_value(struct reading *r, const struct param *p, const char *key,
		      const char *value)
{
	void *to = (char *)r->params + p->offset;
	bool on;

	switch (p->kind) {
	case NUMBER:
		return read_number(r, key, value, to);
	case BOOL:
		return read_bool(r, key, value, to);
	case STATE:
		if (read_bool(r, key, value, &on) < 0)
			return -1;
		*(enum tristate *)to = on ? YES : NO;
		return 0;
	case TEXT:
		*(const char **)to = *value ? value : NULL;
		return 0;
	case ALNUM:
		return read_alnum(r, key, value, to);
	case NOTHING:
		log_info(AREA_CSI, "parameter %s has no effect any more", key);
		return 0;
	}
	return 0;
}

/* Two spellings of one key must not leave it to chance which one counts. */
static int read_entry(struct reading *r, const char *key, const char *value)
{
	const struct param *p = find(key, r->where);
	size_t i;

	if (!p)
		return unknown_key(r, key);
	i = (size_t)(p - table);
	if (r->spelled[i] && strcmp(r->spelled[i], key) != 0 &&
	    strcmp(r->value[i], value) != 0)
		return err_set(r->err, GRPC_INVALID_ARGUMENT,
			       "%s: %s is \"%.100s\" and %s is \"%.100s\": give one of them",
			       r->name, r->spelled[i], r->value[i], key, value);
	r->spelled[i] = key;
	r->value[i] = value;
	return read_value(r, p, key, value);
}

static int by_key(const void *a, const void *b)
{
	const struct pb_entry *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* In the order of their parameters' names: the order on the wire is random, and
 * a repeated request must give the same volume. */
static void take_tags(struct params *p, struct arena *a, const struct pb_entry **tags, size_t n)
{
	const char **v = arena_array(a, p->tags.n + n + 1, sizeof(*v));

	if (p->tags.n)
		memcpy(v, p->tags.v, p->tags.n * sizeof(*v));
	if (n)
		qsort(tags, n, sizeof(*tags), by_key);
	for (size_t i = 0; i < n; i++)
		v[p->tags.n + i] = tags[i]->value;
	p->tags.v = v;
	p->tags.n += n;
}

static int read_map(struct reading *r, void *const *entries, size_t n)
{
	const struct pb_entry **tags = arena_array(r->arena, n + 1, sizeof(const struct pb_entry *));
	size_t n_tags = 0;

	for (size_t i = 0; i < n; i++) {
		const struct pb_entry *e = entries[i];

		if (str_starts(str_c(e->key), TAG_PREFIX))
			tags[n_tags++] = e;
		else if (r->where == MUTABLE && str_starts(str_c(e->key), TAG_DELETION_PREFIX))
			continue;	/* a new volume has no tag to delete */
		else if (read_entry(r, e->key, e->value) < 0)
			return -1;
	}
	take_tags(r->params, r->arena, tags, n_tags);
	return 0;
}

int params_read_class(struct params *p, struct arena *a, void *const *entries, size_t n,
		      struct err *err)
{
	struct reading r = { .params = p, .arena = a, .where = CLASS, .name = "parameters",
			     .err = err };

	return read_map(&r, entries, n);
}

/* An absolute figure and a ratio are two ways to say one thing. */
int params_read_mutable(struct params *p, struct arena *a, void *const *entries, size_t n,
			struct err *err)
{
	struct reading r = { .params = p, .arena = a, .where = MUTABLE,
			     .name = "mutable_parameters", .err = err };
	int64_t iops = p->iops, ratio = p->iops_per_gb;
	const char *type = p->type;

	p->iops = p->iops_per_gb = 0;
	p->type = NULL;
	if (read_map(&r, entries, n) < 0)
		return -1;
	if (!p->iops && !p->iops_per_gb) {
		p->iops = iops;
		p->iops_per_gb = ratio;
	}
	if (!p->type)
		p->type = p->type_alias ? p->type_alias : type;
	return 0;
}

int params_check(const struct params *p, bool multi_attach, struct err *err)
{
	if (p->iops && p->iops_per_gb)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "parameters: iops is %" PRId64 " and iopspergb is %" PRId64
			       ": give one of them", p->iops, p->iops_per_gb);
	if (multi_attach && !cstr_eq(p->type, "io2"))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "MULTI_NODE_MULTI_WRITER needs a volume of type io2, type is %s",
			       p->type ? p->type : "gp3");
	if (p->initialization_rate)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "parameters: volumeinitializationrate is %" PRId64
			       ", but an empty volume has nothing to initialize",
			       p->initialization_rate);
	if (p->format.cluster_size && !p->format.bigalloc)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "parameters: ext4clustersize is %s, which needs ext4bigalloc true",
			       p->format.cluster_size);
	return 0;
}

enum { EXT3 = 1, EXT4 = 2, XFS = 4 };

static const struct format {
	const char *key;
	enum kind kind;
	size_t offset;
	unsigned int fs;
} formats[] = {
#define FORMAT(key, kind, member, fs) { key, kind, offsetof(struct block_mkfs, member), fs },
#include "csi/format.tbl.h"
#undef FORMAT
};

static const char *format_value(const struct block_mkfs *m, const struct format *f)
{
	const void *at = (const char *)m + f->offset;

	if (f->kind == BOOL)
		return *(const bool *)at ? "true" : NULL;
	return *(const char *const *)at;
}

/* Types without an entry are not ours to judge here; the node does. */
static unsigned int fs_bits(const char *fs_type)
{
	static const struct {
		const char *name;
		unsigned int bits;
	} known[] = { { "ext3", EXT3 }, { "ext4", EXT4 }, { "xfs", XFS }, { "ntfs", 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (cstr_eq(known[i].name, fs_type))
			return known[i].bits;
	return EXT3 | EXT4 | XFS;
}

static int check_capability(const struct format *f, const char *value,
			    const Csi__V1__VolumeCapability *cap, struct err *err)
{
	if (caps_is_block(cap))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "parameters: %s is \"%s\", but a raw block volume has no file system",
			       f->key, value);
	if (!(fs_bits(cap->mount->fs_type) & f->fs))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "parameters: %s is \"%s\", but cannot be used with file system type %s",
			       f->key, value, cap->mount->fs_type);
	return 0;
}

int params_check_format(const struct params *p, Csi__V1__VolumeCapability *const *caps,
			size_t n, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const char *value = format_value(&p->format, &formats[i]);

		for (size_t k = 0; value && k < n; k++)
			if (check_capability(&formats[i], value, caps[k], err) < 0)
				return -1;
	}
	return 0;
}

static void *context_entry(struct arena *a, const ProtobufCMessageDescriptor *desc,
			   const char *key, const char *value)
{
	struct pb_entry *e = pb_new(a, desc);

	e->key = arena_str(a, key);
	e->value = arena_str(a, value);
	return e;
}

size_t params_to_context(const struct params *p, struct arena *a,
			 const ProtobufCMessageDescriptor *entry, void **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const char *value = format_value(&p->format, &formats[i]);

		if (value)
			ret[n++] = context_entry(a, entry, formats[i].key, value);
	}
	if (p->wait_initialized)
		ret[n++] = context_entry(a, entry, "blockattachuntilinitialized", "true");
	return n;
}

void params_from_context(void *const *entries, size_t n, struct block_mkfs *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const char *value = pb_map_get(entries, n, formats[i].key);
		void *to = (char *)ret + formats[i].offset;

		if (formats[i].kind == BOOL)
			*(bool *)to = cstr_eq(value, "true");
		else
			*(const char **)to = value;
	}
}
