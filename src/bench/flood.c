/* One RPC without arguments, again and again. */
#include <string.h>

#include "bench/load.h"

static const char *const services[][2] = {
	{ "Probe", "/csi.v1.Identity/Probe" },
	{ "GetPluginInfo", "/csi.v1.Identity/GetPluginInfo" },
	{ "GetPluginCapabilities", "/csi.v1.Identity/GetPluginCapabilities" },
	{ "ControllerGetCapabilities", "/csi.v1.Controller/ControllerGetCapabilities" },
	{ "NodeGetCapabilities", "/csi.v1.Node/NodeGetCapabilities" },
	{ "NodeGetInfo", "/csi.v1.Node/NodeGetInfo" },
};

const char *flood_path(const char *rpc)
{
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (strcmp(services[i][0], rpc) == 0)
			return services[i][1];
	return NULL;
}

struct flood {
	struct arrivals arrivals;
	const char *path;
	struct list calls;	/* of struct shot, under way */
};

struct shot {
	struct want want;
	struct list link;
};

static void no_fields(struct want *w, struct buf *request)
{
	(void)w;
	(void)request;
}

static void on_end(struct op *op)
{
	struct shot *s = container_of(op, struct shot, want.op);
	struct bench *b = s->want.bench;

	op_failed(op) ? b->failed++ : b->done++;
	list_del(&s->link);
	op_fini(op);
	free(s);
	if (arrivals_ended(&((struct flood *)b->load)->arrivals))
		b->over = true;
}

static void arrive(struct bench *b, int64_t intended_us)
{
	struct flood *f = b->load;
	struct shot *s = xcalloc(1, sizeof(*s));

	want_init(&s->want, b, f->path, no_fields, NULL);
	s->want.once = true;
	s->want.intended_us = intended_us;
	list_add_tail(&f->calls, &s->link);
	op_start(&s->want.op, on_end);
}

static void begin(struct bench *b)
{
	struct flood *f = arena_alloc(&b->arena, sizeof(*f));

	f->path = flood_path(b->opt->rpc);
	list_init(&f->calls);
	b->load = f;
	arrivals_begin(&f->arrivals, b, arrive);
}

static void stop(struct bench *b)
{
	struct flood *f = b->load;

	arrivals_stop(&f->arrivals);
	list_for_each(l, &f->calls)
		op_cancel(&list_entry(l, struct shot, link)->want.op, GRPC_CANCELLED, "stopped");
}

const struct load load_flood = { .begin = begin, .stop = stop };

/* ---- nothing at all ---- */

struct idle {
	struct bench *bench;
	struct timer timer;
};

static void on_idle_over(struct timer *t)
{
	container_of(t, struct idle, timer)->bench->over = true;
}

static void idle_begin(struct bench *b)
{
	struct idle *i = arena_alloc(&b->arena, sizeof(*i));

	i->bench = b;
	b->load = i;
	timer_init(&i->timer, b->reactor, on_idle_over);
	timer_arm(&i->timer, b->opt->for_ms);
}

static void idle_stop(struct bench *b)
{
	timer_disarm(&((struct idle *)b->load)->timer);
	b->over = true;
}

const struct load load_idle = { .begin = idle_begin, .stop = idle_stop };
