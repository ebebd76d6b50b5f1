#include "sim/model_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- life ---- */

static void remove_tokens(struct sim_model *m)
{
	struct map_iter it = { 0 };
	void *p;

	while (map_next(&m->tokens, &it, NULL, &p)) {
		struct sim_token *t = p;

		sim_event_clear(m, &t->expiry);
		free(t->text);
		free(t);
	}
	map_fini(&m->tokens);
	map_init(&m->tokens);
}

static void free_all(struct sim_model *m)
{
	struct map_iter it = { 0 };
	void *p;

	remove_tokens(m);
	while (map_next(&m->volumes, &it, NULL, &p)) {
		struct sim_volume *v = p;

		list_for_each_safe(l, &v->live)
			free(list_entry(l, struct sim_attachment, on_volume));
		list_for_each_safe(l, &v->past)
			free(list_entry(l, struct sim_attachment, on_volume));
		sim_volume_free(v);
	}
	it = (struct map_iter){ 0 };
	while (map_next(&m->instances, &it, NULL, &p))
		sim_instance_free(p);
}

void sim_model_free(struct sim_model *m)
{
	if (!m)
		return;
	free_all(m);
	sim_model_clear_faults(m);
	map_fini(&m->volumes);
	map_fini(&m->instances);
	sim_order_fini(&m->volume_order);
	sim_order_fini(&m->instance_order);
	heap_fini(&m->events);
	sim_times_clear(m);
	for (size_t i = 0; i < m->n_zones; i++) {
		free(m->zones[i].name);
		free(m->zones[i].id);
	}
	free(m->zones);
	free(m->storage);
	free(m->curves);
	free(m->region);
	free(m->account);
	free(m);
}

/* us-east-1 -> "use1", ap-southeast-2 -> "apse2": the prefix of zone ids. */
static void short_region(const char *region, struct buf *ret)
{
	static const struct { const char *word, *abbr; } words[] = {
		{ "northeast", "ne" }, { "northwest", "nw" }, { "southeast", "se" },
		{ "southwest", "sw" }, { "north", "n" }, { "south", "s" }, { "east", "e" },
		{ "west", "w" }, { "central", "c" }, { "gov", "g" },
	};
	struct str rest = str_c(region);

	while (rest.p) {
		struct str part = str_cut(&rest, '-');
		size_t i = 0;

		while (i < ARRAY_SIZE(words) && !str_eq_c(part, words[i].word))
			i++;
		if (i < ARRAY_SIZE(words))
			part = str_c(words[i].abbr);
		buf_add(ret, part.p, part.n);
	}
}

static void add_zones(struct sim_model *m, const struct sim_config *c)
{
	struct buf prefix;

	buf_init(&prefix, 64);
	short_region(m->region, &prefix);
	m->n_zones = c->n_zones;
	m->zones = xcalloc(c->n_zones, sizeof(*m->zones));
	for (size_t i = 0; i < c->n_zones; i++) {
		m->zones[i].name = xstrdup(c->zones[i]);
		m->zones[i].id = xasprintf("%s-az%zu", buf_cstr(&prefix), i + 1);
		m->zones[i].region = m->region;
	}
	buf_fini(&prefix);
}

static void fill_buckets(struct sim_model *m, int64_t now)
{
	double scale = m->config.bucket_scale;

	for (int b = 0; b < SIM_BUCKET_COUNT; b++)
		bucket_init(&m->buckets[b], m->config.buckets[b].burst * scale,
			    m->config.buckets[b].rate * scale, now);
}

struct sim_model *sim_model_new(const struct sim_config *c, struct err *err)
{
	struct sim_model *m;

	if (sim_config_check(c, err) < 0)
		return NULL;
	m = xcalloc(1, sizeof(*m));
	m->config = *c;
	m->region = xstrdup(c->region);
	m->account = xstrdup(c->account);
	m->config.region = m->region;
	m->config.account = m->account;
	m->config.zones = NULL;		/* the caller's; see m->zones */
	m->config.curves = NULL;	/* so are these */
	if (c->curves) {
		m->curves = xmalloc(sizeof(*m->curves));
		*m->curves = *c->curves;
	}
	m->rng.state = c->seed;
	m->trace = 0xcbf29ce484222325u;
	m->storage = xcalloc(SIM_VOLUME_TYPES, sizeof(*m->storage));
	list_init(&m->rules);
	sim_events_init(m);
	add_zones(m, c);
	fill_buckets(m, 0);
	return m;
}

static void remove_volume(struct sim_model *m, struct sim_volume *v)
{
	list_for_each_safe(l, &v->live) {
		struct sim_attachment *a = list_entry(l, struct sim_attachment, on_volume);

		sim_attachment_release(m, a);
		sim_attachment_drop(m, a);
	}
	if (v->deleted_at == SIM_NEVER)
		sim_volume_gone(m, v);
	sim_volume_forget(m, v);
}

void sim_model_reset(struct sim_model *m, int64_t now)
{
	struct map_iter it = { 0 };
	void *v;

	sim_model_advance(m, now);
	while (map_next(&m->volumes, &it, NULL, &v))
		if (!((struct sim_volume *)v)->root)
			remove_volume(m, v);
	remove_tokens(m);
	sim_model_clear_faults(m);
	memset(m->counters, 0, sizeof(m->counters));
	memset(m->fault_hits, 0, sizeof(m->fault_hits));
	sim_times_clear(m);
	fill_buckets(m, m->now);
}

void sim_model_set_hooks(struct sim_model *m, const struct sim_hooks *hooks)
{
	m->hooks = *hooks;
}

const char *sim_model_region(const struct sim_model *m)
{
	return m->region;
}

const char *sim_model_account(const struct sim_model *m)
{
	return m->account;
}

int64_t sim_model_now(const struct sim_model *m)
{
	return m->now;
}

int64_t sim_model_epoch(const struct sim_model *m)
{
	return m->config.epoch_ms;
}

/* ---- trace ---- */

void sim_trace_add(struct sim_model *m, uint64_t x)
{
	m->trace = (m->trace ^ x) * 0x9e3779b97f4a7c15u;
	m->trace ^= m->trace >> 29;
}

void sim_trace_text(struct sim_model *m, const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; text && *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	sim_trace_add(m, h);
}

uint64_t sim_model_trace(const struct sim_model *m)
{
	return m->trace;
}

/* ---- answers ---- */

static int status_of(const char *code)
{
	static const struct { const char *code; int status; } odd[] = {
		{ "RequestLimitExceeded", 503 },	{ "Unavailable", 503 },
		{ "ServiceUnavailable", 503 },		{ "InternalError", 500 },
		{ "InternalFailure", 500 },		{ "DryRunOperation", 412 },
		{ "UnauthorizedOperation", 403 },	{ "AuthFailure", 401 },
		{ "InsufficientVolumeCapacity", 500 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		if (strcmp(odd[i].code, code) == 0)
			return odd[i].status;
	return 400;
}

int sim_refuse(struct sim_call *c, const char *code, const char *fmt, ...)
{
	struct arena *arena = &c->a->resp.arena;
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	c->a->code = arena_str(arena, code);
	c->a->message = arena_str(arena, text);
	c->a->http_status = status_of(code);
	free(text);
	return -1;
}

int sim_dry_run(struct sim_call *c, enum tristate dry_run)
{
	if (dry_run != YES)
		return 0;
	c->m->counters[c->req->action].dry_runs++;
	return sim_refuse(c, "DryRunOperation",
			  "Request would have succeeded, but DryRun flag is set.");
}

void sim_answer_fini(struct sim_answer *a)
{
	ec2_response_fini(&a->resp);
	memset(a, 0, sizeof(*a));
}

bool sim_answer_throttled(const struct sim_answer *a)
{
	return a->outcome == SIM_ANSWERED && cstr_eq(a->code, "RequestLimitExceeded");
}

/* ---- buckets ---- */

/* Listings without ids, filters and pages draw from a smaller bucket. */
static enum sim_bucket_id bucket_of(const struct ec2_request *req)
{
	const struct ec2_describe_volumes *v = &req->describe_volumes;
	const struct ec2_describe_instances *i = &req->describe_instances;

	switch (req->action) {
	case EC2_CREATE_VOLUME:
		return SIM_BUCKET_CREATE_VOLUME;
	case EC2_DELETE_VOLUME:
		return SIM_BUCKET_DELETE_VOLUME;
	case EC2_CREATE_TAGS:
		return SIM_BUCKET_CREATE_TAGS;
	case EC2_DELETE_TAGS:
		return SIM_BUCKET_DELETE_TAGS;
	case EC2_DESCRIBE_VOLUMES:
		return v->volume_ids.n || v->filters.n || v->max_results || v->next_token ?
			SIM_BUCKET_DESCRIBE : SIM_BUCKET_DESCRIBE_ALL;
	case EC2_DESCRIBE_INSTANCES:
		return i->instance_ids.n || i->filters.n || i->max_results || i->next_token ?
			SIM_BUCKET_DESCRIBE : SIM_BUCKET_DESCRIBE_ALL;
	case EC2_DESCRIBE_AVAILABILITY_ZONES:
		return SIM_BUCKET_DESCRIBE;
	default:
		return SIM_BUCKET_MUTATING;
	}
}

static bool admitted(struct sim_call *c)
{
	struct bucket *b = &c->m->buckets[bucket_of(c->req)];

	if (c->m->config.bucket_scale <= 0 || b->burst <= 0 || bucket_take(b, 1, c->now))
		return true;
	sim_refuse(c, "RequestLimitExceeded", "Request limit exceeded.");
	return false;
}

double sim_model_bucket_level(struct sim_model *m, enum sim_bucket_id b, int64_t now)
{
	return bucket_level(&m->buckets[b], now);
}

bool sim_model_bucket_limits(const struct sim_model *m, enum sim_bucket_id b, double *burst,
			     double *rate)
{
	*burst = m->config.buckets[b].burst * m->config.bucket_scale;
	*rate = m->config.buckets[b].rate * m->config.bucket_scale;
	return *burst > 0;
}

bool sim_bucket_serves(enum sim_bucket_id b, enum ec2_action a)
{
	const struct ec2_request req = { .action = a };

	return bucket_of(&req) == b;
}

/* ---- calls ---- */

typedef int action_fn(struct sim_call *c);

static action_fn *const actions[EC2_ACTION_COUNT] = {
	[EC2_CREATE_VOLUME] = sim_create_volume,
	[EC2_DELETE_VOLUME] = sim_delete_volume,
	[EC2_ATTACH_VOLUME] = sim_attach_volume,
	[EC2_DETACH_VOLUME] = sim_detach_volume,
	[EC2_DESCRIBE_VOLUMES] = sim_describe_volumes,
	[EC2_DESCRIBE_INSTANCES] = sim_describe_instances,
	[EC2_DESCRIBE_AVAILABILITY_ZONES] = sim_describe_zones,
	[EC2_CREATE_TAGS] = sim_create_tags,
	[EC2_DELETE_TAGS] = sim_delete_tags,
};

static char *new_request_id(struct sim_call *c)
{
	char hex[33];

	sim_rng_hex(&c->m->rng, hex, 32);
	return arena_printf(&c->a->resp.arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
			    hex + 12, hex + 16, hex + 20);
}

static void carry_out(struct sim_call *c)
{
	action_fn *act = actions[c->req->action];

	if (!admitted(c) || sim_rules_before(c))
		return;
	if (act)
		act(c);
	else
		sim_refuse(c, "InvalidAction", "The action %s is not simulated",
			   ec2_action_name(c->req->action));
	sim_rules_after(c);
}

static void count(struct sim_call *c)
{
	struct sim_counters *n = &c->m->counters[c->req->action];
	const struct sim_answer *a = c->a;

	n->calls++;
	if (sim_answer_throttled(a))
		n->throttled++;
	else if (a->outcome != SIM_ANSWERED ||
		 (a->code && strcmp(a->code, "DryRunOperation") != 0))
		n->errors++;
	sim_trace_add(c->m, (uint64_t)c->now);
	sim_trace_add(c->m, (uint64_t)c->req->action << 8 | (uint64_t)a->outcome);
	sim_trace_text(c->m, a->code);
}

void sim_model_call(struct sim_model *m, int64_t now, const struct ec2_request *req,
		    struct sim_answer *a)
{
	struct sim_call c = { .m = m, .req = req, .a = a };

	sim_model_advance(m, now);
	c.now = m->now;
	a->outcome = SIM_ANSWERED;
	a->http_status = 200;
	a->resp.action = req->action;
	a->resp.request_id = new_request_id(&c);
	a->latency_ms = sim_latency(m, req->action);
	m->times.of_call = 0;
	carry_out(&c);
	sim_times_answered(m, a->latency_ms);
	count(&c);
}

/* ---- looking at it ---- */

const struct sim_counters *sim_model_counters(const struct sim_model *m, enum ec2_action a)
{
	return &m->counters[a];
}

static struct sim_volume_info info_of(const struct sim_model *m, const struct sim_volume *v)
{
	struct sim_volume_info info = {
		.id = v->id, .status = sim_volume_status(v, m->now), .zone = v->zone->name,
		.client_token = v->client_token, .size = v->size, .root = v->root,
	};

	if (!info.status)	/* not visible to callers yet */
		info.status = "creating";
	list_for_each(l, &v->live)
		info.attachments++;
	return info;
}

void sim_model_each_volume(const struct sim_model *m,
			   bool (*fn)(void *ctx, const struct sim_volume_info *v), void *ctx)
{
	for (size_t i = 0; i < m->volume_order.len; i++) {
		struct sim_volume_info info;

		if (!m->volume_order.v[i])
			continue;
		info = info_of(m, m->volume_order.v[i]);
		if (!fn(ctx, &info))
			return;
	}
}

bool sim_model_volume(const struct sim_model *m, const char *id, struct sim_volume_info *ret)
{
	const struct sim_volume *v = map_get(&m->volumes, id);

	if (v)
		*ret = info_of(m, v);
	return v != NULL;
}

const char *sim_model_volume_tag(const struct sim_model *m, const char *id, const char *key)
{
	const struct sim_volume *v = map_get(&m->volumes, id);

	return v ? sim_tags_get(&v->tags, key) : NULL;
}
