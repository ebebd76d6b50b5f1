#include "csi/topology.h"

#include <string.h>

#include "base/str.h"
#include "csi/pb.h"

/* Keys that carry the driver's name: topology.<driver>/<name>. */
static const char *segment(const Csi__V1__Topology *t, struct arena *a, const char *driver,
			   const char *name)
{
	return PB_MAP_GET(t, segments, arena_printf(a, "topology.%s/%s", driver, name));
}

/* The whole ARN may stand in outpost-id; else all four parts are needed. */
static int outpost_of(const Csi__V1__Topology *t, struct arena *a, const char *driver,
		      const char **ret, struct err *err)
{
	const char *id = segment(t, a, driver, "outpost-id");
	const char *partition = segment(t, a, driver, "partition");
	const char *region = segment(t, a, driver, "region");
	const char *account = segment(t, a, driver, "account-id");
	struct topology_outpost parsed;

	*ret = NULL;
	if (cstr_empty(id))
		return 0;
	if (topology_parse_outpost(a, id, &parsed) == 0) {
		*ret = id;
		return 0;
	}
	if (cstr_empty(partition) || cstr_empty(region) || cstr_empty(account))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "topology.%s/outpost-id is \"%s\", but partition, region and "
			       "account-id are not all given beside it", driver, id);
	*ret = arena_printf(a, "arn:%s:outposts:%s:%s:outpost/%s", partition, region, account,
			    id);
	return 0;
}

static int term_of(const Csi__V1__Topology *t, struct arena *a, const char *driver,
		   struct ebs_zone_term *ret, struct err *err)
{
	const char *zone = PB_MAP_GET(t, segments, TOPOLOGY_ZONE_KEY);

	if (cstr_empty(zone))
		zone = segment(t, a, driver, "zone");
	ret->zone = cstr_empty(zone) ? NULL : zone;
	ret->zone_id = PB_MAP_GET(t, segments, TOPOLOGY_ZONE_ID_KEY);
	if (cstr_empty(ret->zone_id))
		ret->zone_id = NULL;
	return outpost_of(t, a, driver, &ret->outpost_arn, err);
}

static bool same_place(const struct ebs_zone_term *a, const struct ebs_zone_term *b)
{
	return cstr_eq(a->zone, b->zone) && cstr_eq(a->zone_id, b->zone_id) &&
	       cstr_eq(a->outpost_arn, b->outpost_arn);
}

static void add_once(struct topology_terms *terms, const struct ebs_zone_term *term)
{
	if (!term->zone && !term->zone_id && !term->outpost_arn)
		return;
	for (size_t i = 0; i < terms->n; i++)
		if (same_place(&terms->v[i], term))
			return;
	terms->v[terms->n++] = *term;
}

static int add_all(struct arena *a, const char *driver, Csi__V1__Topology *const *list,
		   size_t n, struct topology_terms *terms, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct ebs_zone_term term;

		if (term_of(list[i], a, driver, &term, err) < 0)
			return err_prefix(err, "accessibility_requirements");
		add_once(terms, &term);
	}
	return 0;
}

int topology_terms(struct arena *a, const char *driver, const Csi__V1__TopologyRequirement *req,
		   struct topology_terms *ret, struct err *err)
{
	size_t most = req ? req->n_preferred + req->n_requisite : 0;

	memset(ret, 0, sizeof(*ret));
	if (!most)
		return 0;
	if (most > TOPOLOGY_TERMS_MAX)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "accessibility_requirements has %zu terms, the limit is %d", most,
			       TOPOLOGY_TERMS_MAX);
	ret->v = arena_array(a, most, sizeof(*ret->v));
	if (add_all(a, driver, req->preferred, req->n_preferred, ret, err) < 0)
		return -1;
	return add_all(a, driver, req->requisite, req->n_requisite, ret, err);
}

int topology_parse_outpost(struct arena *a, const char *arn, struct topology_outpost *ret)
{
	struct str rest = str_c(arn), part[6];
	size_t n = 0;

	while (n < ARRAY_SIZE(part) && rest.p)
		part[n++] = str_cut(&rest, ':');
	if (n != ARRAY_SIZE(part) || rest.p || !str_eq_c(part[0], "arn") ||
	    !str_eq_c(part[2], "outposts") || !str_starts(part[5], "outpost/"))
		return -1;
	part[5] = str_n(part[5].p + strlen("outpost/"), part[5].n - strlen("outpost/"));
	if (!part[1].n || !part[3].n || !part[4].n || !part[5].n)
		return -1;
	ret->partition = arena_strn(a, part[1].p, part[1].n);
	ret->region = arena_strn(a, part[3].p, part[3].n);
	ret->account_id = arena_strn(a, part[4].p, part[4].n);
	ret->id = arena_strn(a, part[5].p, part[5].n);
	return 0;
}

typedef Csi__V1__Topology__SegmentsEntry segment_entry;

static Csi__V1__Topology *topology_new(struct arena *a, size_t room)
{
	Csi__V1__Topology *t = PB_NEW(a, csi__v1__topology);

	t->segments = arena_array(a, room, sizeof(*t->segments));
	return t;
}

static void add(struct arena *a, Csi__V1__Topology *t, const char *key, const char *value)
{
	segment_entry *e = PB_NEW(a, csi__v1__topology__segments_entry);

	e->key = arena_str(a, key);
	e->value = arena_str(a, value);
	t->segments[t->n_segments++] = e;
}

static void add_outpost(struct arena *a, Csi__V1__Topology *t, const char *driver,
			const char *arn)
{
	struct topology_outpost o;

	if (cstr_empty(arn) || topology_parse_outpost(a, arn, &o) < 0)
		return;
	add(a, t, arena_printf(a, "topology.%s/partition", driver), o.partition);
	add(a, t, arena_printf(a, "topology.%s/region", driver), o.region);
	add(a, t, arena_printf(a, "topology.%s/account-id", driver), o.account_id);
	add(a, t, arena_printf(a, "topology.%s/outpost-id", driver), o.id);
}

Csi__V1__Topology *topology_of_volume(struct arena *a, const char *driver, const char *zone,
				      const char *outpost_arn)
{
	Csi__V1__Topology *t = topology_new(a, 5);

	add(a, t, TOPOLOGY_ZONE_KEY, zone);
	add_outpost(a, t, driver, outpost_arn);
	return t;
}

Csi__V1__Topology *topology_of_node(struct arena *a, const char *driver, const char *zone,
				    const char *outpost_arn)
{
	Csi__V1__Topology *t = topology_new(a, 7);

	add(a, t, arena_printf(a, "topology.%s/zone", driver), zone);
	add(a, t, TOPOLOGY_ZONE_KEY, zone);
	add(a, t, TOPOLOGY_OS_KEY, "linux");
	add_outpost(a, t, driver, outpost_arn);
	return t;
}
