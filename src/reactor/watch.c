#include "reactor/watch.h"

#include <uv.h>

#include "base/mem.h"

struct watch {
	uv_poll_t poll;
	int events;		/* WATCH_*, as last set */
	void (*on_ready)(void *ctx, int events);
	void *ctx;
};

static int to_uv(int events)
{
	return (events & WATCH_READ ? UV_READABLE : 0) |
	       (events & WATCH_WRITE ? UV_WRITABLE : 0) |
	       (events & WATCH_PRIO ? UV_PRIORITIZED : 0);
}

static int from_uv(int events)
{
	return (events & UV_READABLE ? WATCH_READ : 0) |
	       (events & UV_WRITABLE ? WATCH_WRITE : 0) |
	       (events & UV_PRIORITIZED ? WATCH_PRIO : 0);
}

/* A broken descriptor shows as ready for all: the owner's read or write then
 * tells what is wrong. libuv has stopped the handle in that case, but what came
 * before the break may have to be read first: the watch goes on. */
static void on_poll(uv_poll_t *h, int status, int events)
{
	struct watch *w = h->data;

	if (status < 0)
		watch_set(w, w->events);
	w->on_ready(w->ctx, status < 0 ? WATCH_READ | WATCH_WRITE | WATCH_PRIO
				       : from_uv(events));
}

struct watch *watch_new(struct reactor *r, int fd, int events,
			void (*on_ready)(void *ctx, int events), void *ctx)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->on_ready = on_ready;
	w->ctx = ctx;
	w->poll.data = w;
	if (uv_poll_init(reactor_uv(r), &w->poll, fd) < 0) {
		/* Not a pollable descriptor: the caller's mistake. */
		free(w);
		return NULL;
	}
	watch_set(w, events);
	return w;
}

void watch_set(struct watch *w, int events)
{
	w->events = events;
	if (events)
		uv_poll_start(&w->poll, to_uv(events), on_poll);
	else
		uv_poll_stop(&w->poll);
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void watch_close(struct watch *w)
{
	if (w)
		uv_close((uv_handle_t *)&w->poll, on_closed);
}
