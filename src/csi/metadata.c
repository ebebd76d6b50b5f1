#include "csi/metadata.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/str.h"
#include "ebs/ebs.h"

enum source { SOURCE_IMDS, SOURCE_ENV };
#define SOURCES_MAX 2
#define MACS_PATH "/latest/meta-data/network/interfaces/macs"

struct metadata {
	struct reactor *reactor;
	struct imds *imds;
	const char *imds_off;		/* why IMDS is not asked; NULL: it is */
	enum source sources[SOURCES_MAX];
	size_t n_sources;
	struct metadata_get *asking;
	struct list waiting;
	bool known;
	enum source from;
	struct metadata_info info;
	struct arena arena;		/* of info */
	int64_t asked_at;		/* reactor_now() of the last answer or failure */
	struct err failure;
};

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return cstr_empty(v) ? NULL : v;
}

static const char *why_no_imds(const struct imds *imds)
{
	const char *off = env("AWS_EC2_METADATA_DISABLED"), *node = env("CSI_NODE_NAME");

	if (off && strcasecmp(off, "true") == 0)
		return "AWS_EC2_METADATA_DISABLED is true";
	if (node && str_starts(str_c(node), "hyperpod-"))
		return "CSI_NODE_NAME names a HyperPod node, which has none";
	return imds ? NULL : "not available";
}

static int add_source(struct metadata *m, struct str name, struct err *err)
{
	enum source s = str_eq_c(name, "imds") ? SOURCE_IMDS : SOURCE_ENV;

	if (s == SOURCE_ENV && !str_eq_c(name, "env"))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "metadata sources: \"%.*s\" is neither imds nor env", STR(name));
	for (size_t i = 0; i < m->n_sources; i++)
		if (m->sources[i] == s)
			return 0;
	m->sources[m->n_sources++] = s;
	return 0;
}

struct metadata *metadata_new(struct reactor *r, struct imds *imds, const char *sources,
			      struct err *err)
{
	struct str rest = str_c(cstr_empty(sources) ? "imds,env" : sources);
	struct metadata *m = xcalloc(1, sizeof(*m));

	m->reactor = r;
	m->imds = imds;
	m->imds_off = why_no_imds(imds);
	list_init(&m->waiting);
	while (rest.p) {
		if (add_source(m, str_trim(str_cut(&rest, ',')), err) < 0) {
			metadata_free(m);
			return NULL;
		}
	}
	return m;
}

void metadata_free(struct metadata *m)
{
	if (!m)
		return;
	arena_fini(&m->arena);
	err_fini(&m->failure);
	free(m);
}

const struct metadata_info *metadata_info(const struct metadata *m)
{
	return &m->info;
}

/* ---- environment ---- */

/* The node's name counts where it is an instance id, as some clusters have it. */
static const char *instance_from_env(void)
{
	const char *id = env("AWS_INSTANCE_ID"), *node = env("CSI_NODE_NAME");

	if (id)
		return id;
	return node && (ebs_is_instance_id(node) || str_starts(str_c(node), "hyperpod-")) ? node :
											    NULL;
}

static int read_env(struct metadata *m, struct err *err)
{
	const char *id = instance_from_env(), *type = env("AWS_INSTANCE_TYPE");
	const char *zone = env("AWS_AVAILABILITY_ZONE");

	if (!id || !type || !zone)
		return err_set(err, GRPC_UNAVAILABLE, "not set:%s%s%s",
			       id ? "" : " AWS_INSTANCE_ID (or CSI_NODE_NAME with an instance id)",
			       type ? "" : " AWS_INSTANCE_TYPE",
			       zone ? "" : " AWS_AVAILABILITY_ZONE");
	m->info.instance_id = arena_str(&m->arena, id);
	m->info.instance_type = arena_str(&m->arena, type);
	m->info.zone = arena_str(&m->arena, zone);
	m->info.outpost_arn = arena_str(&m->arena, env("AWS_OUTPOST_ARN"));
	m->info.interfaces = 1;
	return 0;
}

/* ---- asking ---- */

static void get_end(struct op *op);
static void get_fini(struct op *op);

static const struct op_class get_class = {
	.name = "metadata",
	.end = get_end,
	.fini = get_fini,
};

static void get_end(struct op *op)
{
	struct metadata_get *g = container_of(op, struct metadata_get, op);
	struct metadata *m = g->metadata;
	struct list *it;

	list_del(&g->link);
	if (m->asking != g)
		return;
	m->asking = NULL;
	while ((it = list_pop(&m->waiting)))
		op_gate_open(&list_entry(it, struct metadata_get, link)->gate);
}

static void get_fini(struct op *op)
{
	struct metadata_get *g = container_of(op, struct metadata_get, op);

	buf_fini(&g->tried);
}

static void settled(struct metadata *m, enum source from)
{
	m->known = true;
	m->from = from;
	m->asked_at = reactor_now(m->reactor);
	err_fini(&m->failure);
}

static void take_imds(struct metadata *m, const struct imds_info *i)
{
	m->info.instance_id = arena_str(&m->arena, i->instance_id);
	m->info.instance_type = arena_str(&m->arena, i->instance_type);
	m->info.zone = arena_str(&m->arena, i->availability_zone);
	m->info.outpost_arn = arena_str(&m->arena, i->outpost_arn);
	m->info.interfaces = i->interfaces;
	m->info.volumes = i->ebs_mappings;
}

static enum op_verdict try_source(struct op *op);

static enum op_verdict next_source(struct metadata_get *g, const char *name, const char *why)
{
	buf_printf(&g->tried, "%s%s: %s", g->tried.len ? "; " : "", name, why);
	g->source++;
	return op_next(&g->op, try_source);
}

static enum op_verdict imds_answered(struct op *op)
{
	struct metadata_get *g = container_of(op, struct metadata_get, op);

	if (op_failed(&g->imds.op))
		return next_source(g, "imds", err_msg(&g->imds.op.err));
	take_imds(g->metadata, &g->imds.info);
	settled(g->metadata, SOURCE_IMDS);
	return OP_DONE;
}

static enum op_verdict none_works(struct metadata_get *g)
{
	struct metadata *m = g->metadata;

	err_set(&m->failure, GRPC_UNAVAILABLE,
		"nothing tells which instance this node is: %s", buf_cstr(&g->tried));
	m->asked_at = reactor_now(m->reactor);
	return op_fail(&g->op, GRPC_UNAVAILABLE, "%s", err_msg(&m->failure));
}

static enum op_verdict try_source(struct op *op)
{
	struct metadata_get *g = container_of(op, struct metadata_get, op);
	struct metadata *m = g->metadata;
	struct err err = {0};
	enum op_verdict v;

	if (g->source == m->n_sources)
		return none_works(g);
	if (m->sources[g->source] == SOURCE_ENV) {
		if (read_env(m, &err) == 0) {
			settled(m, SOURCE_ENV);
			return OP_DONE;
		}
		v = next_source(g, "environment", err_msg(&err));
		err_fini(&err);
		return v;
	}
	if (m->imds_off)
		return next_source(g, "imds", m->imds_off);
	imds_instance_info_init(&g->imds, m->imds);
	return op_await(op, &g->imds.op, imds_answered);
}

/* Six pairs of hexadecimal digits, : or - between, perhaps a slash at the end. */
static bool is_mac(struct str s)
{
	if (s.n && s.p[s.n - 1] == '/')
		s.n--;
	if (s.n != 17)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (i % 3 == 2 ? s.p[i] != ':' && s.p[i] != '-' :
				 !isxdigit((unsigned char)s.p[i]))
			return false;
	return true;
}

int64_t metadata_count_macs(struct str listing)
{
	int64_t n = 0;

	while (listing.p)
		n += is_mac(str_trim(str_cut(&listing, '\n')));
	return n;
}

/* What is known stays known when IMDS does not answer this time. */
static enum op_verdict refreshed(struct op *op)
{
	struct metadata_get *g = container_of(op, struct metadata_get, op);
	struct metadata *m = g->metadata;

	if (op_failed(&g->macs.op))
		log_warn(AREA_CSI, "metadata: network interfaces not counted: %s",
			 err_msg(&g->macs.op.err));
	else
		m->info.interfaces = metadata_count_macs(buf_view(&g->macs.body));
	m->asked_at = reactor_now(m->reactor);
	return OP_DONE;
}

/* known and fresh -> done; failed just now -> failed; another one asks -> wait and
 * look again; else ask. */
static enum op_verdict get_begin(struct op *op)
{
	struct metadata_get *g = container_of(op, struct metadata_get, op);
	struct metadata *m = g->metadata;
	int64_t age = reactor_now(m->reactor) - m->asked_at;

	if (m->known && (m->from == SOURCE_ENV || age < METADATA_FRESH_MS))
		return OP_DONE;
	if (err_is_set(&m->failure) && age < METADATA_FAILED_MS)
		return op_fail(op, m->failure.code, "%s", err_msg(&m->failure));
	if (m->asking) {
		op_gate_init(&g->gate, m->reactor, "metadata being asked");
		list_add_tail(&m->waiting, &g->link);
		return op_await(op, &g->gate.op, get_begin);
	}
	m->asking = g;
	if (!m->known)
		return op_next(op, try_source);
	imds_get_init(&g->macs, m->imds, MACS_PATH);
	return op_await(op, &g->macs.op, refreshed);
}

void metadata_get_init(struct metadata_get *g, struct metadata *m)
{
	op_init(&g->op, &get_class, m->reactor, get_begin);
	g->metadata = m;
	list_init(&g->link);
	buf_init(&g->tried, 2048);
}
