/* Runs many volume life cycles at once against a CSI controller, as the sidecars
 * would: CreateVolume, ControllerPublish, ControllerUnpublish, DeleteVolume, each
 * repeated with the same arguments while its answer says that it may still be
 * under way or the connection was lost. Prints one JSON object; exit status 1
 * when a life cycle did not come through. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/parse.h"
#include "base/str.h"
#include "csi/csi.pb-c.h"
#include "h2/client.h"
#include "reactor/op.h"

enum step { CREATE, PUBLISH, UNPUBLISH, DELETE, STEPS };

static const struct {
	const char *name, *path;
} rpcs[STEPS] = {
	[CREATE] = { "CreateVolume", "/csi.v1.Controller/CreateVolume" },
	[PUBLISH] = { "ControllerPublishVolume", "/csi.v1.Controller/ControllerPublishVolume" },
	[UNPUBLISH] = { "ControllerUnpublishVolume",
			"/csi.v1.Controller/ControllerUnpublishVolume" },
	[DELETE] = { "DeleteVolume", "/csi.v1.Controller/DeleteVolume" },
};

/* Connections are replaced when lost; the old one goes with its last call. */
struct link {
	struct grpc_client *client;
	unsigned int users;
	bool lost;
};

struct churn {
	struct reactor *reactor;
	const char *endpoint;
	const char *prefix;
	const char *zone;	/* NULL: anywhere */
	char **nodes;
	size_t n_nodes;
	uint64_t count, parallel, timeout_ms, give_up_ms;
	struct link *link;

	uint64_t begun, ended, failed, retries, reconnects;
	uint64_t codes[17];
	int64_t *took[STEPS];	/* ms, one per life cycle that passed the step */
	size_t n_took[STEPS];
	bool done;
};

struct life {
	struct op op;
	struct churn *churn;
	uint64_t number;
	enum step at;
	char name[64];
	const char *node;
	char *volume_id;
	int64_t step_began;
	unsigned int tries;
	struct link *link;
	struct grpc_call call;
	struct op_sleep pause;
};

/* ---- connection ---- */

static void link_put(struct link *l)
{
	if (--l->users > 0)
		return;
	grpc_client_free(l->client);
	free(l);
}

static struct link *link_get(struct churn *c)
{
	struct link *l = c->link;

	if (l && l->lost) {
		c->link = NULL;
		c->reconnects++;
		link_put(l);
	}
	if (!c->link) {
		struct err err = { 0 };
		struct grpc_client *client = grpc_client_new(c->reactor, c->endpoint, &err);

		err_fini(&err);
		if (!client)
			return NULL;
		c->link = xcalloc(1, sizeof(*c->link));
		c->link->client = client;
		c->link->users = 1;
	}
	c->link->users++;
	return c->link;
}

/* ---- messages ---- */

static void pack(struct buf *out, const ProtobufCMessage *m)
{
	size_t n = protobuf_c_message_get_packed_size(m);
	auto_free uint8_t *bytes = xmalloc(n);

	protobuf_c_message_pack(m, bytes);
	buf_add(out, bytes, n);
}

static void fill_create(struct life *l, Csi__V1__CreateVolumeRequest *create, struct buf *out)
{
	Csi__V1__Topology__SegmentsEntry zone = CSI__V1__TOPOLOGY__SEGMENTS_ENTRY__INIT,
					*segments[] = { &zone };
	Csi__V1__Topology term = CSI__V1__TOPOLOGY__INIT, *terms[] = { &term };
	Csi__V1__TopologyRequirement where = CSI__V1__TOPOLOGY_REQUIREMENT__INIT;

	zone.key = (char *)"topology.kubernetes.io/zone";
	zone.value = (char *)l->churn->zone;
	term.n_segments = 1;
	term.segments = segments;
	where.n_requisite = where.n_preferred = 1;
	where.requisite = where.preferred = terms;
	create->name = l->name;
	create->accessibility_requirements = l->churn->zone ? &where : NULL;
	pack(out, &create->base);
}

static void fill_request(struct life *l, struct buf *out)
{
	Csi__V1__VolumeCapability__MountVolume mount = CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
	Csi__V1__VolumeCapability__AccessMode mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
	Csi__V1__VolumeCapability cap = CSI__V1__VOLUME_CAPABILITY__INIT, *caps[] = { &cap };
	Csi__V1__CapacityRange range = CSI__V1__CAPACITY_RANGE__INIT;
	Csi__V1__CreateVolumeRequest create = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
	Csi__V1__ControllerPublishVolumeRequest publish =
		CSI__V1__CONTROLLER_PUBLISH_VOLUME_REQUEST__INIT;
	Csi__V1__ControllerUnpublishVolumeRequest unpublish =
		CSI__V1__CONTROLLER_UNPUBLISH_VOLUME_REQUEST__INIT;
	Csi__V1__DeleteVolumeRequest del = CSI__V1__DELETE_VOLUME_REQUEST__INIT;
	char *node = (char *)l->node;

	mount.fs_type = (char *)"ext4";
	mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
	cap.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	cap.mount = &mount;
	cap.access_mode = &mode;
	range.required_bytes = 1LL << 30;
	switch (l->at) {
	case CREATE:
		create.capacity_range = &range;
		create.n_volume_capabilities = 1;
		create.volume_capabilities = caps;
		fill_create(l, &create, out);
		break;
	case PUBLISH:
		publish.volume_id = l->volume_id;
		publish.node_id = node;
		publish.volume_capability = &cap;
		pack(out, &publish.base);
		break;
	case UNPUBLISH:
		unpublish.volume_id = l->volume_id;
		unpublish.node_id = node;
		pack(out, &unpublish.base);
		break;
	default:
		del.volume_id = l->volume_id;
		pack(out, &del.base);
	}
}

/* A volume's id must not change between two tries of one name. */
static int keep_volume_id(struct life *l)
{
	Csi__V1__CreateVolumeResponse *resp = csi__v1__create_volume_response__unpack(
		NULL, l->call.response.len, (const uint8_t *)l->call.response.data);

	if (resp && resp->volume)
		l->volume_id = xstrdup(resp->volume->volume_id);
	if (resp)
		csi__v1__create_volume_response__free_unpacked(resp, NULL);
	return cstr_empty(l->volume_id) ? -1 : 0;
}

/* ---- one life: try -> answered -> (pause -> try)* -> next step ---- */

static op_step life_try;

static enum op_verdict life_pause(struct life *l)
{
	struct churn *c = l->churn;
	int64_t wait = 100LL << (l->tries < 6 ? l->tries : 6);

	l->tries++;
	c->retries++;
	if (reactor_now(c->reactor) - l->step_began > (int64_t)c->give_up_ms)
		return op_fail(&l->op, GRPC_DEADLINE_EXCEEDED, "%s of %s: gave up after %u tries: %s",
			       rpcs[l->at].name, l->name, l->tries, err_msg(&l->call.op.err));
	op_sleep_init(&l->pause, c->reactor, wait);
	return op_await(&l->op, &l->pause.op, life_try);
}

static bool may_be_under_way(enum grpc_code code)
{
	return code == GRPC_ABORTED || code == GRPC_UNAVAILABLE || code == GRPC_CANCELLED ||
	       code == GRPC_DEADLINE_EXCEEDED || code == GRPC_RESOURCE_EXHAUSTED;
}

static enum op_verdict life_answered(struct op *op)
{
	struct life *l = container_of(op, struct life, op);
	struct churn *c = l->churn;
	enum grpc_code code = l->call.op.err.code;

	if (code == GRPC_UNAVAILABLE && !grpc_client_connected(l->link->client))
		l->link->lost = true;
	link_put(l->link);
	l->link = NULL;
	c->codes[code]++;
	if (may_be_under_way(code))
		return life_pause(l);
	if (code != GRPC_OK)
		return op_fail_as(op, &l->call.op, "%s of %s", rpcs[l->at].name, l->name);
	if (l->at == CREATE && keep_volume_id(l) < 0)
		return op_fail(op, GRPC_INTERNAL, "CreateVolume of %s: no volume id", l->name);
	c->took[l->at][c->n_took[l->at]++] = reactor_now(c->reactor) - l->step_began;
	l->tries = 0;
	l->step_began = reactor_now(c->reactor);
	if (++l->at == STEPS)
		return OP_DONE;
	return op_next(op, life_try);
}

static enum op_verdict life_try(struct op *op)
{
	struct life *l = container_of(op, struct life, op);
	struct churn *c = l->churn;

	l->link = link_get(c);
	if (!l->link)
		return life_pause(l);
	grpc_call_init(&l->call, l->link->client, rpcs[l->at].path);
	fill_request(l, &l->call.request);
	op_set_deadline(&l->call.op, (int64_t)c->timeout_ms);
	return op_await(op, &l->call.op, life_answered);
}

static void life_fini(struct op *op)
{
	struct life *l = container_of(op, struct life, op);

	free(l->volume_id);
	free(l);
}

static const struct op_class life_class = { .name = "life", .fini = life_fini };

static void begin_more(struct churn *c);

static void on_life_end(struct op *op)
{
	struct churn *c = container_of(op, struct life, op)->churn;

	c->ended++;
	if (err_is_set(&op->err)) {
		c->failed++;
		fprintf(stderr, "churn: %s: %s\n", grpc_code_name(op->err.code), err_msg(&op->err));
	}
	op_fini(op);
	begin_more(c);
}

static void begin_more(struct churn *c)
{
	while (c->begun < c->count && c->begun - c->ended < c->parallel) {
		struct life *l = xcalloc(1, sizeof(*l));

		l->churn = c;
		l->number = c->begun++;
		l->node = c->nodes[l->number % c->n_nodes];
		l->step_began = reactor_now(c->reactor);
		snprintf(l->name, sizeof(l->name), "%s-%" PRIu64, c->prefix, l->number);
		op_init(&l->op, &life_class, c->reactor, life_try);
		op_start(&l->op, on_life_end);
	}
	c->done = c->ended == c->count;
}

/* ---- report ---- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t quantile(const int64_t *v, size_t n, double q)
{
	return n ? v[(size_t)((double)(n - 1) * q)] : 0;
}

static void report(struct churn *c, int64_t wall_ms)
{
	printf("{\"count\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"retries\":%" PRIu64
	       ",\"reconnects\":%" PRIu64 ",\"wall_ms\":%" PRId64 ",\"codes\":{",
	       c->count, c->failed, c->retries, c->reconnects, wall_ms);
	for (size_t i = 0, shown = 0; i < ARRAY_SIZE(c->codes); i++)
		if (c->codes[i])
			printf("%s\"%s\":%" PRIu64, shown++ ? "," : "",
			       grpc_code_name((enum grpc_code)i), c->codes[i]);
	printf("},\"rpcs\":{");
	for (int s = 0; s < STEPS; s++) {
		qsort(c->took[s], c->n_took[s], sizeof(int64_t), by_value);
		printf("%s\"%s\":{\"n\":%zu,\"p50_ms\":%" PRId64 ",\"p99_ms\":%" PRId64
		       ",\"max_ms\":%" PRId64 "}", s ? "," : "", rpcs[s].name, c->n_took[s],
		       quantile(c->took[s], c->n_took[s], 0.5),
		       quantile(c->took[s], c->n_took[s], 0.99),
		       quantile(c->took[s], c->n_took[s], 1));
	}
	printf("}}\n");
}

/* ---- command line ---- */

static void usage(void)
{
	fprintf(stderr,
		"usage: churn --controller ENDPOINT --nodes ID[,ID…] [--count N] [--parallel M]\n"
		"             [--zone NAME] [--prefix NAME] [--rpc-timeout MS] [--give-up MS]\n");
	exit(2);
}

static uint64_t number(const char *text)
{
	uint64_t n;

	if (parse_u64(str_c(text), &n) < 0 || n == 0)
		usage();
	return n;
}

static void split_nodes(struct churn *c, const char *list)
{
	struct str rest = str_c(list);

	while (rest.p) {
		struct str id = str_cut(&rest, ',');

		c->nodes = xrealloc(c->nodes, (c->n_nodes + 1) * sizeof(*c->nodes));
		c->nodes[c->n_nodes++] = xstrndup(id.p, id.n);
	}
}

static void parse_options(struct churn *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "controller", required_argument, NULL, 'e' },
		{ "nodes", required_argument, NULL, 'n' },
		{ "count", required_argument, NULL, 'c' },
		{ "parallel", required_argument, NULL, 'p' },
		{ "prefix", required_argument, NULL, 'x' },
		{ "zone", required_argument, NULL, 'z' },
		{ "rpc-timeout", required_argument, NULL, 't' },
		{ "give-up", required_argument, NULL, 'g' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'e': c->endpoint = optarg; break;
		case 'n': split_nodes(c, optarg); break;
		case 'c': c->count = number(optarg); break;
		case 'p': c->parallel = number(optarg); break;
		case 'x': c->prefix = optarg; break;
		case 'z': c->zone = optarg; break;
		case 't': c->timeout_ms = number(optarg); break;
		case 'g': c->give_up_ms = number(optarg); break;
		default: usage();
		}
	}
	if (optind != argc || !c->endpoint || !c->n_nodes)
		usage();
	if (!c->parallel)
		c->parallel = c->count;
}

static void churn_fini(struct churn *c)
{
	if (c->link)
		link_put(c->link);
	for (int s = 0; s < STEPS; s++)
		free(c->took[s]);
	for (size_t i = 0; i < c->n_nodes; i++)
		free(c->nodes[i]);
	free(c->nodes);
	reactor_free(c->reactor);
}

int main(int argc, char **argv)
{
	struct churn c = { .count = 1, .prefix = "churn", .timeout_ms = 60000,
			   .give_up_ms = 600000 };
	int64_t began;
	int rc;

	parse_options(&c, argc, argv);
	c.reactor = reactor_new();
	for (int s = 0; s < STEPS; s++)
		c.took[s] = xcalloc(c.count, sizeof(int64_t));
	began = reactor_now(c.reactor);
	begin_more(&c);
	while (!c.done)
		reactor_run_until(c.reactor, &c.done, 60000);
	report(&c, reactor_now(c.reactor) - began);
	rc = c.failed ? 1 : 0;
	churn_fini(&c);
	return rc;
}
