#include "csi/tags.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "csi/template.h"
#include "ebs/ebs.h"

#define SNAPSHOT_NAME_TAG "CSIVolumeSnapshotName"
#define CLUSTER_NAME_TAG "ebs.csi.aws.com/cluster-name"	/* whatever the driver's name */
#define CREATED_FOR "kubernetes.io/created-for/"

struct building {
	const struct tag_rules *rules;
	struct arena *arena;
	struct ec2_tags tags;
};

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

int tags_check_key(const char *driver, const char *key, struct err *err)
{
	auto_free char *own = xasprintf("%s/", driver);

	if (cstr_eq(key, EBS_NAME_TAG) || cstr_eq(key, SNAPSHOT_NAME_TAG) ||
	    cstr_eq(key, CLUSTER_NAME_TAG) || str_starts(str_c(key), "kubernetes.io") ||
	    str_starts(str_c(key), own))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the tag key \"%s\" is reserved: not allowed are " EBS_NAME_TAG
			       ", " SNAPSHOT_NAME_TAG ", " CLUSTER_NAME_TAG
			       " and what begins with kubernetes.io or %s", key, own);
	if (str_starts(str_c(key), "aws:"))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the tag key \"%s\" begins with aws:, which is Amazon's own", key);
	return 0;
}

static int check_lengths(const char *key, const char *value, struct err *err)
{
	size_t k = characters(key), v = characters(value);

	if (k == 0 || k > TAG_KEY_MAX)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the tag key \"%.200s\" has %zu characters, allowed are 1 to %d",
			       key, k, TAG_KEY_MAX);
	if (v > TAG_VALUE_MAX)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the value of tag \"%s\" has %zu characters, allowed are %d", key,
			       v, TAG_VALUE_MAX);
	return 0;
}

static void put(struct building *b, const char *key, const char *value)
{
	for (size_t i = 0; i < b->tags.n; i++) {
		if (strcmp(b->tags.v[i].key, key) == 0) {
			b->tags.v[i].value = value;
			return;
		}
	}
	b->tags.v[b->tags.n++] = (struct ec2_tag){ key, value };
}

static void put_given(struct building *b, const char *key, const char *value)
{
	if (!cstr_empty(value))
		put(b, key, value);
}

/* "<driver>/<name>" */
static const char *own_key(struct building *b, const char *name)
{
	return arena_printf(b->arena, "%s/%s", b->rules->driver, name);
}

static void put_driver_tags(struct building *b, const char *name, const struct params *p)
{
	put(b, EBS_NAME_TAG, name);
	put(b, own_key(b, "cluster"), "true");
	put_given(b, CREATED_FOR "pvc/name", p->pvc_name);
	put_given(b, CREATED_FOR "pvc/namespace", p->pvc_namespace);
	put_given(b, CREATED_FOR "pv/name", p->pv_name);
	if (p->iops_per_gb)
		put(b, own_key(b, "IOPSPerGb"),
		    arena_printf(b->arena, "%" PRId64, p->iops_per_gb));
	if (p->keep_ratio)
		put(b, own_key(b, "AllowAutoIOPSIncreaseOnModify"),
		    p->keep_ratio == YES ? "true" : "false");
}

static void put_cluster_tags(struct building *b, const char *name)
{
	const char *id = b->rules->cluster_id;

	if (cstr_empty(id))
		return;
	put(b, arena_printf(b->arena, "kubernetes.io/cluster/%s", id), "owned");
	put(b, CLUSTER_NAME_TAG, id);
	put(b, "KubernetesCluster", id);
	put(b, "Name", arena_printf(b->arena, "%s-dynamic-%s", id, name));
}

/* A user's tag: its value is a template over the claim's names. */
static int put_user_tag(struct building *b, const char *key, const char *template,
			const struct params *p, struct err *err)
{
	const struct template_field fields[] = {
		{ "PVCName", p->pvc_name },
		{ "PVCNamespace", p->pvc_namespace },
		{ "PVName", p->pv_name },
	};
	const char *value;

	if (tags_check_key(b->rules->driver, key, err) < 0)
		return -1;
	if (template_eval(b->arena, template, fields, ARRAY_SIZE(fields), &value, err) < 0)
		return err_prefix(err, "tag \"%.200s\"", key);
	if (check_lengths(key, value, err) < 0)
		return -1;
	put(b, key, value);
	return 0;
}

static int put_or_warn(struct building *b, const char *key, const char *template,
		       const struct params *p, struct err *err)
{
	struct err why = {0};

	if (put_user_tag(b, key, template, p, &why) == 0)
		return 0;
	if (b->rules->warn_only) {
		log_warn(AREA_CSI, "tag left out: %s", err_msg(&why));
		err_fini(&why);
		return 0;
	}
	if (err)
		err_move(err, &why);
	err_fini(&why);
	return -1;
}

static int split(struct arena *a, const char *text, size_t n, const char **key,
		 const char **value, struct err *err)
{
	const char *eq = memchr(text, '=', n);

	if (!eq)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the tag \"%.*s\" has no \"=\"; the form is key=value",
			       (int)(n < 200 ? n : 200), text);
	*key = arena_strn(a, text, (size_t)(eq - text));
	*value = arena_strn(a, eq + 1, n - (size_t)(eq + 1 - text));
	return 0;
}

static int put_class_tags(struct building *b, const struct params *p, struct err *err)
{
	for (size_t i = 0; i < p->tags.n; i++) {
		const char *key, *value;

		if (split(b->arena, p->tags.v[i], strlen(p->tags.v[i]), &key, &value, err) < 0)
			return err_prefix(err, "tagSpecification");
		if (put_or_warn(b, key, value, p, err) < 0)
			return err_prefix(err, "tagSpecification");
	}
	return 0;
}

static int put_extra_tags(struct building *b, const struct params *p, struct err *err)
{
	const struct ec2_tags *extra = &b->rules->extra;

	for (size_t i = 0; i < extra->n; i++)
		if (put_or_warn(b, extra->v[i].key, extra->v[i].value, p, err) < 0)
			return err_prefix(err, "--extra-tags");
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct ec2_tag *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* What the driver put itself comes from outside too: claim names, cluster id. */
static int check_all(const struct ec2_tags *tags, struct err *err)
{
	if (tags->n > TAGS_MAX)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "the volume would have %zu tags, EC2 allows %d", tags->n, TAGS_MAX);
	for (size_t i = 0; i < tags->n; i++)
		if (check_lengths(tags->v[i].key, tags->v[i].value, err) < 0)
			return -1;
	return 0;
}

/* Driver's and cluster's tags first, then the class's, then --extra-tags: the
 * later wins; users may replace Name and KubernetesCluster and nothing reserved. */
int tags_of_volume(const struct tag_rules *rules, struct arena *a, const char *name,
		   const struct params *p, struct ec2_tags *ret, struct err *err)
{
	struct building b = { .rules = rules, .arena = a };

	/* The driver itself has at most eleven. */
	b.tags.v = arena_array(a, 11 + p->tags.n + rules->extra.n, sizeof(*b.tags.v));
	put_driver_tags(&b, name, p);
	put_cluster_tags(&b, name);
	if (put_class_tags(&b, p, err) < 0 || put_extra_tags(&b, p, err) < 0 ||
	    check_all(&b.tags, err) < 0)
		return -1;
	qsort(b.tags.v, b.tags.n, sizeof(*b.tags.v), by_key);
	*ret = b.tags;
	return 0;
}

int tags_parse_extra(struct tag_rules *rules, struct arena *a, const char *text,
		     struct err *err)
{
	struct str rest = str_c(cstr_empty(text) ? NULL : text), part;

	rules->extra.n = 0;
	rules->extra.v = arena_array(a, TAGS_MAX, sizeof(*rules->extra.v));
	while (rest.p) {
		const char *key, *value;

		part = str_trim(str_cut(&rest, ','));
		if (rules->extra.n == TAGS_MAX)
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "--extra-tags: more than %d tags", TAGS_MAX);
		if (split(a, part.p, part.n, &key, &value, err) < 0 ||
		    tags_check_key(rules->driver, key, err) < 0 ||
		    check_lengths(key, "", err) < 0)
			return err_prefix(err, "--extra-tags");
		rules->extra.v[rules->extra.n++] = (struct ec2_tag){ key, value };
	}
	return 0;
}
