#include "block/proto.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* Header: a byte that is no accident, the type. Numbers are little endian;
 * strings are a 16-bit length, the bytes, and a NUL that is not counted. */
#define PROTO_MARK 0xEB

enum field_type { FIELD_U8, FIELD_U32, FIELD_U64, FIELD_STR };

struct field {
	const char *name;
	enum field_type type;
	size_t offset, max;
};

/* THIS names the message that the table is read for. */
#define FIELD(name, type, max) { #name, type, offsetof(struct THIS, name), max },
#define U8(name) FIELD(name, FIELD_U8, 0)
#define U32(name) FIELD(name, FIELD_U32, 0)
#define U64(name) FIELD(name, FIELD_U64, 0)
#define TEXT(name, max) FIELD(name, FIELD_STR, max)

#define THIS proto_hello
static const struct field hello_fields[] = {
#define PROTO_HELLO_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_HELLO_FIELDS
};
#undef THIS

#define THIS proto_act
static const struct field act_fields[] = {
#define PROTO_ACT_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_ACT_FIELDS
};
#undef THIS

#define THIS proto_word
static const struct field word_fields[] = {
#define PROTO_WORD_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_WORD_FIELDS
};
#undef THIS

#define THIS proto_ask
static const struct field ask_fields[] = {
#define PROTO_ASK_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_ASK_FIELDS
};
#undef THIS

#define THIS proto_hung
static const struct field hung_fields[] = {
#define PROTO_HUNG_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_HUNG_FIELDS
};
#undef THIS

#define THIS proto_end
static const struct field end_fields[] = {
#define PROTO_END_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_END_FIELDS
};
#undef THIS

#define LAYOUT(name, f) { name, f, ARRAY_SIZE(f) }
static const struct layout {
	const char *name;
	const struct field *fields;
	size_t n;
} layouts[PROTO_TYPE_MAX + 1] = {
	[PROTO_HELLO] = LAYOUT("hello", hello_fields),
	[PROTO_ACT] = LAYOUT("act", act_fields),
	[PROTO_GO] = LAYOUT("go", word_fields),
	[PROTO_STOP] = LAYOUT("stop", word_fields),
	[PROTO_ASK] = LAYOUT("ask", ask_fields),
	[PROTO_END] = LAYOUT("end", end_fields),
	[PROTO_HUNG] = LAYOUT("hung", hung_fields),
	[PROTO_GONE] = LAYOUT("gone", word_fields),
};

/* ---- writing ---- */

struct writer {
	uint8_t *p;
	size_t n;
};

static void put(struct writer *w, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		w->p[w->n++] = (uint8_t)(v >> (8 * i));
}

static int put_str(struct writer *w, const struct field *f, const char *s, struct err *err)
{
	size_t n = s ? strlen(s) : 0;

	if (n > f->max)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s is %zu bytes long, the limit is %zu", f->name, n, f->max);
	put(w, n, 2);
	if (n)
		memcpy(w->p + w->n, s, n);
	w->n += n;
	w->p[w->n++] = 0;
	return 0;
}

static int put_field(struct writer *w, const struct field *f, const void *body,
		     struct err *err)
{
	const char *at = (const char *)body + f->offset;

	switch (f->type) {
	case FIELD_U8:
		put(w, *(const uint8_t *)at, 1);
		return 0;
	case FIELD_U32:
		put(w, *(const uint32_t *)(const void *)at, 4);
		return 0;
	case FIELD_U64:
		put(w, *(const uint64_t *)(const void *)at, 8);
		return 0;
	case FIELD_STR:
		return put_str(w, f, *(const char *const *)(const void *)at, err);
	}
	return -1;
}

/* The limits of all fields together stay below PROTO_MAX (a unit test sums them
 * up), so the writer needs no bound of its own. */
size_t proto_encode(const struct proto_msg *m, void *out, struct err *err)
{
	const struct layout *l = &layouts[m->type];
	struct writer w = { out, 0 };

	put(&w, PROTO_MARK, 1);
	put(&w, m->type, 1);
	for (size_t i = 0; i < l->n; i++)
		if (put_field(&w, &l->fields[i], &m->hello, err) < 0)
			return 0;
	return w.n;
}

/* ---- reading ---- */

struct reader {
	const uint8_t *p;
	size_t n;	/* left */
};

static int get(struct reader *r, size_t bytes, uint64_t *ret)
{
	uint64_t v = 0;

	if (r->n < bytes)
		return -1;
	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)r->p[i] << (8 * i);
	r->p += bytes;
	r->n -= bytes;
	*ret = v;
	return 0;
}

static int get_str(struct reader *r, size_t max, const char **ret)
{
	uint64_t n;

	if (get(r, 2, &n) < 0 || n > max || r->n < n + 1)
		return -1;
	if (r->p[n] != 0 || memchr(r->p, 0, n))
		return -1;
	*ret = (const char *)r->p;
	r->p += n + 1;
	r->n -= n + 1;
	return 0;
}

static int get_field(struct reader *r, const struct field *f, void *body)
{
	char *at = (char *)body + f->offset;
	uint64_t v = 0;

	if (f->type == FIELD_STR)
		return get_str(r, f->max, (const char **)(void *)at);
	if (get(r, f->type == FIELD_U8 ? 1 : f->type == FIELD_U32 ? 4 : 8, &v) < 0)
		return -1;
	if (f->type == FIELD_U8)
		*(uint8_t *)at = (uint8_t)v;
	else if (f->type == FIELD_U32)
		*(uint32_t *)(void *)at = (uint32_t)v;
	else
		*(uint64_t *)(void *)at = v;
	return 0;
}

static bool in_range(const struct proto_msg *m)
{
	switch (m->type) {
	case PROTO_HELLO:
		return m->hello.privileged <= 1;
	case PROTO_ACT:
		return m->act.id && m->act.kind >= 1 && m->act.kind <= ACT_KIND_MAX &&
		       !(m->act.flags & ~(uint32_t)ACT_FLAGS_ALL);
	case PROTO_GO:
	case PROTO_STOP:
	case PROTO_GONE:
		return m->word.id;
	case PROTO_ASK:
		return m->ask.id && m->ask.phase >= 1 && m->ask.phase <= PHASE_MAX;
	case PROTO_HUNG:
		return m->hung.id;
	case PROTO_END:
		return m->end.id && m->end.code <= GRPC_UNAUTHENTICATED &&
		       m->end.is_device <= 1;
	}
	return false;
}

int proto_decode(const void *p, size_t n, struct proto_msg *ret, struct err *err)
{
	struct reader r = { p, n };
	struct proto_msg m = { 0 };
	const struct layout *l;
	uint64_t mark, type;

	if (get(&r, 1, &mark) < 0 || mark != PROTO_MARK || get(&r, 1, &type) < 0 ||
	    type < 1 || type > PROTO_TYPE_MAX)
		return err_set(err, GRPC_INTERNAL, "helper protocol: no message (%zu bytes)", n);
	m.type = (enum proto_type)type;
	l = &layouts[type];
	for (size_t i = 0; i < l->n; i++)
		if (get_field(&r, &l->fields[i], &m.hello) < 0)
			return err_set(err, GRPC_INTERNAL,
				       "helper protocol: %s message: bad field %s", l->name,
				       l->fields[i].name);
	if (r.n)
		return err_set(err, GRPC_INTERNAL,
			       "helper protocol: %s message: %zu bytes too many", l->name, r.n);
	if (!in_range(&m))
		return err_set(err, GRPC_INTERNAL,
			       "helper protocol: %s message: value out of range", l->name);
	*ret = m;
	return 0;
}

/* ---- datagrams ---- */

int proto_send(int fd, const void *p, size_t n)
{
	ssize_t rc;

	do {
		rc = send(fd, p, n, MSG_NOSIGNAL);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

int proto_recv(int fd, void *p)
{
	ssize_t rc;

	do {
		rc = recv(fd, p, PROTO_MAX, MSG_TRUNC);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return -errno;
	return rc > (ssize_t)PROTO_MAX ? -EMSGSIZE : (int)rc;
}

const char *proto_kind_name(enum proto_kind kind)
{
	static const char *const names[] = {
		[ACT_STAGE] = "stage", [ACT_UNMOUNT] = "unmount",
		[ACT_PUBLISH_FS] = "publish", [ACT_PUBLISH_DEVICE] = "publish of the device",
		[ACT_STATS] = "stats",
	};

	return kind >= 1 && kind <= ACT_KIND_MAX ? names[kind] : "act?";
}

const char *proto_phase_name(enum proto_phase phase)
{
	static const char *const names[] = {
		[PHASE_FSCK] = "fsck", [PHASE_MKFS] = "mkfs", [PHASE_MOUNT] = "mount",
	};

	return phase >= 1 && phase <= PHASE_MAX ? names[phase] : "phase?";
}
