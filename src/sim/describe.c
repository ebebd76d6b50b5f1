/* DescribeVolumes, DescribeInstances, DescribeAvailabilityZones. */
#include "sim/model_impl.h"

#include <string.h>

#include "aws/ec2_shapes.h"

/* ---- filters ---- */

static int test_attachments(const struct sim_volume *v, int64_t at, const struct ec2_filter *f)
{
	const char *what = f->name + strlen("attachment.");

	if (!v)
		return strcmp(what, "instance-id") && strcmp(what, "device") &&
		       strcmp(what, "status") && strcmp(what, "delete-on-termination") ? -1 : 0;
	list_for_each(l, &v->live) {
		const struct sim_attachment *a =
			list_entry(l, struct sim_attachment, on_volume);
		const char *status = sim_attachment_status(a, at);

		if (status && sim_filter_has(f, strcmp(what, "instance-id") == 0 ? a->instance->id :
					     strcmp(what, "device") == 0 ? a->device :
					     strcmp(what, "status") == 0 ? status :
					     v->root ? "true" : "false"))
			return 1;
	}
	return 0;
}

/* The scalar under a filter's name; NULL for a name that is none of them. */
static const char *volume_text(const struct sim_volume *v, int64_t at, const char *name)
{
	if (strcmp(name, "volume-id") == 0)
		return v ? v->id : "";
	if (strcmp(name, "status") == 0)
		return v ? sim_volume_status(v, at) : "";
	if (strcmp(name, "availability-zone") == 0)
		return v ? v->zone->name : "";
	if (strcmp(name, "availability-zone-id") == 0)
		return v ? v->zone->id : "";
	if (strcmp(name, "volume-type") == 0)
		return v ? v->type->name : "";
	if (strcmp(name, "encrypted") == 0)
		return v && v->encrypted ? "true" : "false";
	if (strcmp(name, "multi-attach-enabled") == 0)
		return v && v->multi_attach ? "true" : "false";
	if (strcmp(name, "snapshot-id") == 0)
		return "";
	return NULL;
}

static int test_volume(const void *object, int64_t at, const struct ec2_filter *f)
{
	const struct sim_volume *v = object;
	const char *text = volume_text(v, at, f->name);

	if (text)
		return sim_filter_has(f, text);
	if (strcmp(f->name, "size") == 0)
		return v && sim_filter_has_int(f, v->size);
	if (strncmp(f->name, "attachment.", 11) == 0)
		return test_attachments(v, at, f);
	return sim_filter_tags(v ? &v->tags : NULL, f);
}

static int test_instance_devices(const struct sim_instance *i, int64_t at,
				 const struct ec2_filter *f, bool by_device)
{
	list_for_each(l, &i->live) {
		const struct sim_attachment *a =
			list_entry(l, struct sim_attachment, on_instance);

		if (sim_attachment_status(a, at) &&
		    sim_filter_has(f, by_device ? a->device : a->volume->id))
			return 1;
	}
	return 0;
}

static const char *instance_text(const struct sim_instance *i, const char *name)
{
	if (strcmp(name, "instance-id") == 0)
		return i ? i->id : "";
	if (strcmp(name, "instance-type") == 0)
		return i ? i->type : "";
	if (strcmp(name, "instance-state-name") == 0)
		return i ? i->state->name : "";
	if (strcmp(name, "availability-zone") == 0)
		return i ? i->zone->name : "";
	if (strcmp(name, "availability-zone-id") == 0)
		return i ? i->zone->id : "";
	if (strcmp(name, "private-dns-name") == 0)
		return i ? i->dns_name : "";
	if (strcmp(name, "reservation-id") == 0)
		return i ? i->reservation_id : "";
	return NULL;
}

static int test_instance(const void *object, int64_t at, const struct ec2_filter *f)
{
	const struct sim_instance *i = object;
	const char *text = instance_text(i, f->name);

	if (text)
		return sim_filter_has(f, text);
	if (strcmp(f->name, "instance-state-code") == 0)
		return i && sim_filter_has_int(f, i->state->code);
	if (strcmp(f->name, "block-device-mapping.volume-id") == 0)
		return i && test_instance_devices(i, at, f, false);
	if (strcmp(f->name, "block-device-mapping.device-name") == 0)
		return i && test_instance_devices(i, at, f, true);
	return sim_filter_tags(i ? &i->tags : NULL, f);
}

static int test_zone(const void *object, int64_t at, const struct ec2_filter *f)
{
	const struct sim_zone *z = object;

	(void)at;
	if (strcmp(f->name, "zone-name") == 0)
		return z && sim_filter_has(f, z->name);
	if (strcmp(f->name, "zone-id") == 0)
		return z && sim_filter_has(f, z->id);
	if (strcmp(f->name, "state") == 0)
		return sim_filter_has(f, "available");
	if (strcmp(f->name, "zone-type") == 0)
		return sim_filter_has(f, "availability-zone");
	if (strcmp(f->name, "opt-in-status") == 0)
		return sim_filter_has(f, "opt-in-not-required");
	if (strcmp(f->name, "region-name") == 0 || strcmp(f->name, "group-name") == 0)
		return z && sim_filter_has(f, z->region);
	return -1;
}

/* ---- lists by ids ---- */

struct id_list {
	void **found;
	size_t n;
	struct buf missing;	/* "vol-a, vol-b" */
	size_t n_missing;
};

/* EC2 answers for all or for none, and names those it does not know. */
static int missing_error(struct sim_call *c, struct id_list *ids, bool volumes)
{
	const char *plural = ids->n_missing > 1 ? "s" : "";
	int rc = 0;

	if (ids->n_missing && volumes)
		rc = sim_refuse(c, "InvalidVolume.NotFound", "The volume%s '%s' do%s not exist.",
				plural, buf_cstr(&ids->missing), *plural ? "" : "es");
	else if (ids->n_missing)
		rc = sim_refuse(c, "InvalidInstanceID.NotFound",
				"The instance ID%s '%s' do%s not exist", plural,
				buf_cstr(&ids->missing), *plural ? "" : "es");
	buf_fini(&ids->missing);
	return rc;
}

/* The object of an id as of a time; NULL when there was none. *mark is where it
 * remembers the list it was last put on, so that it shows up once only. */
static void *known(struct sim_call *c, bool volumes, const char *id, int64_t at,
		   uint64_t **mark)
{
	struct sim_instance *i = volumes ? NULL : map_get(&c->m->instances, id);
	struct sim_volume *v = volumes ? map_get(&c->m->volumes, id) : NULL;

	if (i)
		*mark = &i->listed;
	if (i || !v || !sim_volume_status(v, at) || at >= v->deleted_at)
		return i;
	*mark = &v->listed;
	return v;
}

static int find_ids(struct sim_call *c, const struct ec2_strings *wanted, bool volumes,
		    int64_t at, struct id_list *ret)
{
	uint64_t list = ++c->m->seq, *mark;

	ret->found = arena_array(&c->a->resp.arena, wanted->n, sizeof(*ret->found));
	buf_init(&ret->missing, EC2_LIST_MAX * (SIM_ID_SIZE + 2));
	for (size_t i = 0; i < wanted->n; i++) {
		void *object;

		if (sim_id_check(c, wanted->v[i], volumes ? "volume" : "instance") < 0) {
			buf_fini(&ret->missing);
			return -1;
		}
		object = known(c, volumes, wanted->v[i], at, &mark);
		if (!object) {
			buf_printf(&ret->missing, "%s%s", ret->n_missing++ ? ", " : "",
				   wanted->v[i]);
		} else if (*mark != list) {
			*mark = list;
			ret->found[ret->n++] = object;
		}
	}
	return missing_error(c, ret, volumes);
}

/* ---- volumes ---- */

static bool shown(const struct sim_volume *v, int64_t at, const struct ec2_filters *f)
{
	return v && sim_volume_status(v, at) && at < v->deleted_at &&
	       sim_filters_match(f, test_volume, v, at);
}

static int volumes_by_ids(struct sim_call *c, const struct ec2_describe_volumes *r, int64_t at)
{
	struct ec2_response *resp = &c->a->resp;
	struct ec2_volumes *out = &resp->volumes;
	struct id_list ids = { 0 };

	if (find_ids(c, &r->volume_ids, true, at, &ids) < 0)
		return -1;
	out->v = arena_array(&resp->arena, ids.n, sizeof(*out->v));
	for (size_t i = 0; i < ids.n; i++)
		if (shown(ids.found[i], at, &r->filters))
			sim_view_volume(c->m, ids.found[i], at, &resp->arena, &out->v[out->n++]);
	return 0;
}

/* Both listings: walks objects in order of creation from where the page begins,
 * asks for the ones to show, sets *next when more remain. */
struct walk {
	const struct sim_order *order;
	size_t i;
	uint64_t last;
	size_t left;
};

static struct walk walk_begin(const struct sim_order *order, const struct sim_page *page)
{
	return (struct walk){ order, sim_order_after(order, page->after), page->after, page->max };
}

static void volume_page(struct sim_call *c, const struct ec2_describe_volumes *r, int64_t at,
			const struct sim_page *page, uint64_t digest)
{
	struct ec2_response *resp = &c->a->resp;
	struct ec2_volumes *out = &resp->volumes;
	struct walk w = walk_begin(&c->m->volume_order, page);
	void **hits;

	hits = arena_array(&resp->arena, w.order->len < w.left ? w.order->len : w.left,
			   sizeof(*hits));
	for (; w.i < w.order->len; w.i++) {
		if (!shown(w.order->v[w.i], at, &r->filters))
			continue;
		if (out->n == w.left) {
			out->next_token = sim_page_token(c, w.last, digest);
			break;
		}
		hits[out->n++] = w.order->v[w.i];
		w.last = w.order->seq[w.i];
	}
	out->v = arena_array(&resp->arena, out->n, sizeof(*out->v));
	for (size_t i = 0; i < out->n; i++)
		sim_view_volume(c->m, hits[i], at, &resp->arena, &out->v[i]);
}

int sim_describe_volumes(struct sim_call *c)
{
	const struct ec2_describe_volumes *r = &c->req->describe_volumes;
	uint64_t digest = sim_request_digest(c->req);
	struct sim_page page;
	int64_t at;

	if (sim_page_open(c, r->max_results, r->next_token, r->volume_ids.n > 0, digest,
			  &page) < 0 ||
	    sim_filters_check(c, &r->filters, test_volume) < 0 || sim_dry_run(c, r->dry_run) < 0)
		return -1;
	at = sim_read_time(c);
	if (r->volume_ids.n)
		return volumes_by_ids(c, r, at);
	volume_page(c, r, at, &page, digest);
	return 0;
}

/* ---- instances ---- */

static int instances_by_ids(struct sim_call *c, const struct ec2_describe_instances *r,
			    int64_t at)
{
	struct ec2_response *resp = &c->a->resp;
	struct ec2_instances *out = &resp->instances;
	struct id_list ids = { 0 };

	if (find_ids(c, &r->instance_ids, false, at, &ids) < 0)
		return -1;
	out->v = arena_array(&resp->arena, ids.n, sizeof(*out->v));
	for (size_t i = 0; i < ids.n; i++)
		if (sim_filters_match(&r->filters, test_instance, ids.found[i], at))
			sim_view_instance(c->m, ids.found[i], at, &resp->arena,
					  &out->v[out->n++]);
	return 0;
}

static void instance_page(struct sim_call *c, const struct ec2_describe_instances *r, int64_t at,
			  const struct sim_page *page, uint64_t digest)
{
	struct ec2_response *resp = &c->a->resp;
	struct ec2_instances *out = &resp->instances;
	struct walk w = walk_begin(&c->m->instance_order, page);

	out->v = arena_array(&resp->arena, w.order->len < w.left ? w.order->len : w.left,
			     sizeof(*out->v));
	for (; w.i < w.order->len; w.i++) {
		if (!sim_filters_match(&r->filters, test_instance, w.order->v[w.i], at))
			continue;
		if (out->n == w.left) {
			out->next_token = sim_page_token(c, w.last, digest);
			break;
		}
		sim_view_instance(c->m, w.order->v[w.i], at, &resp->arena, &out->v[out->n++]);
		w.last = w.order->seq[w.i];
	}
}

int sim_describe_instances(struct sim_call *c)
{
	const struct ec2_describe_instances *r = &c->req->describe_instances;
	uint64_t digest = sim_request_digest(c->req);
	struct sim_page page;
	int64_t at;

	if (sim_page_open(c, r->max_results, r->next_token, r->instance_ids.n > 0, digest,
			  &page) < 0 ||
	    sim_filters_check(c, &r->filters, test_instance) < 0 ||
	    sim_dry_run(c, r->dry_run) < 0)
		return -1;
	at = sim_read_time(c);
	if (r->instance_ids.n)
		return instances_by_ids(c, r, at);
	instance_page(c, r, at, &page, digest);
	return 0;
}

/* ---- zones ---- */

static bool among(const struct ec2_strings *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (cstr_eq(list->v[i], text))
			return true;
	return list->n == 0;
}

static int check_zone_list(struct sim_call *c, const struct ec2_strings *list, bool by_id)
{
	for (size_t i = 0; i < list->n; i++) {
		size_t z = 0;

		while (z < c->m->n_zones &&
		       !cstr_eq(by_id ? c->m->zones[z].id : c->m->zones[z].name, list->v[i]))
			z++;
		if (z == c->m->n_zones)
			return sim_refuse(c, "InvalidParameterValue",
					  "Invalid availability zone: [%s]", list->v[i]);
	}
	return 0;
}

static void view_zone(struct sim_call *c, const struct sim_zone *z, struct ec2_zone *ret)
{
	struct arena *arena = &c->a->resp.arena;

	ret->zone_name = arena_str(arena, z->name);
	ret->zone_id = arena_str(arena, z->id);
	ret->zone_type = "availability-zone";
	ret->zone_state = "available";
	ret->region_name = arena_str(arena, c->m->region);
	ret->group_name = ret->region_name;
	ret->opt_in_status = "opt-in-not-required";
}

int sim_describe_zones(struct sim_call *c)
{
	const struct ec2_describe_zones *r = &c->req->describe_zones;
	struct ec2_zones *out = &c->a->resp.zones;

	if (check_zone_list(c, &r->zone_names, false) < 0 ||
	    check_zone_list(c, &r->zone_ids, true) < 0 ||
	    sim_filters_check(c, &r->filters, test_zone) < 0 || sim_dry_run(c, r->dry_run) < 0)
		return -1;
	out->v = arena_array(&c->a->resp.arena, c->m->n_zones, sizeof(*out->v));
	for (size_t i = 0; i < c->m->n_zones; i++) {
		const struct sim_zone *z = &c->m->zones[i];

		if (among(&r->zone_names, z->name) && among(&r->zone_ids, z->id) &&
		    sim_filters_match(&r->filters, test_zone, z, c->now))
			view_zone(c, z, &out->v[out->n++]);
	}
	return 0;
}
