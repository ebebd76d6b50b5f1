#include "block/helper.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "block/block.h"

int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void child_note(struct child *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->note, HELPER_NOTE, fmt, ap);
	va_end(ap);
}

static int transmit(struct child *c, const struct proto_msg *m)
{
	static uint8_t packet[PROTO_MAX];
	size_t n = proto_encode(m, packet, &c->err);

	return n && proto_send(c->sock, packet, n) == 0 ? 0 : -1;
}

int child_ask(struct child *c, enum proto_phase phase)
{
	static uint8_t packet[PROTO_MAX];
	struct proto_msg m = { .type = PROTO_ASK, .ask = { c->act->id, phase } };
	int n;

	child_note(c, "waiting for leave to start %s", proto_phase_name(phase));
	if (transmit(c, &m) < 0)
		_exit(1);	/* the helper is gone */
	n = proto_recv(c->sock, packet);
	if (n <= 0)
		_exit(1);
	if (proto_decode(packet, (size_t)n, &m, &c->err) < 0)
		return -1;
	if (m.type == PROTO_GO && m.word.id == c->act->id)
		return 0;
	return err_set(&c->err, GRPC_CANCELLED, "%s was not started: the caller has gone",
		       proto_phase_name(phase));
}

/* A text that came from a disk or a program may be longer than a message. */
static char *clip(const char *s, size_t max)
{
	return s ? xstrndup(s, strnlen(s, max)) : NULL;
}

static void report(struct child *c)
{
	struct proto_msg m = { .type = PROTO_END, .end = c->end };

	m.end.id = c->act->id;
	m.end.code = c->err.code;
	m.end.reason = clip(c->err.reason, 63);
	m.end.text = clip(c->err.msg, 8191);
	m.end.fs_found = c->fs_found;
	m.end.child_us = (uint64_t)(now_us() - c->started_us);
	if (transmit(c, &m) < 0)
		_exit(1);
}

static int check_act(struct child *c)
{
	const struct proto_act *a = c->act;

	if (!a->volume_id[0])
		return err_set(&c->err, GRPC_INVALID_ARGUMENT, "volume id is missing");
	if (block_check_path("target path", a->target, &c->err) < 0)
		return -1;
	if (a->kind == ACT_PUBLISH_FS)
		return block_check_path("staging path", a->source, &c->err);
	return 0;
}

void child_run(struct child *c)
{
	static int (*const acts[])(struct child *) = {
		[ACT_STAGE] = act_stage,
		[ACT_UNMOUNT] = act_unmount,
		[ACT_PUBLISH_FS] = act_publish_fs,
		[ACT_PUBLISH_DEVICE] = act_publish_device,
		[ACT_STATS] = act_stats,
	};

	c->started_us = now_us();
	if (check_act(c) == 0)
		(void)acts[c->act->kind](c);
	report(c);
	_exit(0);
}
