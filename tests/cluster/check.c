#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "contract.h"
#include "csi/csi.pb-c.h"
#include "csi/pb.h"
#include "csi/size.h"
#include "ebs/impl.h"
#include "ebs/poll_impl.h"
#include "faults.h"

#define PLACES_MAX 4
#define CALLS_PER_LIFE_MAX 400		/* of EC2, whatever goes wrong */
#define DESCRIBES_PER_LIFE_MAX 0.5	/* when nothing does, in a crowd */
#define CROWD 100
/* A read may be that old, and a new id unknown for so long (faults.c). */
#define STALE_MS 20000
#define JOBS_PER_LIFE_MAX 8

struct spot {
	char instance[32], device[32];
};

/* A volume in EC2, from available to deleted. */
struct seen {
	struct life *life;
	char id[32];
	struct spot spots[PLACES_MAX];
	size_t n_spots;
	int64_t changed_at;	/* its spots, or it has come */
};

struct check {
	struct cluster *c;
	struct map volumes;	/* of struct seen, by id */
	struct seen **current;	/* by number of the life, NULL: none */
	char (*answered)[32];	/* ids that CreateVolume gave, by life */
};

/* ---- what EC2 does ---- */

static struct life *life_of(struct check *k, const char *volume)
{
	const char *name = sim_model_volume_tag(k->c->model, volume, EBS_NAME_TAG);
	uint64_t n;

	if (!name || strncmp(name, "pvc-", 4) != 0 || parse_u64(str_c(name + 4), &n) < 0 ||
	    n >= k->c->n_lives)
		return NULL;
	return &k->c->lives[n];
}

static bool going(struct check *k, const char *volume)
{
	struct sim_volume_info v;

	return !sim_model_volume(k->c->model, volume, &v) || strcmp(v.status, "deleting") == 0 ||
	       strcmp(v.status, "deleted") == 0;
}

static void on_created(void *ctx, const char *volume, int64_t gib)
{
	struct check *k = ctx;
	struct life *l = life_of(k, volume);
	struct seen *s, **current;

	(void)gib;
	if (!l) {
		cluster_fail(k->c, NULL, "a volume nobody asked for", "%s", volume);
		return;
	}
	current = &k->current[l->number];
	if (*current && !going(k, (*current)->id))
		cluster_fail(k->c, l, "two volumes of one name", "%s and %s", (*current)->id,
			     volume);
	snprintf(l->made, sizeof(l->made), "%s", volume);
	s = xcalloc(1, sizeof(*s));
	s->life = l;
	snprintf(s->id, sizeof(s->id), "%s", volume);
	map_put(&k->volumes, volume, s);
	s->changed_at = cluster_now(k->c);
	*current = s;
	faults_created(k->c->faults, volume);
}

static void on_deleted(void *ctx, const char *volume)
{
	struct check *k = ctx;
	struct seen *s = map_del(&k->volumes, volume);

	if (!s)
		return;
	if (s->n_spots)
		cluster_fail(k->c, s->life, "deleted while attached", "%s", volume);
	if (strcmp(k->answered[s->life->number], volume) == 0 && !life_may_be_deleted(s->life))
		cluster_fail(k->c, s->life, "deleted while wanted", "%s", volume);
	if (k->current[s->life->number] == s)
		k->current[s->life->number] = NULL;
	free(s);
}

static struct spot *find_spot(struct seen *s, const char *instance)
{
	for (size_t i = 0; s && i < s->n_spots; i++)
		if (strcmp(s->spots[i].instance, instance) == 0)
			return &s->spots[i];
	return NULL;
}

static bool on_attach(void *ctx, const char *volume, const char *instance, const char *device)
{
	struct check *k = ctx;
	struct seen *s = map_get(&k->volumes, volume);
	struct spot *spot;

	if (!s)
		return true;
	if (s->n_spots && !s->life->multi)
		cluster_fail(k->c, s->life, "attached to two instances", "%s to %s and %s",
			     volume, s->spots[0].instance, instance);
	if (!life_wants_place(s->life, instance) && !faults_late(k->c->faults))
		cluster_fail(k->c, s->life, "attached where nobody wants it", "%s to %s",
			     volume, instance);
	if (s->n_spots == PLACES_MAX)
		return true;
	spot = &s->spots[s->n_spots++];
	snprintf(spot->instance, sizeof(spot->instance), "%s", instance);
	snprintf(spot->device, sizeof(spot->device), "%s", device);
	s->changed_at = cluster_now(k->c);
	return true;
}

static bool held(const struct life *l, const char *instance)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->place); i++)
		if (l->place[i].state == PLACE_HELD && !l->place[i].node->dead &&
		    cstr_eq(l->place[i].node->id, instance))
			return true;
	return false;
}

static bool on_detach(void *ctx, const char *volume, const char *instance, bool force)
{
	struct check *k = ctx;
	struct seen *s = map_get(&k->volumes, volume);
	struct spot *spot = find_spot(s, instance);

	if (!force && faults_device_busy(k->c->faults))
		return false;
	if (!spot)
		return true;
	if (held(s->life, instance) && !faults_late(k->c->faults))
		cluster_fail(k->c, s->life, "detached while in use", "%s from %s", volume,
			     instance);
	*spot = s->spots[--s->n_spots];
	s->changed_at = cluster_now(k->c);
	return true;
}

/* ---- what the controller says ---- */

void check_service_answer(struct cluster *c, const char *path, enum grpc_code code,
			  const char *text)
{
	if (code != GRPC_OK && cstr_empty(text))
		cluster_fail(c, NULL, "an error that says nothing", "%s = %s", path,
			     grpc_code_name(code));
}

static void check_volume(struct check *k, struct life *l, const Csi__V1__Volume *v)
{
	struct sim_volume_info info;
	char *answered = k->answered[l->number];

	if (!sim_model_volume(k->c->model, v->volume_id, &info) ||
	    (strcmp(info.status, "available") != 0 && strcmp(info.status, "in-use") != 0)) {
		cluster_fail(k->c, l, "CreateVolume answered what is not there", "%s",
			     v->volume_id);
		return;
	}
	if (life_of(k, v->volume_id) != l)
		cluster_fail(k->c, l, "CreateVolume answered another's volume", "%s",
			     v->volume_id);
	if (*answered && strcmp(answered, v->volume_id) != 0)
		cluster_fail(k->c, l, "CreateVolume changed its mind", "%s, then %s", answered,
			     v->volume_id);
	if (v->capacity_bytes != l->size_gib * SIZE_GIB || info.size != l->size_gib ||
	    (l->zone && !cstr_eq(info.zone, l->zone)))
		cluster_fail(k->c, l, "CreateVolume answered what was not asked for",
			     "%s has %lld GiB in %s", v->volume_id, (long long)info.size,
			     info.zone);
	snprintf(answered, sizeof(k->answered[0]), "%s", v->volume_id);
}

static void created_ok(struct check *k, struct life *l, const struct answer *a)
{
	struct arena arena = {0};
	struct err err = {0};
	Csi__V1__CreateVolumeResponse *r = (Csi__V1__CreateVolumeResponse *)
		pb_unpack(&arena, &csi__v1__create_volume_response__descriptor, a->reply, &err);

	if (!r || !r->volume)
		cluster_fail(k->c, l, "CreateVolume answered without a volume", "%s",
			     err_msg(&err));
	else
		check_volume(k, l, r->volume);
	err_fini(&err);
	arena_fini(&arena);
}

static void published_ok(struct check *k, struct want *w, const struct answer *a)
{
	struct spot *spot = find_spot(map_get(&k->volumes, w->life->volume), w->node->id);
	struct arena arena = {0};
	struct err err = {0};
	Csi__V1__ControllerPublishVolumeResponse *r = (Csi__V1__ControllerPublishVolumeResponse *)
		pb_unpack(&arena, &csi__v1__controller_publish_volume_response__descriptor,
			  a->reply, &err);
	const char *device = r ? PB_MAP_GET(r, publish_context, "devicePath") : NULL;

	if (!spot)
		cluster_fail(k->c, w->life, "reported attached where it is not", "%s to %s",
			     w->life->volume, w->node->id);
	else if (!cstr_eq(device, spot->device))
		cluster_fail(k->c, w->life, "reported as another device", "%s, it is %s",
			     cstr_or(device, "none"), spot->device);
	err_fini(&err);
	arena_fini(&arena);
}

static void check_good(struct check *k, struct want *w, const struct answer *a)
{
	struct life *l = w->life;

	switch (w->kind) {
	case RPC_CREATE:
		created_ok(k, l, a);
		break;
	case RPC_PUBLISH:
		if (!w->node->dead)	/* may have been true when it was said */
			published_ok(k, w, a);
		break;
	case RPC_UNPUBLISH:
		if (find_spot(map_get(&k->volumes, l->volume), w->node->id))
			cluster_fail(k->c, l, "reported detached while attached", "%s from %s",
				     l->volume, w->node->id);
		break;
	default:
		if (!going(k, l->volume))
			cluster_fail(k->c, l, "reported deleted while it is there", "%s",
				     l->volume);
		break;
	}
}

/* NOT_FOUND must be true, but for what stale reads excuse. */
static void check_not_found(struct check *k, struct want *w, const struct answer *a)
{
	struct sim_volume_info v;

	if (!sim_model_volume(k->c->model, w->life->volume, &v) || going(k, w->life->volume))
		return;
	if (!w->node || w->node->dead)
		return;
	if (cluster_now(k->c) - w->life->created_at < STALE_MS)
		return;
	cluster_fail(k->c, w->life, "not found though it is there", "%s", a->text);
}

static void check_bounds(struct cluster *c)
{
	if (c->ctl.up && c->ctl.ebs->n_jobs > JOBS_PER_LIFE_MAX * c->n_lives)
		cluster_fail(c, NULL, "memory without bounds", "%zu jobs for %zu lives",
			     c->ctl.ebs->n_jobs, c->n_lives);
}

static bool changed_lately(struct check *k, const struct life *l)
{
	const struct seen *s = map_get(&k->volumes, l->volume);

	return s && cluster_now(k->c) - s->changed_at < STALE_MS;
}

void check_answer(struct want *w, const struct call *call, const struct answer *a)
{
	struct check *k = w->sidecar->cluster->check;

	(void)call;
	sim_model_advance(k->c->model, cluster_now(k->c));
	check_bounds(k->c);
	if (w->life->state == LIFE_LIVING && going(k, w->life->volume))
		cluster_fail(k->c, w->life, "being deleted while wanted", "%s",
			     w->life->volume);
	if (!contract_allows(w, a->code, changed_lately(k, w->life)))
		cluster_fail(k->c, w->life, "a code the contract does not allow", "%s = %s: %s",
			     rpc_names[w->kind], grpc_code_name(a->code), a->text);
	if (a->code == GRPC_OK)
		check_good(k, w, a);
	else if (a->code == GRPC_NOT_FOUND)
		check_not_found(k, w, a);
}

/* ---- the end ---- */

static bool check_left(void *ctx, const struct sim_volume_info *v)
{
	struct check *k = ctx;
	struct life *l = life_of(k, v->id);

	if (v->root || going(k, v->id))
		return true;
	if (l)	/* its story is the one to tell */
		snprintf(l->volume, sizeof(l->volume), "%s", v->id);
	cluster_fail(k->c, l, "leaked", "%s is %s", v->id, v->status);
	return false;
}

static bool is_describe(int a)
{
	return strncmp(ec2_action_name((enum ec2_action)a), "Describe", 8) == 0;
}

static void check_calls(struct check *k)
{
	struct cluster *c = k->c;
	uint64_t mutating = 0, describes = 0;

	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		const struct sim_counters *n = sim_model_counters(c->model, (enum ec2_action)a);

		*(is_describe(a) ? &describes : &mutating) += n->calls - n->throttled;
	}
	if (mutating + describes > CALLS_PER_LIFE_MAX * c->n_lives)
		cluster_fail(c, NULL, "EC2 was called without bounds", "%llu times for %zu lives",
			     (unsigned long long)(mutating + describes), c->n_lives);
	if (c->opt.calm && mutating > 4 * c->n_lives)
		cluster_fail(c, NULL, "more calls than the budget", "%llu mutating for %zu lives",
			     (unsigned long long)mutating, c->n_lives);
	if (c->opt.calm && c->n_lives >= CROWD &&
	    (double)describes > DESCRIBES_PER_LIFE_MAX * (double)c->n_lives)
		cluster_fail(c, NULL, "more calls than the budget", "%llu describe for %zu lives",
			     (unsigned long long)describes, c->n_lives);
}

static void check_rest(struct cluster *c)
{
	const struct ebs *e = c->ctl.ebs;

	if (e->n_jobs || map_count(&e->by_volume) || map_count(&e->volumes->entries) ||
	    map_count(&e->instances->entries) || op_count(c->reactor))
		cluster_fail(c, NULL, "something is left over",
			     "%zu jobs on %zu volumes, %zu and %zu watched, %llu operations",
			     e->n_jobs, map_count(&e->by_volume),
			     map_count(&e->volumes->entries),
			     map_count(&e->instances->entries),
			     (unsigned long long)op_count(c->reactor));
}

void check_end(struct cluster *c)
{
	check_rest(c);
	sim_model_each_volume(c->model, check_left, c->check);
	check_calls(c->check);
}

struct check *check_new(struct cluster *c)
{
	struct check *k = xcalloc(1, sizeof(*k));
	struct sim_hooks hooks = {
		.ctx = k,
		.created = on_created,
		.deleted = on_deleted,
		.attach = on_attach,
		.detach = on_detach,
	};

	k->c = c;
	k->current = xcalloc(c->n_lives, sizeof(struct seen *));
	k->answered = xcalloc(c->n_lives, sizeof(*k->answered));
	sim_model_set_hooks(c->model, &hooks);
	return k;
}

void check_free(struct check *k)
{
	struct map_iter it = {0};
	const char *id;
	void *seen;

	sim_model_set_hooks(k->c->model, &(struct sim_hooks){0});
	while (map_next(&k->volumes, &it, &id, &seen))
		free(seen);
	map_fini(&k->volumes);
	free(k->current);
	free(k->answered);
	free(k);
}
