#include "sim/fault_json.h"

#include <inttypes.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "sim/keys.h"

#define TIME_MAX 1e12	/* ms */
#define COUNT_MAX 1e15

struct members {
	const char *kind, *action, *id, *code, *message;
	double probability;
	int64_t skip, count, from_ms, until_ms, delay_ms, http_status;
};

#define MEMBER(name, type, min, max) \
	{ #name, KEY_##type, offsetof(struct members, name), min, max }

static const struct key keys[] = {
	MEMBER(kind, TEXT, 0, 0),
	MEMBER(action, TEXT, 0, 0),
	MEMBER(id, TEXT, 0, 0),
	MEMBER(probability, REAL, 1e-9, 1),
	MEMBER(skip, INT, 0, COUNT_MAX),
	MEMBER(count, INT, 1, COUNT_MAX),
	MEMBER(from_ms, INT, 0, TIME_MAX),
	MEMBER(until_ms, INT, 1, TIME_MAX),
	MEMBER(delay_ms, INT, 0, TIME_MAX),
	MEMBER(http_status, INT, 200, 599),
	MEMBER(code, TEXT, 0, 0),
	MEMBER(message, TEXT, 0, 0),
};

/* ---- reading ---- */

static int unknown_word(const char *where, const char *member, const char *word,
			const char *const *known, size_t n, struct err *err)
{
	const char *meant = keys_nearest(word, known, n);

	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "%s/%s: \"%s\" is not known; %s%s%s", where, member, word,
		       meant ? "did you mean \"" : "see FAULTS in ebs-csi-sim(8)",
		       meant ? meant : "", meant ? "\"?" : "");
}

static int read_kind(const char *where, const char *name, struct sim_fault *f, struct err *err)
{
	const char *known[SIM_FAULT_COUNT];
	int kind = name ? sim_fault_from_name(name) : -1;

	for (int k = 0; k < SIM_FAULT_COUNT; k++)
		known[k] = sim_fault_name((enum sim_fault_kind)k);
	if (!name)
		return err_set(err, GRPC_INVALID_ARGUMENT, "%s/kind is missing", where);
	if (kind < 0)
		return unknown_word(where, "kind", name, known, SIM_FAULT_COUNT, err);
	f->kind = (enum sim_fault_kind)kind;
	return 0;
}

static int read_action(const char *where, const char *name, struct sim_fault *f,
		       struct err *err)
{
	const char *known[EC2_ACTION_COUNT];

	f->action = name ? ec2_action_from_name(name) : SIM_ANY_ACTION;
	for (int a = 0; a < EC2_ACTION_COUNT; a++)
		known[a] = ec2_action_name((enum ec2_action)a);
	if (name && f->action < 0)
		return unknown_word(where, "action", name, known, EC2_ACTION_COUNT, err);
	return 0;
}

static int check_times(const char *where, const struct members *m, enum sim_fault_kind kind,
		       struct err *err)
{
	bool delays = kind == SIM_FAULT_SLOW || kind == SIM_FAULT_STALE ||
		      kind == SIM_FAULT_INVISIBLE;

	if (m->until_ms && m->until_ms <= m->from_ms)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s/until_ms: %" PRId64 " is not after from_ms, which is %" PRId64,
			       where, m->until_ms, m->from_ms);
	if (delays && !m->delay_ms)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s/delay_ms is missing: %s does nothing without it", where,
			       sim_fault_name(kind));
	return 0;
}

static int read_fault(const json_t *o, const char *where, int64_t now, struct sim_fault *f,
		      struct err *err)
{
	struct members m = { 0 };

	if (keys_read(o, where, keys, ARRAY_SIZE(keys), &m, err) < 0)
		return -1;
	*f = (struct sim_fault){
		.id = m.id,
		.probability = m.probability,
		.skip = m.skip,
		.count = m.count,
		.from_ms = now + m.from_ms,
		.until_ms = m.until_ms ? now + m.until_ms : 0,
		.delay_ms = m.delay_ms,
		.http_status = (int)m.http_status,
		.code = m.code,
		.message = m.message,
	};
	if (read_kind(where, m.kind, f, err) < 0 || read_action(where, m.action, f, err) < 0)
		return -1;
	return check_times(where, &m, f->kind, err);
}

int sim_fault_json_add(struct sim_model *m, int64_t now, const json_t *faults, struct err *err)
{
	bool many = json_is_array(faults);
	size_t n = many ? json_array_size(faults) : 1;
	auto_free struct sim_fault *list = xcalloc(n ? n : 1, sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		auto_free char *where = many ? xasprintf("/%zu", i) : xstrdup("");

		if (read_fault(many ? json_array_get(faults, i) : faults, where, now, &list[i],
			       err) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++)
		if (sim_model_add_fault(m, &list[i], err) < 0)
			return err_prefix(err, "/%zu", i);
	return 0;
}

/* ---- listing ---- */

struct listing {
	struct buf *out;
	int64_t now;
	size_t n;
};

static void add_text(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, ",\"%s\":", name);
	encode_json(out, str_c(value));
}

static void add_number(struct buf *out, const char *name, int64_t value)
{
	if (value > 0)
		buf_printf(out, ",\"%s\":%" PRId64, name, value);
}

static bool list_one(void *ctx, const struct sim_fault *f, int64_t seen, int64_t hits)
{
	struct listing *l = ctx;
	bool over = (f->until_ms && f->until_ms <= l->now) || (f->count && hits >= f->count);

	buf_printf(l->out, "%s\n{\"kind\":\"%s\"", l->n++ ? "," : "", sim_fault_name(f->kind));
	if (f->action != SIM_ANY_ACTION)
		add_text(l->out, "action", ec2_action_name((enum ec2_action)f->action));
	add_text(l->out, "id", f->id);
	if (f->probability > 0)
		buf_printf(l->out, ",\"probability\":%.10g", f->probability);
	add_number(l->out, "skip", f->skip);
	add_number(l->out, "count", f->count);
	add_number(l->out, "from_ms", f->from_ms - l->now);
	if (f->until_ms)
		add_number(l->out, "until_ms", f->until_ms - l->now);
	add_number(l->out, "delay_ms", f->delay_ms);
	add_number(l->out, "http_status", f->http_status);
	add_text(l->out, "code", f->code);
	add_text(l->out, "message", f->message);
	buf_printf(l->out, ",\"seen\":%" PRId64 ",\"hits\":%" PRId64 "%s}", seen, hits,
		   over ? ",\"over\":true" : "");
	return true;
}

void sim_fault_json_list(const struct sim_model *m, int64_t now, struct buf *out)
{
	struct listing l = { out, now, 0 };

	buf_adds(out, "{\"faults\":[");
	sim_model_each_fault(m, list_one, &l);
	buf_adds(out, "]}\n");
}
