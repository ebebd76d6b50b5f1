#include "sim/model_impl.h"

#include <assert.h>
#include <string.h>

/* Limits of EBS as of August 2026 (service model and documentation). */
static const struct sim_volume_type types[] = {
	{ "gp3", 1, 65536, 3000, 80000, 3000, 500, false, true, false },
	{ "gp2", 1, 16384, 0, 0, 0, 0, false, false, false },
	{ "io1", 4, 16384, 100, 64000, 0, 50, true, false, true },
	{ "io2", 4, 65536, 100, 256000, 0, 1000, true, false, true },
	{ "st1", 125, 16384, 0, 0, 0, 0, false, false, false },
	{ "sc1", 125, 16384, 0, 0, 0, 0, false, false, false },
	{ "standard", 1, 1024, 0, 0, 0, 0, false, false, false },
};
static_assert(ARRAY_SIZE(types) == SIM_VOLUME_TYPES, "SIM_VOLUME_TYPES");

#define THROUGHPUT_DEFAULT 125
#define THROUGHPUT_MAX 2000
#define IOPS_PER_MIB 4		/* 0.25 MiB/s per IOPS */
#define GP2_IOPS_PER_GIB 3

const struct sim_volume_type *sim_volume_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

size_t sim_volume_type_index(const struct sim_volume_type *t)
{
	return (size_t)(t - types);
}

static int check_size(struct sim_call *c, const struct sim_volume_type *t, int64_t size)
{
	if (size == 0)
		return sim_refuse(c, "MissingParameter",
				  "The request must contain the parameter size or snapshotId");
	if (size < t->min_size)
		return sim_refuse(c, "InvalidParameterValue",
				  "Volume of %lldGiB is too small for volume type %s; minimum is %lldGiB.",
				  (long long)size, t->name, (long long)t->min_size);
	if (size > t->max_size)
		return sim_refuse(c, "InvalidParameterValue",
				  "Volume of %lldGiB is too large for volume type %s; maximum is %lldGiB.",
				  (long long)size, t->name, (long long)t->max_size);
	return 0;
}

/* The wording of the "too high" texts is what drivers learn the limits from. */
static int iops_too_high(struct sim_call *c, const struct sim_volume_type *t, int64_t iops)
{
	if (strcmp(t->name, "io2") == 0)
		return sim_refuse(c, "InvalidParameterCombination",
				  "Volumes of type io2 are limited to 64 TiB, 256K IOPS and "
				  "an IOPS to GiB ratio of 1000:1; %lld IOPS were requested.",
				  (long long)iops);
	return sim_refuse(c, "InvalidParameterValue",
			  "Volume iops of %lld is too high; maximum is %lld.",
			  (long long)iops, (long long)t->max_iops);
}

static int check_iops(struct sim_call *c, const struct sim_volume_type *t, int64_t size,
		      int64_t iops)
{
	if (iops == 0 && t->iops_required)
		return sim_refuse(c, "InvalidParameterCombination",
				  "The parameter iops must be specified for %s volumes.", t->name);
	if (iops == 0)
		return 0;
	if (t->max_iops == 0)
		return sim_refuse(c, "InvalidParameterCombination",
				  "The parameter iops is not supported for %s volumes.", t->name);
	if (iops > t->max_iops)
		return iops_too_high(c, t, iops);
	if (iops < t->min_iops)
		return sim_refuse(c, "InvalidParameterValue",
				  "Volume iops of %lld is too low; minimum is %lld.",
				  (long long)iops, (long long)t->min_iops);
	if (iops > t->default_iops && iops > t->iops_per_gib * size)
		return sim_refuse(c, "InvalidParameterValue",
				  "Iops to volume size ratio of %lld:%lld is too high; "
				  "maximum is %lld iops per GiB.", (long long)iops,
				  (long long)size, (long long)t->iops_per_gib);
	return 0;
}

static int check_throughput(struct sim_call *c, const struct sim_volume_type *t,
			    int64_t throughput, int64_t iops)
{
	if (throughput == 0)
		return 0;
	if (!t->throughput_settable)
		return sim_refuse(c, "InvalidParameterCombination",
				  "The parameter throughput is not supported for %s volumes.",
				  t->name);
	if (throughput < THROUGHPUT_DEFAULT || throughput > THROUGHPUT_MAX)
		return sim_refuse(c, "InvalidParameterValue",
				  "Throughput of %lld is not between %d and %d MiB/s.",
				  (long long)throughput, THROUGHPUT_DEFAULT, THROUGHPUT_MAX);
	if (throughput * IOPS_PER_MIB > iops)
		return sim_refuse(c, "InvalidParameterValue",
				  "Throughput to iops ratio of %lld:%lld is too high; "
				  "maximum is 0.25 MiB/s per iops.", (long long)throughput,
				  (long long)iops);
	return 0;
}

static int64_t gp2_iops(int64_t size)
{
	int64_t iops = size * GP2_IOPS_PER_GIB;

	return iops < 100 ? 100 : iops > 16000 ? 16000 : iops;
}

int sim_volume_type_check(struct sim_call *c, const struct ec2_create_volume *r,
			  struct sim_volume *v)
{
	const struct sim_volume_type *t = v->type;

	v->size = r->size;
	v->iops = r->iops ? r->iops : t->default_iops;
	if (check_size(c, t, r->size) < 0 || check_iops(c, t, r->size, r->iops) < 0 ||
	    check_throughput(c, t, r->throughput, v->iops) < 0)
		return -1;
	if (r->multi_attach_enabled == YES && !t->multi_attach)
		return sim_refuse(c, "InvalidParameterCombination",
				  "The parameter multiAttachEnabled is not supported for %s volumes.",
				  t->name);
	v->multi_attach = r->multi_attach_enabled == YES;
	if (strcmp(t->name, "gp2") == 0)
		v->iops = gp2_iops(v->size);
	if (t->throughput_settable)
		v->throughput = r->throughput ? r->throughput : THROUGHPUT_DEFAULT;
	return 0;
}
