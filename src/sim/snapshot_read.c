#include "sim/snapshot.h"

#include <stdio.h>
#include <string.h>

#include "sim/keys.h"
#include "sim/model_impl.h"
#include "sim/snapshot_text.h"

#define BIG 9e15	/* what a double tells exactly */
#define TAGS_MAX 50
#define ZONES_MAX 64

struct reader {
	const struct sim_config *c;
	struct sim_model *m;	/* once the first line is read */
};

/* ---- lines ---- */

/* Members of all kinds of lines; each uses its own. Times are SIM_NEVER unless
 * given. */
struct line {
	const char *is, *format, *sum;
	const char *region, *account, *name, *action, *kind, *id, *reservation, *type, *dns;
	const char *zone, *state, *token, *kms, *fate, *volume, *instance, *device, *text;
	const char *code, *message;
	uint64_t rng, trace, parameters;
	int64_t version, epoch_ms, now, seq, next_zone, times, at;
	int64_t calls, throttled, errors, dry_runs, n, enis, launched;
	int64_t size, iops, throughput, card;
	int64_t created, visible, available, failed, deleting, deleted;
	int64_t attaching, attached, detaching, busy, detached, due, due_seq;
	int64_t skip, count, from_ms, until_ms, delay_ms, http_status, seen, hits;
	double level, probability;
	bool encrypted, multi_attach, root, backed, stuck, force;
	const json_t *tags, *zones;
};

#define T(member) { #member, KEY_TEXT, offsetof(struct line, member), 0, 0 }
#define N(member) { #member, KEY_INT, offsetof(struct line, member), 0, BIG }
#define R(member) { #member, KEY_REAL, offsetof(struct line, member), 0, BIG }
#define F(member) { #member, KEY_BOOL, offsetof(struct line, member), 0, 0 }
#define H(member) { #member, KEY_HEX, offsetof(struct line, member), 0, 0 }
#define J(member) { #member, KEY_ANY, offsetof(struct line, member), 0, 0 }

static const struct key head_keys[] = {
	T(format), N(version), T(region), T(account), N(epoch_ms), N(now), N(seq),
	N(next_zone), N(times), H(rng), H(trace), J(zones),
};
static const struct key bucket_keys[] = { T(is), T(name), R(level), N(at) };
static const struct key counters_keys[] = {
	T(is), T(action), N(calls), N(throttled), N(errors), N(dry_runs),
};
static const struct key hits_keys[] = { T(is), T(kind), T(action), N(n) };
static const struct key instance_keys[] = {
	T(is), T(id), N(seq), T(reservation), T(type), T(dns), T(zone), T(state), N(enis),
	N(launched), J(tags),
};
static const struct key volume_keys[] = {
	T(is), T(id), N(seq), T(type), T(zone), T(token), T(kms), N(size), N(iops),
	N(throughput), F(encrypted), F(multi_attach), F(root), F(backed), T(fate), N(created),
	N(visible), N(available), N(failed), N(deleting), N(deleted), N(due), N(due_seq),
	J(tags),
};
static const struct key attachment_keys[] = {
	T(is), T(volume), T(instance), T(device), N(seq), N(card), F(stuck), F(force),
	F(backed), N(attaching), N(attached), N(detaching), N(busy), N(detached), N(due),
	N(due_seq),
};
static const struct key token_keys[] = {
	T(is), T(text), T(volume), H(parameters), N(due), N(due_seq),
};
static const struct key fault_keys[] = {
	T(is), T(kind), T(action), T(id), R(probability), N(skip), N(count), N(from_ms),
	N(until_ms), N(delay_ms), N(http_status), T(code), T(message), N(seen), N(hits),
};

static int damaged(struct err *err, const char *what)
{
	return err_set(err, GRPC_INVALID_ARGUMENT, "the state makes no sense: %s", what);
}

/* ---- what the lines refer to ---- */

static const struct sim_zone *zone_of(const struct sim_model *m, const char *name)
{
	for (size_t i = 0; i < m->n_zones; i++)
		if (cstr_eq(m->zones[i].name, name))
			return &m->zones[i];
	return NULL;
}

static int read_tags(const json_t *list, struct sim_tags *ret, struct err *err)
{
	if (json_array_size(list) > TAGS_MAX)
		return damaged(err, "too many tags");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *pair = json_array_get(list, i);
		const char *key = json_string_value(json_array_get(pair, 0));
		const char *value = json_string_value(json_array_get(pair, 1));

		if (!key || !value)
			return damaged(err, "a tag that is no [key, value]");
		sim_tags_set(ret, key, value);
	}
	return 0;
}

static bool fresh_seq(const struct sim_order *o, const struct sim_model *m, int64_t seq)
{
	return seq > 0 && (uint64_t)seq <= m->seq &&
	       (o->len == 0 || o->seq[o->len - 1] < (uint64_t)seq);
}

/* ---- kinds of lines ---- */

static int read_bucket(struct reader *r, const struct line *l, struct err *err)
{
	for (int i = 0; l->name && i < SIM_BUCKET_COUNT; i++) {
		struct bucket *b = &r->m->buckets[i];

		if (strcmp(l->name, sim_bucket_name((enum sim_bucket_id)i)) != 0)
			continue;
		b->level = l->level < b->burst ? l->level : b->burst;
		b->at = l->at;
		return l->at <= r->m->now ? 0 : damaged(err, "a bucket ahead of its time");
	}
	return damaged(err, "an unknown bucket");
}

static int read_counters(struct reader *r, const struct line *l, struct err *err)
{
	int a = l->action ? ec2_action_from_name(l->action) : -1;

	if (a < 0)
		return damaged(err, "counters of an unknown action");
	r->m->counters[a] = (struct sim_counters){
		.calls = (uint64_t)l->calls, .throttled = (uint64_t)l->throttled,
		.errors = (uint64_t)l->errors, .dry_runs = (uint64_t)l->dry_runs,
	};
	return 0;
}

static int read_hits(struct reader *r, const struct line *l, struct err *err)
{
	int a = l->action ? ec2_action_from_name(l->action) : -1;
	int k = l->kind ? sim_fault_from_name(l->kind) : -1;

	if (a < 0 || k < 0)
		return damaged(err, "hits of an unknown fault or action");
	r->m->fault_hits[k][a] = (uint64_t)l->n;
	return 0;
}

static int read_instance(struct reader *r, const struct line *l, struct err *err)
{
	const struct sim_state *state = l->state ? sim_state_by_name(l->state) : NULL;
	const struct sim_zone *zone = zone_of(r->m, l->zone);
	struct sim_instance *i;

	if (!state || !zone || !l->id || !sim_id_good(l->id, "i-") || !l->type || !l->dns ||
	    !l->reservation || strlen(l->reservation) >= SIM_ID_SIZE || l->enis < 1 ||
	    l->enis > 64 || l->launched > r->m->now ||
	    !fresh_seq(&r->m->instance_order, r->m, l->seq) || map_get(&r->m->instances, l->id))
		return damaged(err, "an instance");
	i = xcalloc(1, sizeof(*i));
	snprintf(i->id, sizeof(i->id), "%s", l->id);
	snprintf(i->reservation_id, sizeof(i->reservation_id), "%s", l->reservation);
	i->seq = (uint64_t)l->seq;
	i->type = xstrdup(l->type);
	i->dns_name = xstrdup(l->dns);
	i->zone = zone;
	i->state = state;
	i->enis = (unsigned int)l->enis;
	i->launched_at = l->launched;
	list_init(&i->live);
	list_init(&i->past);
	map_put(&r->m->instances, i->id, i);
	sim_order_add(&r->m->instance_order, i->seq, i);
	return read_tags(l->tags, &i->tags, err);
}

static int fate_of(const char *name)
{
	for (int i = 0; name && i < (int)ARRAY_SIZE(sim_fate_names); i++)
		if (strcmp(sim_fate_names[i], name) == 0)
			return i;
	return -1;
}

static void fill_volume(struct sim_volume *v, const struct line *l)
{
	v->seq = (uint64_t)l->seq;
	v->client_token = xstrdup(l->token);
	v->kms_key_id = xstrdup(l->kms);
	v->size = l->size;
	v->iops = l->iops;
	v->throughput = l->throughput;
	v->encrypted = l->encrypted;
	v->multi_attach = l->multi_attach;
	v->root = l->root;
	v->backed = l->backed;
	v->fate = (enum sim_fate)fate_of(l->fate);
	v->created_at = l->created;
	v->visible_at = l->visible;
	v->available_at = l->available;
	v->failed_at = l->failed;
	v->deleting_at = l->deleting;
	v->deleted_at = l->deleted;
}

static int read_volume(struct reader *r, const struct line *l, struct err *err)
{
	const struct sim_volume_type *type = l->type ? sim_volume_type(l->type) : NULL;
	const struct sim_zone *zone = zone_of(r->m, l->zone);
	struct sim_volume *v;

	if (!type || !zone || fate_of(l->fate) < 0 || !l->id || !sim_id_good(l->id, "vol-") ||
	    !fresh_seq(&r->m->volume_order, r->m, l->seq) || map_get(&r->m->volumes, l->id))
		return damaged(err, "a volume");
	v = xcalloc(1, sizeof(*v));
	snprintf(v->id, sizeof(v->id), "%s", l->id);
	v->type = type;
	v->zone = zone;
	list_init(&v->live);
	list_init(&v->past);
	fill_volume(v, l);
	map_put(&r->m->volumes, v->id, v);
	sim_order_add(&r->m->volume_order, v->seq, v);
	if (!v->root && v->deleted_at == SIM_NEVER) {
		r->m->n_volumes++;
		r->m->storage[sim_volume_type_index(type)] += v->size;
	}
	if (l->due != SIM_NEVER && !sim_volume_rearm(r->m, v, l->due, (uint64_t)l->due_seq))
		return damaged(err, "a volume with nothing to come");
	return read_tags(l->tags, &v->tags, err);
}

static int read_attachment(struct reader *r, const struct line *l, struct err *err)
{
	struct sim_volume *v = l->volume ? map_get(&r->m->volumes, l->volume) : NULL;
	struct sim_instance *i = l->instance ? map_get(&r->m->instances, l->instance) : NULL;
	bool live = l->detached == SIM_NEVER;
	uint64_t seq = r->m->seq;
	struct sim_attachment *a;

	if (!v || !i || !l->device || strlen(l->device) >= SIM_DEVICE_SIZE || l->card > 64 ||
	    (live && (v->deleting_at != SIM_NEVER || v->failed_at != SIM_NEVER ||
		      v->deleted_at != SIM_NEVER)))
		return damaged(err, "an attachment");
	a = sim_attachment_new(r->m, v, i, l->device);
	r->m->seq = seq;	/* it took a new number, but has its own */
	a->seq = (uint64_t)l->seq;
	a->card = l->card;
	a->stuck = l->stuck;
	a->force = l->force;
	a->backed = l->backed;
	a->attaching_at = l->attaching;
	a->attached_at = l->attached;
	a->detaching_at = l->detaching;
	a->busy_at = l->busy;
	a->detached_at = l->detached;
	if (!live)
		sim_attachment_retire(a);
	if (l->due != SIM_NEVER && !sim_attachment_rearm(r->m, a, l->due, (uint64_t)l->due_seq))
		return damaged(err, "an attachment with nothing to come");
	return 0;
}

static int read_token(struct reader *r, const struct line *l, struct err *err)
{
	if (!l->text || !l->volume || strlen(l->volume) >= SIM_ID_SIZE || l->due == SIM_NEVER ||
	    map_get(&r->m->tokens, l->text))
		return damaged(err, "a client token");
	sim_token_restore(r->m, l->text, l->volume, l->parameters, l->due,
			  (uint64_t)l->due_seq);
	return 0;
}

static int read_fault(struct reader *r, const struct line *l, struct err *err)
{
	int kind = l->kind ? sim_fault_from_name(l->kind) : -1;
	struct sim_fault f = {
		.kind = (enum sim_fault_kind)kind,
		.action = l->action ? ec2_action_from_name(l->action) : SIM_ANY_ACTION,
		.id = l->id, .probability = l->probability, .skip = l->skip, .count = l->count,
		.from_ms = l->from_ms, .until_ms = l->until_ms, .delay_ms = l->delay_ms,
		.http_status = (int)l->http_status, .code = l->code, .message = l->message,
	};
	struct sim_rule *rule;

	if (kind < 0 || (l->action && f.action < 0) || l->http_status > 599)
		return damaged(err, "a fault");
	if (sim_model_add_fault(r->m, &f, err) < 0)
		return -1;
	rule = list_entry(r->m->rules.prev, struct sim_rule, link);
	rule->seen = l->seen;
	rule->hits = l->hits;
	return 0;
}

/* ---- the first line ---- */

static int check_zones(const struct reader *r, const char *const *zones, size_t n,
		       struct err *err)
{
	bool same = r->c->n_zones == n;

	for (size_t i = 0; same && i < n; i++)
		same = cstr_eq(r->c->zones[i], zones[i]);
	if (same || !r->c->n_zones)
		return 0;
	return err_set(err, GRPC_FAILED_PRECONDITION,
		       "the state has other zones: %zu, the first one \"%s\"", n, zones[0]);
}

static int make_model(struct reader *r, const struct line *l, const char *const *zones,
		      size_t n, struct err *err)
{
	struct sim_config c = *r->c;

	c.zones = zones;
	c.n_zones = n;
	c.epoch_ms = l->epoch_ms;
	r->m = sim_model_new(&c, err);
	if (!r->m)
		return -1;
	r->m->now = l->now;
	r->m->seq = (uint64_t)l->seq;
	r->m->next_zone = (size_t)l->next_zone;
	r->m->times.first = r->m->times.last = (uint64_t)l->times;
	r->m->rng.state = l->rng;
	r->m->trace = l->trace;
	return 0;
}

static int read_head(struct reader *r, const struct line *l, struct err *err)
{
	const char *zones[ZONES_MAX];
	size_t n = json_array_size(l->zones);

	if (!l->region || !l->account || !n || n > ZONES_MAX)
		return damaged(err, "its first line");
	for (size_t i = 0; i < n; i++) {
		zones[i] = json_string_value(json_array_get(l->zones, i));
		if (!zones[i])
			return damaged(err, "a zone without a name");
	}
	if (!cstr_eq(l->region, r->c->region) || !cstr_eq(l->account, r->c->account))
		return err_set(err, GRPC_FAILED_PRECONDITION,
			       "the state is of region %s, account %s, not of %s, %s", l->region,
			       l->account, r->c->region, r->c->account);
	if (check_zones(r, zones, n, err) < 0)
		return -1;
	return make_model(r, l, zones, n, err);
}

/* ---- lines to their readers ---- */

#define KIND(name) { #name, name##_keys, ARRAY_SIZE(name##_keys), read_##name }

static const struct kind {
	const char *name;
	const struct key *keys;
	size_t n;
	int (*read)(struct reader *r, const struct line *l, struct err *err);
} head = KIND(head), kinds[] = {
	KIND(bucket), KIND(counters), KIND(hits), KIND(instance), KIND(volume),
	KIND(attachment), KIND(token), KIND(fault),
};

static int read_as(struct reader *r, const struct kind *kind, const json_t *o, struct err *err)
{
	struct line l = { .visible = 0 };

	l.available = l.failed = l.deleting = l.deleted = SIM_NEVER;
	l.attached = l.detaching = l.busy = l.detached = l.due = SIM_NEVER;
	if (keys_read(o, "", kind->keys, kind->n, &l, err) < 0)
		return -1;
	return kind->read(r, &l, err);
}

static int read_object(struct reader *r, const json_t *o, struct err *err)
{
	const char *is = json_get_str(o, "is");

	for (size_t i = 0; is && i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, is) == 0)
			return read_as(r, &kinds[i], o, err);
	return damaged(err, "a line of an unknown kind");
}

static int read_lines(struct reader *r, struct str text, struct err *err)
{
	for (unsigned int number = 1; text.n; number++) {
		json_t *o = json_parse(str_cut(&text, '\n'), err);
		int rc = !o ? -1 : number == 1 ? read_as(r, &head, o, err)
					       : read_object(r, o, err);

		json_decref(o);
		if (rc < 0)
			return err_prefix(err, "line %u", number);
	}
	return r->m ? 0 : damaged(err, "it is empty");
}

/* ---- is it one, and whole? ---- */

static int check_format(struct str text, struct err *err)
{
	json_t *o = json_parse(str_cut(&text, '\n'), NULL);
	bool ours = cstr_eq(json_get_str(o, "format"), SIM_SNAPSHOT_FORMAT);
	int64_t version = json_get_int(o, "version", 0);

	json_decref(o);
	if (!ours)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "this is no state of ebs-csi-sim; it is left alone");
	if (version != SIM_SNAPSHOT_VERSION)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "a state of version %lld; this program reads %d",
			       (long long)version, SIM_SNAPSHOT_VERSION);
	return 0;
}

/* Cuts the last line off *text. */
static int check_sum(struct str *text, struct err *err)
{
	size_t end = text->n ? text->n - 1 : 0;
	uint64_t sum;
	char last[64];

	while (end && text->p[end - 1] != '\n')
		end--;
	sum = sim_snapshot_sum(text->p, end);
	snprintf(last, sizeof(last), "{\"sum\":\"%llx\"}\n", (unsigned long long)sum);
	if (!str_eq_c(str_n(text->p + end, text->n - end), last))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the state is cut off or damaged: its checksum is not that of "
			       "its text; it is left alone");
	text->n = end;
	return 0;
}

struct sim_model *sim_snapshot_read(struct str text, const struct sim_config *c,
				    struct err *err)
{
	struct reader r = { .c = c };

	if (check_format(text, err) < 0 || check_sum(&text, err) < 0 ||
	    read_lines(&r, text, err) < 0) {
		sim_model_free(r.m);
		return NULL;
	}
	return r.m;
}

struct sim_model *sim_snapshot_load(const char *path, const struct sim_config *c,
				    struct err *err)
{
	struct sim_model *m = NULL;
	struct buf text;

	buf_init(&text, SIM_SNAPSHOT_MAX);
	if (keys_read_file(path, &text, err) == 0) {
		m = sim_snapshot_read(buf_view(&text), c, err);
		if (!m)
			err_prefix(err, "%s", path);
	}
	buf_fini(&text);
	return m;
}
