#include "sidecar.h"

#include <string.h>

#include "check.h"
#include "cluster.h"
#include "request.h"

const char *const rpc_names[RPC_KINDS] = {
	[RPC_CREATE] = "CreateVolume",
	[RPC_PUBLISH] = "ControllerPublishVolume",
	[RPC_UNPUBLISH] = "ControllerUnpublishVolume",
	[RPC_DELETE] = "DeleteVolume",
};

static void event(struct want *w, const char *what, int code, const char *text)
{
	cluster_event(w->sidecar->cluster, w->life, what, w->node ? w->node->id : NULL, code,
		      text);
}

/* ---- workers ---- */

static void send_call(struct want *w, unsigned int i);

static void begin(struct want *w)
{
	struct sidecar *s = w->sidecar;

	s->busy++;
	w->tries++;
	w->best = (struct answer){ .code = GRPC_UNKNOWN };
	arena_fini(&w->arena);
	send_call(w, 0);
	if (cluster_chance(s->cluster, s->duplicate)) {
		s->cluster->stats.duplicates++;
		send_call(w, 1);
	}
	if (cluster_chance(s->cluster, s->impatient))
		timer_arm(&w->hang_up, cluster_draw(s->cluster, 0, s->timeout_ms / 4));
}

static void dispatch(struct sidecar *s)
{
	while (s->busy < s->workers && !list_empty(&s->waiting))
		begin(list_entry(list_pop(&s->waiting), struct want, link));
}

static void queue(struct want *w)
{
	list_add_tail(&w->sidecar->waiting, &w->link);
	dispatch(w->sidecar);
}

static void on_again(struct timer *t)
{
	queue(container_of(t, struct want, again));
}

/* ---- the end of a try ---- */

static void back_off(struct want *w)
{
	struct sidecar *s = w->sidecar;

	timer_arm(&w->again, w->backoff);
	w->backoff = w->backoff * 2 < s->retry_max_ms ? w->backoff * 2 : s->retry_max_ms;
}

static void ended(struct want *w)
{
	struct sidecar *s = w->sidecar;

	s->busy--;
	timer_disarm(&w->hang_up);
	if (w->best.code == GRPC_OK)
		w->active = false;
	if (w->tried(w, &w->best) && w->active)
		back_off(w);
	else if (w->best.code != GRPC_OK)
		w->active = false;
	dispatch(s);
}

/* An OK is worth more than what the duplicate got. */
static void keep_best(struct want *w, const struct answer *a)
{
	if (w->best.code == GRPC_OK)
		return;
	w->best.code = a->code;
	w->best.text = arena_str(&w->arena, a->text);
	w->best.reply = str_n(arena_strn(&w->arena, a->reply.p, a->reply.n), a->reply.n);
}

static void on_answer(struct call *call, const struct answer *a)
{
	struct want *w = call->user;
	struct cluster *c = w->sidecar->cluster;

	w->calls[w->calls[1] == call] = NULL;
	w->open--;
	c->stats.codes[a->code]++;
	c->stats.timeouts += a->code == GRPC_DEADLINE_EXCEEDED;
	event(w, rpc_names[w->kind], (int)a->code, a->text);
	check_answer(w, call, a);
	keep_best(w, a);
	if (w->open == 0)
		ended(w);
}

static void send_call(struct want *w, unsigned int i)
{
	struct sidecar *s = w->sidecar;
	const char *path;
	const ProtobufCMessage *req = request_make(w, &w->arena, &path);

	s->cluster->stats.rpcs[w->kind]++;
	event(w, rpc_names[w->kind], -1, NULL);
	w->open++;
	w->calls[i] = call_start(&s->cluster->ctl, path, req, s->timeout_ms, on_answer, w);
}

/* ---- hanging up ---- */

static void drop_calls(struct want *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->calls); i++)
		if (w->calls[i]) {
			call_drop(w->calls[i]);
			w->sidecar->cluster->stats.dropped++;
		}
	memset(w->calls, 0, sizeof(w->calls));
	w->open = 0;
}

static void on_hang_up(struct timer *t)
{
	struct want *w = container_of(t, struct want, hang_up);

	event(w, "hangs up", -1, NULL);
	drop_calls(w);
	if (w->best.code != GRPC_OK)
		w->best = (struct answer){ .code = GRPC_CANCELLED, .text = "hung up" };
	ended(w);
}

/* ---- for the owner ---- */

void sidecar_init(struct sidecar *s, struct cluster *c)
{
	s->cluster = c;
	list_init(&s->waiting);
}

void want_init(struct want *w, struct sidecar *s, struct life *l, enum rpc_kind kind,
	       bool (*tried)(struct want *w, const struct answer *a))
{
	w->sidecar = s;
	w->life = l;
	w->kind = kind;
	w->tried = tried;
	timer_init(&w->again, s->cluster->reactor, on_again);
	timer_init(&w->hang_up, s->cluster->reactor, on_hang_up);
}

void want_start(struct want *w, struct node *n)
{
	w->node = n;
	w->active = true;
	w->tries = 0;
	w->backoff = w->sidecar->retry_min_ms;
	queue(w);
}

void want_stop(struct want *w)
{
	w->active = false;
	list_del(&w->link);
	timer_disarm(&w->again);
	timer_disarm(&w->hang_up);
	if (w->open == 0)
		return;
	event(w, "is not wanted any more", -1, NULL);
	drop_calls(w);
	w->sidecar->busy--;
	dispatch(w->sidecar);
}

void want_hang_up(struct want *w)
{
	timer_arm(&w->hang_up, 0);
}

bool want_idle(const struct want *w)
{
	return !w->active && w->open == 0;
}

void want_fini(struct want *w)
{
	want_stop(w);
	arena_fini(&w->arena);
}
