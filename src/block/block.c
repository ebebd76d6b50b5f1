#include "block/block.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "block/internal.h"

static void set_defaults(struct block_options *o)
{
	if (o->find_ms <= 0)
		o->find_ms = 30000;
	if (o->rescan_ms <= 0)
		o->rescan_ms = 2000;
	if (o->max_children == 0)
		o->max_children = 128;
	if (o->max_writers == 0)
		o->max_writers = 4;
}

struct block *block_new(struct reactor *r, struct block_helper *helper,
			const struct block_options *opt)
{
	struct block *b = xcalloc(1, sizeof(*b));

	b->reactor = r;
	if (opt)
		b->opt = *opt;
	set_defaults(&b->opt);
	b->sysfs = xstrdup(cstr_or(b->opt.sysfs, "/sys"));
	b->dev = xstrdup(cstr_or(b->opt.dev, "/dev"));
	list_init(&b->waiting);
	list_init(&b->running);
	list_init(&b->hung);
	link_init(&b->link, b, helper);
	index_init(b);
	return b;
}

void block_free(struct block *b)
{
	if (!b)
		return;
	assert(list_empty(&b->waiting) && list_empty(&b->running));
	acts_on_death(b, "is being stopped");	/* forgets the hung ones */
	index_fini(b);
	link_fini(&b->link);
	free(b->sysfs);
	free(b->dev);
	free(b);
}

static void dump_acts(const struct list *acts, const char *title, struct buf *out)
{
	list_for_each(l, acts) {
		const struct block_act *a = list_entry(l, struct block_act, link);

		buf_printf(out, "%s %s ", title, a->op.cls->name);
		a->op.cls->describe(&a->op, out);
		buf_printf(out, ", for %" PRId64 " ms\n",
			   reactor_now(a->op.reactor) - a->op.started);
	}
}

void block_dump(const struct block *b, struct buf *out)
{
	struct map_iter it = { 0 };
	const char *key;
	void *disk;

	buf_printf(out, "helper %s, pid %d; acts: %u running, %u of them writing\n",
		   link_up(&b->link) ? "up" : b->link.lost ? "lost" : "restarting",
		   link_up(&b->link) ? b->link.helper->pid : 0, b->n_running, b->n_writing);
	dump_acts(&b->running, "running", out);
	dump_acts(&b->waiting, "waiting", out);
	list_for_each(l, &b->hung) {
		const struct hung *h = list_entry(l, struct hung, link);

		buf_printf(out, "hung for %" PRId64 " s: %s\n",
			   (reactor_now(b->reactor) - h->since) / 1000, h->text);
	}
	while (map_next(&b->index.disks, &it, &key, &disk))
		buf_printf(out, "disk %s is %s\n", (const char *)disk, key);
}
