#include "csi/inflight.h"

#include <assert.h>
#include <inttypes.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

struct inflight_volume {
	struct list entries;
};

void inflight_init(struct inflight *set, struct reactor *r)
{
	set->reactor = r;
	map_init(&set->volumes);
}

void inflight_fini(struct inflight *set)
{
	assert(map_count(&set->volumes) == 0);
	map_fini(&set->volumes);
}

static int tell(const struct inflight_entry *e, struct err *err)
{
	int64_t age = reactor_now(e->set->reactor) - e->since;
	struct buf when;

	buf_init(&when, 64);
	encode_time(&when, reactor_wall(e->set->reactor) - age);
	err_set(err, GRPC_ABORTED,
		"volume %s: %s%s%s has been running for %" PRId64 ".%" PRId64
		" s, since %s; ask again once it has ended",
		e->volume, e->what, e->target ? " at " : "", e->target ? e->target : "",
		age / 1000, age % 1000 / 100, buf_cstr(&when));
	buf_fini(&when);
	return -1;
}

static int check(const struct inflight_volume *v, const char *target, struct err *err)
{
	list_for_each(it, &v->entries) {
		const struct inflight_entry *e = list_entry(it, struct inflight_entry, link);

		if (!target || !e->target || cstr_eq(target, e->target))
			return tell(e, err);
	}
	return 0;
}

int inflight_take(struct inflight *set, struct inflight_entry *e, const char *volume,
		  const char *target, const char *what, struct err *err)
{
	struct inflight_volume *v = map_get(&set->volumes, volume);

	if (v && check(v, target, err) < 0)
		return -1;
	if (!v) {
		v = xcalloc(1, sizeof(*v));
		list_init(&v->entries);
		map_put(&set->volumes, volume, v);
	}
	*e = (struct inflight_entry){
		.set = set,
		.volume = volume,
		.target = target,
		.what = what,
		.since = reactor_now(set->reactor),
	};
	list_add_tail(&v->entries, &e->link);
	return 0;
}

void inflight_release(struct inflight_entry *e)
{
	struct inflight_volume *v;

	if (!e->set)
		return;
	v = map_get(&e->set->volumes, e->volume);
	list_del(&e->link);
	if (list_empty(&v->entries)) {
		map_del(&e->set->volumes, e->volume);
		free(v);
	}
	e->set = NULL;
}
