#include "tests/lib/fake_block.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define PAUSES 64

static struct op_sleep pauses[PAUSES];
static size_t next_pause;

static struct fake_block *fake_of(struct block *b)
{
	return (struct fake_block *)(void *)b;
}

void fake_block_init(struct fake_block *f, struct reactor *r)
{
	memset(f, 0, sizeof(*f));
	f->reactor = r;
}

void fake_block_fini(struct fake_block *f)
{
	(void)f;
	for (size_t i = 0; i < PAUSES; i++)
		op_fini(&pauses[i].op);
	memset(pauses, 0, sizeof(pauses));
	next_pause = 0;
}

static void keep(char *to, size_t n, const char *s)
{
	snprintf(to, n, "%s", s ? s : "");
}

static enum op_verdict end(struct fake_block *f, struct op *op, enum fake_block_act act)
{
	op_shield(op, false);
	if (f->fail[act])
		return op_fail(op, f->fail[act], "the fake was told to fail");
	return OP_DONE;
}

static enum op_verdict pause_then(struct fake_block *f, struct op *op, op_step *next)
{
	struct op_sleep *s = &pauses[next_pause++ % PAUSES];

	op_shield(op, f->stubborn);
	op_sleep_init(s, f->reactor, f->delay_ms);
	return op_await(op, &s->op, next);
}

static const struct op_class fake_class = { .name = "fake act" };

static struct fake_block *begin(struct block_act *a, enum fake_block_act act)
{
	struct fake_block *f = fake_of(a->block);

	f->count[act]++;
	keep(f->volume_id, sizeof(f->volume_id), a->volume_id);
	return f;
}

/* Each act: <name>_begin keeps the inputs and sleeps, <name>_end ends it. */
#define ACT(name, type, which) \
	static enum op_verdict name##_end(struct op *op) \
	{ \
		struct type *x = container_of(op, struct type, act.op); \
		name##_result(fake_of(x->act.block), x); \
		return end(fake_of(x->act.block), op, which); \
	} \
	static enum op_verdict name##_begin(struct op *op) \
	{ \
		struct type *x = container_of(op, struct type, act.op); \
		struct fake_block *f = begin(&x->act, which); \
		name##_input(f, x); \
		return pause_then(f, op, name##_end); \
	} \
	void block_##name##_init(struct type *x, struct block *b) \
	{ \
		memset(x, 0, sizeof(*x)); \
		op_init(&x->act.op, &fake_class, fake_of(b)->reactor, name##_begin); \
		x->act.block = b; \
	}
#define NO_RESULT(name, type) \
	static void name##_result(struct fake_block *f, struct type *x) { (void)f; (void)x; }

static void stage_input(struct fake_block *f, struct block_stage *s)
{
	assert(s->dev && s->dev->bytes);
	keep(f->hint, sizeof(f->hint), s->hint);
	keep(f->fs_type, sizeof(f->fs_type), s->fs_type);
	keep(f->options, sizeof(f->options), s->options);
	keep(f->target, sizeof(f->target), s->target);
	keep(f->mkfs_block_size, sizeof(f->mkfs_block_size), s->mkfs.block_size);
	f->options_null = !s->options;
	f->mkfs = s->mkfs;
	f->grow = s->grow;
}
NO_RESULT(stage, block_stage)
ACT(stage, block_stage, FAKE_STAGE)

static void unstage_input(struct fake_block *f, struct block_unmount *u)
{
	keep(f->target, sizeof(f->target), u->target);
	f->keep_unmounted = u->keep_unmounted;
}
NO_RESULT(unstage, block_unmount)
ACT(unstage, block_unmount, FAKE_UNSTAGE)

static void unpublish_input(struct fake_block *f, struct block_unmount *u)
{
	unstage_input(f, u);
}
NO_RESULT(unpublish, block_unmount)
ACT(unpublish, block_unmount, FAKE_UNPUBLISH)

static void publish_fs_input(struct fake_block *f, struct block_publish_fs *p)
{
	keep(f->hint, sizeof(f->hint), p->hint);
	keep(f->fs_type, sizeof(f->fs_type), p->fs_type);
	keep(f->options, sizeof(f->options), p->options);
	keep(f->staging, sizeof(f->staging), p->staging);
	keep(f->target, sizeof(f->target), p->target);
	f->options_null = !p->options;
	f->hint_null = !p->hint;
	f->ro = p->ro;
}
NO_RESULT(publish_fs, block_publish_fs)
ACT(publish_fs, block_publish_fs, FAKE_PUBLISH_FS)

static void publish_device_input(struct fake_block *f, struct block_publish_device *p)
{
	assert(p->dev && p->dev->bytes);
	keep(f->hint, sizeof(f->hint), p->hint);
	keep(f->target, sizeof(f->target), p->target);
	f->ro = p->ro;
}
NO_RESULT(publish_device, block_publish_device)
ACT(publish_device, block_publish_device, FAKE_PUBLISH_DEVICE)

static void stats_input(struct fake_block *f, struct block_stats *s)
{
	keep(f->target, sizeof(f->target), s->path);
}

static void stats_result(struct fake_block *f, struct block_stats *s)
{
	s->is_device = f->stats.is_device;
	s->bytes_total = f->stats.bytes_total;
	s->bytes_used = f->stats.bytes_used;
	s->bytes_available = f->stats.bytes_available;
	s->inodes_total = f->stats.inodes_total;
	s->inodes_used = f->stats.inodes_used;
	s->inodes_available = f->stats.inodes_available;
}
ACT(stats, block_stats, FAKE_STATS)

static enum op_verdict find_end(struct op *op)
{
	struct block_find *x = container_of(op, struct block_find, op);

	x->dev.bytes = 1 << 30;
	return end(fake_of(x->block), op, FAKE_FIND);
}

static enum op_verdict find_begin(struct op *op)
{
	struct block_find *x = container_of(op, struct block_find, op);
	struct fake_block *f = fake_of(x->block);

	f->count[FAKE_FIND]++;
	keep(f->volume_id, sizeof(f->volume_id), x->volume_id);
	f->partition = x->partition;
	return pause_then(f, op, find_end);
}

void block_find_init(struct block_find *x, struct block *b)
{
	memset(x, 0, sizeof(*x));
	op_init(&x->op, &fake_class, fake_of(b)->reactor, find_begin);
	x->block = b;
}
