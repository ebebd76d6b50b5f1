#include "life.h"

#include <stdio.h>
#include <string.h>

#include "cluster.h"
#include "csi/csi.pb-c.h"
#include "csi/pb.h"

#define HOLD_MAX_MS 60000
#define EVICTION_MAX_MS 120000	/* from the death of a node to its pods' leaving */
#define RESCHEDULE_TRIES 4	/* of a publish that a node refuses */

static void arrive(struct place *p);
static void leave(struct place *p);

static bool all_free(const struct life *l)
{
	return l->place[0].state == PLACE_FREE && l->place[1].state == PLACE_FREE;
}

/* ---- the end ---- */

static void finish_if_done(struct life *l)
{
	struct cluster *c = l->cluster;

	if (l->state != LIFE_DELETING || !want_idle(&l->remove) || !all_free(l))
		return;
	l->state = LIFE_OVER;
	c->over = ++c->n_over == c->n_lives;
}

static void begin_delete(struct life *l)
{
	l->state = LIFE_DELETING;
	want_start(&l->remove, NULL);
}

static bool remove_tried(struct want *w, const struct answer *a)
{
	if (a->code != GRPC_OK)
		return true;
	finish_if_done(w->life);
	return false;
}

/* A final error that the user takes for an answer. */
static void resign(struct life *l)
{
	l->forgotten = true;
	l->state = LIFE_DELETING;
	cluster_event(l->cluster, l, "gives up the volume", NULL, -1, NULL);
	finish_if_done(l);
}

/* ---- the beginning ---- */

/* external-provisioner: with these the volume may be there, or come. */
static bool open_ended(enum grpc_code code)
{
	return code == GRPC_CANCELLED || code == GRPC_DEADLINE_EXCEEDED ||
	       code == GRPC_UNAVAILABLE || code == GRPC_ABORTED;
}

static void take_volume(struct life *l, const struct answer *a)
{
	struct sim_volume_info v;
	struct arena arena = {0};
	struct err err = {0};
	Csi__V1__CreateVolumeResponse *r = (Csi__V1__CreateVolumeResponse *)
		pb_unpack(&arena, &csi__v1__create_volume_response__descriptor, a->reply, &err);

	if (r && r->volume)
		snprintf(l->volume, sizeof(l->volume), "%s", r->volume->volume_id);
	if (!l->zone && sim_model_volume(l->cluster->model, l->volume, &v))
		l->zone = v.zone;
	err_fini(&err);
	arena_fini(&arena);
}

static void next_stay(struct life *l, struct place *p)
{
	if (l->stays > 0) {
		l->stays--;
		arrive(p);
	} else if (all_free(l) && l->state == LIFE_LIVING) {
		begin_delete(l);
	}
}

static bool create_tried(struct want *w, const struct answer *a)
{
	struct life *l = w->life;

	if (a->code != GRPC_OK) {
		if (open_ended(a->code) || !l->resigns)
			return true;
		want_stop(w);
		resign(l);
		return false;
	}
	take_volume(l, a);
	l->created_at = cluster_now(l->cluster);
	l->state = LIFE_LIVING;
	next_stay(l, &l->place[0]);
	if (l->multi && l->state == LIFE_LIVING)
		arrive(&l->place[1]);
	return false;
}

/* ---- places ---- */

static void arrive(struct place *p)
{
	struct life *l = p->life;
	struct cluster *c = l->cluster;
	struct place *other = &l->place[p == &l->place[0]];

	p->node = cluster_pick_node(c, l->zone, other->state == PLACE_FREE ? NULL : other->node);
	if (!p->node)
		p->node = cluster_add_node(c, l->zone);
	p->state = PLACE_COMING;
	if (!c->opt.calm && cluster_chance(c, 0.1))	/* deleted while it starts */
		timer_arm(&p->leave, cluster_draw(c, 0, 10000));
	want_start(&p->publish, p->node);
}

/* The pod goes, and comes back elsewhere unless it was the last. */
static void leave(struct place *p)
{
	struct life *l = p->life;
	struct place *other = &l->place[p == &l->place[0]];

	timer_disarm(&p->leave);
	want_stop(&p->publish);
	p->state = PLACE_LEAVING;
	want_start(&p->unpublish, p->node);
	if (l->stays > 0 && l->overlap && other->state == PLACE_FREE)
		next_stay(l, other);
	else if (l->stays == 0 && l->overtake && l->state == LIFE_LIVING &&
		 other->state != PLACE_COMING && other->state != PLACE_HELD)
		begin_delete(l);
}

static void on_leave(struct timer *t)
{
	leave(container_of(t, struct place, leave));
}

static void hold(struct place *p)
{
	struct life *l = p->life;
	struct cluster *c = l->cluster;

	p->state = PLACE_HELD;
	if (l->overtake && !l->multi && l->stays == 0 && l->state == LIFE_LIVING &&
	    cluster_chance(c, 0.3))
		begin_delete(l);	/* refused until the pod has gone */
	if (!timer_armed(&p->leave))
		timer_arm(&p->leave, c->opt.calm || c->hurry || cluster_chance(c, 0.3) ? 0 : cluster_draw(c, 0, HOLD_MAX_MS));
}

static bool publish_tried(struct want *w, const struct answer *a)
{
	struct place *p = container_of(w, struct place, publish);

	if (a->code == GRPC_OK) {
		hold(p);
		return false;
	}
	if (open_ended(a->code) && !p->node->dead)
		return true;
	if (a->code != GRPC_RESOURCE_EXHAUSTED && !p->node->dead && w->tries < RESCHEDULE_TRIES)
		return true;
	p->life->stays++;	/* this one did not take place */
	leave(p);
	return false;
}

static bool unpublish_tried(struct want *w, const struct answer *a)
{
	struct place *p = container_of(w, struct place, unpublish);
	struct life *l = p->life;

	if (a->code != GRPC_OK)
		return true;
	p->state = PLACE_FREE;
	if (l->state == LIFE_LIVING)
		next_stay(l, p);
	finish_if_done(l);
	return false;
}

/* ---- for the cluster ---- */

static void on_birth(struct timer *t)
{
	struct life *l = container_of(t, struct life, birth);

	l->state = LIFE_CREATING;
	want_start(&l->create, NULL);
}

static void draw_script(struct life *l)
{
	struct cluster *c = l->cluster;

	if (c->opt.calm || cluster_chance(c, 0.9))
		l->zone = c->config.zones[cluster_draw(c, 0, (int64_t)c->config.n_zones - 1)];
	l->size_gib = cluster_draw(c, 4, 64);
	l->multi = cluster_chance(c, 0.05);
	l->overlap = !l->multi && cluster_chance(c, 0.2);
	l->overtake = cluster_chance(c, 0.15);
	l->resigns = cluster_chance(c, 0.3);
	l->stays = cluster_chance(c, 0.1) ? 0 : (unsigned int)cluster_draw(c, 1, 2);
	if (cluster_chance(c, 0.1))
		l->stays += 2;
	if (c->opt.calm) {
		l->multi = l->overlap = l->overtake = false;
		l->stays = 1;
	}
}

static void init_place(struct place *p, struct life *l)
{
	struct cluster *c = l->cluster;

	p->life = l;
	want_init(&p->publish, &c->attacher, l, RPC_PUBLISH, publish_tried);
	want_init(&p->unpublish, &c->attacher, l, RPC_UNPUBLISH, unpublish_tried);
	timer_init(&p->leave, c->reactor, on_leave);
}

void life_init(struct life *l, struct cluster *c, size_t number)
{
	l->cluster = c;
	l->number = number;
	snprintf(l->name, sizeof(l->name), "pvc-%zu", number);
	draw_script(l);
	want_init(&l->create, &c->provisioner, l, RPC_CREATE, create_tried);
	want_init(&l->remove, &c->provisioner, l, RPC_DELETE, remove_tried);
	init_place(&l->place[0], l);
	init_place(&l->place[1], l);
	timer_init(&l->birth, c->reactor, on_birth);
	timer_arm(&l->birth, cluster_draw(c, 0, c->opt.calm ? 0 : 30000));
}

void life_fini(struct life *l)
{
	timer_disarm(&l->birth);
	want_fini(&l->create);
	want_fini(&l->remove);
	for (size_t i = 0; i < ARRAY_SIZE(l->place); i++) {
		timer_disarm(&l->place[i].leave);
		want_fini(&l->place[i].publish);
		want_fini(&l->place[i].unpublish);
	}
	story_fini(&l->story);
}

void life_node_died(struct life *l, const struct node *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->place); i++) {
		struct place *p = &l->place[i];

		if (p->node == n && (p->state == PLACE_COMING || p->state == PLACE_HELD))
			timer_arm(&p->leave, cluster_draw(l->cluster, 0, EVICTION_MAX_MS));
	}
}

bool life_wants_place(const struct life *l, const char *instance)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->place); i++)
		if (l->place[i].state != PLACE_FREE && cstr_eq(l->place[i].node->id, instance))
			return true;
	return false;
}

bool life_may_be_deleted(const struct life *l)
{
	return l->volume[0] == '\0' || l->state == LIFE_DELETING || l->state == LIFE_OVER;
}
