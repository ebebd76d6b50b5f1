#include "reactor/signals.h"

#include <uv.h>

#include "base/mem.h"

struct signals {
	void (*on_signal)(void *ctx, int sig);
	void *ctx;
	int count, open;
	uv_signal_t handles[];
};

static void on_uv_signal(uv_signal_t *h, int sig)
{
	struct signals *s = h->data;

	s->on_signal(s->ctx, sig);
}

struct signals *signals_new(struct reactor *r, const int *list, int n,
			    void (*on_signal)(void *ctx, int sig), void *ctx)
{
	struct signals *s = xcalloc(1, sizeof(*s) + (size_t)n * sizeof(s->handles[0]));

	s->on_signal = on_signal;
	s->ctx = ctx;
	s->count = s->open = n;
	for (int i = 0; i < n; i++) {
		/* Both fail only without descriptors, at start: nothing to save. */
		if (uv_signal_init(reactor_uv(r), &s->handles[i]) < 0 ||
		    uv_signal_start(&s->handles[i], on_uv_signal, list[i]) < 0)
			abort();
		s->handles[i].data = s;
		uv_unref((uv_handle_t *)&s->handles[i]);
	}
	return s;
}

static void on_closed(uv_handle_t *h)
{
	struct signals *s = h->data;

	if (--s->open == 0)
		free(s);
}

void signals_free(struct signals *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->count; i++)
		uv_close((uv_handle_t *)&s->handles[i], on_closed);
}
