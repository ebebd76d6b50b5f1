/* What a CreateVolume is asked for: checked, copied, compared. */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "ebs/create.h"

#define INPUTS_MAX (256u << 10)

static int bad(struct err *err, const struct create_inputs *in, const char *text)
{
	return err_set(err, GRPC_INVALID_ARGUMENT, "volume %s: %s", in->name, text);
}

int create_inputs_check(const struct create_inputs *in, struct err *err)
{
	if (cstr_empty(in->name))
		return err_set(err, GRPC_INVALID_ARGUMENT, "a volume needs a name");
	if (in->size_gib <= 0 && !in->snapshot_id)
		return err_set(err, GRPC_INVALID_ARGUMENT, "volume %s: size is %lld GiB",
			       in->name, (long long)in->size_gib);
	if (in->iops < 0 || in->iops_per_gb < 0 || in->throughput < 0)
		return bad(err, in, "iops, iopsPerGB and throughput must not be negative");
	if (in->iops > 0 && in->iops_per_gb > 0)
		return bad(err, in, "iops and iopsPerGB exclude each other");
	if (in->iops_per_gb > INT32_MAX || in->iops > INT32_MAX)
		return bad(err, in, "iops is too large");
	if (in->multi_attach && (!in->facts || !in->facts->multi_attach))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "volume %s: only type io2 can be attached to several nodes, not %s",
			       in->name, in->type);
	return 0;
}

static void copy_tags(struct arena *a, struct ec2_tags *to, const struct ec2_tags *from)
{
	to->n = from->n;
	to->v = arena_array(a, from->n, sizeof(*to->v));
	for (size_t i = 0; i < from->n; i++) {
		to->v[i].key = arena_str(a, from->v[i].key);
		to->v[i].value = arena_str(a, cstr_or(from->v[i].value, ""));
	}
}

static const char *copy(struct arena *a, const char *s)
{
	return cstr_empty(s) ? NULL : arena_str(a, s);
}

static void copy_terms(struct arena *a, struct create_inputs *in,
		       const struct ebs_create_volume *cv)
{
	in->n_terms = cv->n_terms;
	in->terms = arena_array(a, cv->n_terms + 1, sizeof(*in->terms));
	for (size_t i = 0; i < cv->n_terms; i++) {
		in->terms[i].zone = copy(a, cv->terms[i].zone);
		in->terms[i].zone_id = copy(a, cv->terms[i].zone_id);
		in->terms[i].outpost_arn = copy(a, cv->terms[i].outpost_arn);
	}
}

static void add(struct buf *b, const char *s)
{
	buf_printf(b, "%zu:%s;", s ? strlen(s) : 0, s ? s : "");
}

/* One text for one set of inputs; lengths keep the parts apart. */
static const char *digest(struct arena *a, const struct create_inputs *in)
{
	const char *ret;
	struct buf b;

	buf_init(&b, INPUTS_MAX);
	add(&b, in->name);
	add(&b, in->type);
	add(&b, in->kms_key_id);
	add(&b, in->snapshot_id);
	buf_printf(&b, "%lld %lld %lld %d %lld %d %d;", (long long)in->size_gib,
		   (long long)in->iops, (long long)in->iops_per_gb, in->allow_iops_increase,
		   (long long)in->throughput, (int)in->encrypted, in->multi_attach);
	for (size_t i = 0; i < in->tags.n; i++) {
		add(&b, in->tags.v[i].key);
		add(&b, in->tags.v[i].value);
	}
	for (size_t i = 0; i < in->n_terms; i++) {
		add(&b, in->terms[i].zone);
		add(&b, in->terms[i].zone_id);
		add(&b, in->terms[i].outpost_arn);
	}
	ret = ebs_digest(a, buf_cstr(&b));
	buf_fini(&b);
	return ret;
}

void create_inputs_take(struct create_inputs *in, struct arena *a,
			const struct ebs_create_volume *cv)
{
	in->name = arena_str(a, cstr_or(cv->name, ""));
	in->type = arena_str(a, cstr_empty(cv->type) ? "gp3" : cv->type);
	in->facts = volume_type_find(in->type);
	in->size_gib = cv->size_gib;
	in->iops = cv->iops;
	in->iops_per_gb = cv->iops_per_gb;
	in->allow_iops_increase = cv->allow_iops_increase;
	in->throughput = cv->throughput;
	in->kms_key_id = copy(a, cv->kms_key_id);
	in->encrypted = in->kms_key_id ? YES : cv->encrypted;
	in->multi_attach = cv->multi_attach;
	in->snapshot_id = copy(a, cv->snapshot_id);
	copy_tags(a, &in->tags, &cv->tags);
	copy_terms(a, in, cv);
	in->digest = digest(a, in);
}

/* ---- is this volume what is asked for? ---- */

static bool key_differs(const char *want, const char *have)
{
	const char *id;

	/* An alias, or an answer without the key, cannot be compared. */
	if (!want || cstr_empty(have) || strstr(want, "alias/"))
		return false;
	if (strncmp(want, "arn:", 4) == 0)
		return strcmp(want, have) != 0;
	id = strrchr(have, '/');
	return strcmp(want, id ? id + 1 : have) != 0;
}

static bool term_fits(const struct ebs_zone_term *t, const struct ec2_volume *v)
{
	if (t->outpost_arn && !cstr_eq(t->outpost_arn, v->outpost_arn))
		return false;
	if (t->zone_id && v->availability_zone_id)
		return strcmp(t->zone_id, v->availability_zone_id) == 0;
	return !t->zone || cstr_eq(t->zone, v->availability_zone);
}

static bool some_term_fits(const struct create_inputs *in, const struct ec2_volume *v)
{
	for (size_t i = 0; i < in->n_terms; i++)
		if (term_fits(&in->terms[i], v))
			return true;
	return in->n_terms == 0;
}

const char *create_inputs_differ(const struct create_inputs *in, const struct ec2_volume *v,
				 int64_t iops)
{
	if (in->size_gib && in->size_gib != v->size)
		return "size";
	if (v->volume_type && strcasecmp(in->type, v->volume_type) != 0)
		return "type";
	if (iops && v->iops && iops != v->iops)
		return "IOPS";
	if (in->throughput && v->throughput && in->throughput != v->throughput)
		return "throughput";
	if (in->encrypted == YES && v->encrypted == NO)
		return "encryption";
	if (key_differs(in->kms_key_id, v->kms_key_id))
		return "KMS key";
	if (in->multi_attach != (v->multi_attach_enabled == YES))
		return "multi-attach";
	if (in->snapshot_id ? !cstr_eq(in->snapshot_id, v->snapshot_id) :
			      !cstr_empty(v->snapshot_id))
		return "source snapshot";
	return some_term_fits(in, v) ? NULL : "zone";
}
