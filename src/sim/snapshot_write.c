#include "sim/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "sim/model_impl.h"
#include "sim/snapshot_text.h"

/* ---- members ---- */

static void text(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(b, ",\"%s\":", key);
	encode_json(b, str_c(value));
}

static void number(struct buf *b, const char *key, int64_t value)
{
	buf_printf(b, ",\"%s\":%" PRId64, key, value);
}

static void hex(struct buf *b, const char *key, uint64_t value)
{
	buf_printf(b, ",\"%s\":\"%" PRIx64 "\"", key, value);
}

static void flag(struct buf *b, const char *key, bool value)
{
	if (value)
		buf_printf(b, ",\"%s\":true", key);
}

/* Times that were never reached are left out. */
static void when(struct buf *b, const char *key, int64_t at)
{
	if (at != SIM_NEVER)
		number(b, key, at);
}

static void due(struct buf *b, const struct sim_event *e)
{
	if (!e->node.pos)
		return;
	number(b, "due", e->at);
	number(b, "due_seq", (int64_t)e->seq);
}

static void tags(struct buf *b, const struct sim_tags *t)
{
	buf_adds(b, ",\"tags\":[");
	for (size_t i = 0; i < t->n; i++) {
		buf_adds(b, i ? ",[" : "[");
		encode_json(b, str_c(t->v[i].key));
		buf_addc(b, ',');
		encode_json(b, str_c(t->v[i].value));
		buf_addc(b, ']');
	}
	buf_addc(b, ']');
}

/* ---- lines ---- */

static void begin(struct buf *b, const char *kind)
{
	buf_printf(b, "{\"is\":\"%s\"", kind);
}

static void end(struct buf *b)
{
	buf_adds(b, "}\n");
}

static void write_head(const struct sim_model *m, struct buf *b)
{
	buf_printf(b, "{\"format\":\"%s\"", SIM_SNAPSHOT_FORMAT);
	number(b, "version", SIM_SNAPSHOT_VERSION);
	text(b, "region", m->region);
	text(b, "account", m->account);
	number(b, "epoch_ms", m->config.epoch_ms);
	number(b, "now", m->now);
	number(b, "seq", (int64_t)m->seq);
	number(b, "next_zone", (int64_t)(m->next_zone % m->n_zones));
	number(b, "times", (int64_t)m->times.last);
	hex(b, "rng", m->rng.state);
	hex(b, "trace", m->trace);
	buf_adds(b, ",\"zones\":[");
	for (size_t i = 0; i < m->n_zones; i++) {
		if (i)
			buf_addc(b, ',');
		encode_json(b, str_c(m->zones[i].name));
	}
	buf_addc(b, ']');
	end(b);
}

static void write_buckets(const struct sim_model *m, struct buf *b)
{
	for (int i = 0; i < SIM_BUCKET_COUNT; i++) {
		begin(b, "bucket");
		text(b, "name", sim_bucket_name((enum sim_bucket_id)i));
		buf_printf(b, ",\"level\":%.17g", m->buckets[i].level);
		number(b, "at", m->buckets[i].at);
		end(b);
	}
}

static void write_counters(const struct sim_model *m, struct buf *b)
{
	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		const struct sim_counters *n = &m->counters[a];

		begin(b, "counters");
		text(b, "action", ec2_action_name((enum ec2_action)a));
		number(b, "calls", (int64_t)n->calls);
		number(b, "throttled", (int64_t)n->throttled);
		number(b, "errors", (int64_t)n->errors);
		number(b, "dry_runs", (int64_t)n->dry_runs);
		end(b);
	}
}

static void write_hits(const struct sim_model *m, struct buf *b)
{
	for (int k = 0; k < SIM_FAULT_COUNT; k++)
		for (int a = 0; a < EC2_ACTION_COUNT; a++) {
			if (!m->fault_hits[k][a])
				continue;
			begin(b, "hits");
			text(b, "kind", sim_fault_name((enum sim_fault_kind)k));
			text(b, "action", ec2_action_name((enum ec2_action)a));
			number(b, "n", (int64_t)m->fault_hits[k][a]);
			end(b);
		}
}

static void write_instance(const struct sim_instance *i, struct buf *b)
{
	begin(b, "instance");
	text(b, "id", i->id);
	number(b, "seq", (int64_t)i->seq);
	text(b, "reservation", i->reservation_id);
	text(b, "type", i->type);
	text(b, "dns", i->dns_name);
	text(b, "zone", i->zone->name);
	text(b, "state", i->state->name);
	number(b, "enis", i->enis);
	number(b, "launched", i->launched_at);
	tags(b, &i->tags);
	end(b);
}

static void write_volume(const struct sim_volume *v, struct buf *b)
{
	begin(b, "volume");
	text(b, "id", v->id);
	number(b, "seq", (int64_t)v->seq);
	text(b, "type", v->type->name);
	text(b, "zone", v->zone->name);
	text(b, "token", v->client_token);
	text(b, "kms", v->kms_key_id);
	number(b, "size", v->size);
	number(b, "iops", v->iops);
	number(b, "throughput", v->throughput);
	flag(b, "encrypted", v->encrypted);
	flag(b, "multi_attach", v->multi_attach);
	flag(b, "root", v->root);
	flag(b, "backed", v->backed);
	text(b, "fate", sim_fate_names[v->fate]);
	number(b, "created", v->created_at);
	number(b, "visible", v->visible_at);
	when(b, "available", v->available_at);
	when(b, "failed", v->failed_at);
	when(b, "deleting", v->deleting_at);
	when(b, "deleted", v->deleted_at);
	due(b, &v->event);
	tags(b, &v->tags);
	end(b);
}

/* ---- attachments: in the order in which they came onto their lists ---- */

static bool live(const struct sim_attachment *a)
{
	return a->detached_at == SIM_NEVER;
}

/* Past ones were moved when their forgetting was armed. */
static int by_order(const void *x, const void *y)
{
	const struct sim_attachment *a = *(struct sim_attachment *const *)x;
	const struct sim_attachment *b = *(struct sim_attachment *const *)y;
	uint64_t m = live(a) ? a->seq : a->event.seq, n = live(b) ? b->seq : b->event.seq;

	if (live(a) != live(b))
		return live(a) ? 1 : -1;
	return (m > n) - (m < n);
}

static size_t collect(const struct list *list, struct sim_attachment **ret)
{
	size_t n = 0;

	list_for_each(l, list) {
		if (ret)
			ret[n] = list_entry(l, struct sim_attachment, on_instance);
		n++;
	}
	return n;
}

static size_t collect_all(const struct sim_model *m, struct sim_attachment **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < m->instance_order.len; i++) {
		const struct sim_instance *one = m->instance_order.v[i];

		n += collect(&one->past, ret ? ret + n : NULL);
		n += collect(&one->live, ret ? ret + n : NULL);
	}
	return n;
}

static void write_attachment(const struct sim_attachment *a, struct buf *b)
{
	begin(b, "attachment");
	text(b, "volume", a->volume->id);
	text(b, "instance", a->instance->id);
	text(b, "device", a->device);
	number(b, "seq", (int64_t)a->seq);
	number(b, "card", a->card);
	flag(b, "stuck", a->stuck);
	flag(b, "force", a->force);
	flag(b, "backed", a->backed);
	number(b, "attaching", a->attaching_at);
	when(b, "attached", a->attached_at);
	when(b, "detaching", a->detaching_at);
	when(b, "busy", a->busy_at);
	when(b, "detached", a->detached_at);
	due(b, &a->event);
	end(b);
}

static void write_attachments(const struct sim_model *m, struct buf *b)
{
	size_t n = collect_all(m, NULL);
	auto_free struct sim_attachment **all = xcalloc(n ? n : 1, sizeof(*all));

	collect_all(m, all);
	qsort(all, n, sizeof(*all), by_order);
	for (size_t i = 0; i < n; i++)
		write_attachment(all[i], b);
}

/* ---- the rest ---- */

static void write_tokens(const struct sim_model *m, struct buf *b)
{
	struct map_iter it = { 0 };
	void *p;

	while (map_next(&m->tokens, &it, NULL, &p)) {
		const struct sim_token *t = p;

		begin(b, "token");
		text(b, "text", t->text);
		text(b, "volume", t->volume_id);
		hex(b, "parameters", t->parameters);
		due(b, &t->expiry);
		end(b);
	}
}

static void write_faults(const struct sim_model *m, struct buf *b)
{
	list_for_each(l, &m->rules) {
		const struct sim_rule *r = list_entry(l, struct sim_rule, link);

		begin(b, "fault");
		text(b, "kind", sim_fault_name(r->f.kind));
		if (r->f.action != SIM_ANY_ACTION)
			text(b, "action", ec2_action_name((enum ec2_action)r->f.action));
		text(b, "id", r->f.id);
		buf_printf(b, ",\"probability\":%.17g", r->f.probability);
		number(b, "skip", r->f.skip);
		number(b, "count", r->f.count);
		number(b, "from_ms", r->f.from_ms);
		number(b, "until_ms", r->f.until_ms);
		number(b, "delay_ms", r->f.delay_ms);
		number(b, "http_status", r->f.http_status);
		text(b, "code", r->f.code);
		text(b, "message", r->f.message);
		number(b, "seen", r->seen);
		number(b, "hits", r->hits);
		end(b);
	}
}

void sim_snapshot_write(const struct sim_model *m, struct buf *out)
{
	size_t start = out->len;

	write_head(m, out);
	write_buckets(m, out);
	write_counters(m, out);
	write_hits(m, out);
	for (size_t i = 0; i < m->instance_order.len; i++)
		write_instance(m->instance_order.v[i], out);
	for (size_t i = 0; i < m->volume_order.len; i++)
		if (m->volume_order.v[i])
			write_volume(m->volume_order.v[i], out);
	write_attachments(m, out);
	write_tokens(m, out);
	write_faults(m, out);
	if (!out->overflow)
		buf_printf(out, "{\"sum\":\"%" PRIx64 "\"}\n",
			   sim_snapshot_sum(out->data + start, out->len - start));
}

/* ---- the file ---- */

static int write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		s = str_n(s.p + n, s.n - (size_t)n);
	}
	return 0;
}

static int write_new(const char *path, struct str s, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int problem = 0;

	if (fd < 0)
		return err_set_errno(err, errno, "%s", path);
	if (write_all(fd, s) < 0 || fsync(fd) < 0)
		problem = errno;
	if (close(fd) < 0 && !problem)
		problem = errno;
	if (!problem)
		return 0;
	unlink(path);
	return err_set_errno(err, problem, "%s", path);
}

/* The new name survives a crash once its directory is on disk. */
static int sync_directory(const char *path, struct err *err)
{
	auto_free char *copy = xstrdup(path);
	const char *dir = dirname(copy);
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return err_set_errno(err, errno, "%s", dir);
	return 0;
}

int sim_snapshot_save(const struct sim_model *m, const char *path, struct err *err)
{
	auto_free char *fresh = xasprintf("%s.new", path);
	struct buf out;
	int rc;

	buf_init(&out, SIM_SNAPSHOT_MAX);
	sim_snapshot_write(m, &out);
	if (out.overflow)
		rc = err_set(err, GRPC_RESOURCE_EXHAUSTED, "%s: the state is over 1 GiB", path);
	else
		rc = write_new(fresh, buf_view(&out), err);
	buf_fini(&out);
	if (rc == 0 && rename(fresh, path) < 0) {
		rc = err_set_errno(err, errno, "%s", path);
		unlink(fresh);
	}
	return rc < 0 ? rc : sync_directory(path, err);
}
