/* What the files of the daemon's side share and others must not see. */
#ifndef BLOCK_INTERNAL_H
#define BLOCK_INTERNAL_H

#include "base/map.h"
#include "block/block.h"
#include "block/proto.h"
#include "reactor/watch.h"

/* ---- connection to the helper (link.c) ---- */

struct block_helper {
	int fd;
	int pid;
	char *path;	/* of the program */
};

struct packet {		/* output that the socket did not take */
	struct list link;
	size_t n;
	uint8_t data[];
};

struct link {
	struct block *block;
	struct block_helper *helper;	/* NULL: none */
	struct watch *watch;
	struct list out;
	char *path;
	int dead_pid;			/* to be waited for, 0 = none */
	int64_t started;
	struct timer again;		/* reap or restart */
	bool lost;			/* for good */
};

void link_init(struct link *l, struct block *b, struct block_helper *h);
void link_fini(struct link *l);
bool link_up(const struct link *l);
void link_send(struct link *l, const void *p, size_t n);
void link_send_word(struct link *l, enum proto_type type, uint32_t id);

/* ---- acts (act.c) ---- */

struct hung {
	struct list link;
	uint32_t id;
	int pid;
	int64_t since;		/* reactor_now() when the act began */
	char *volume_id;
	char *text;		/* "stage of volume …: hangs in …" */
};

/* One kind of act: what goes out, what comes back. */
struct act_type {
	struct op_class cls;
	enum proto_kind kind;
	int (*fill)(struct block_act *a, struct proto_act *ret);	/* -1: op.err set */
	void (*take)(struct block_act *a, const struct proto_end *end);
};

void act_init(struct block_act *a, struct block *b, const struct act_type *type);
void act_stop(struct op *op);
void act_end(struct op *op);
void act_describe(const struct op *op, struct buf *out);
#define ACT_CLASS(n) \
	{ .name = n, .stop = act_stop, .end = act_end, \
	  .describe = act_describe }

/* Messages of the helper. */
void acts_on_message(struct block *b, const struct proto_msg *m);
/* The helper is gone; why: "ended with signal 9". */
void acts_on_death(struct block *b, const char *why);
/* Sends what waits, as far as there is room. Without hope, ends it. */
void acts_pump(struct block *b);

/* ---- devices (find.c) ---- */

struct index {
	struct map disks;	/* identity -> disk name (malloc'd) */
	struct list waiters;	/* struct block_find */
	int uevent_fd;		/* -1: none */
	struct watch *watch;
};

void index_init(struct block *b);
void index_fini(struct block *b);
/* A datagram from the kernel; tests feed their own. */
void index_on_uevent(struct block *b, const char *p, size_t n);
void index_rescan(struct block *b);

struct block {
	struct reactor *reactor;
	struct block_options opt;
	char *sysfs, *dev;
	struct link link;
	struct index index;
	struct list waiting;	/* not sent yet */
	struct list running;	/* with the helper */
	struct list hung;
	uint32_t n_running, n_writing, next_id;
};

#endif
