#include "sim/setup.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"

#define ZONES_MAX 16
#define INSTANCES_MAX 100000

static int bad(struct err *err, const char *option, const char *value, const char *expected)
{
	return err_set(err, GRPC_INVALID_ARGUMENT, "--%s: \"%s\" is not %s", option, value,
		       expected);
}

/* "none" or "off" is 0, "default" 1, else a factor. */
static int parse_scale(const char *option, const char *text, double *ret, struct err *err)
{
	if (strcmp(text, "none") == 0 || strcmp(text, "off") == 0)
		*ret = 0;
	else if (strcmp(text, "default") == 0)
		*ret = 1;
	else if (parse_double(str_c(text), ret) < 0 || *ret < 0)
		return bad(err, option, text, "none, off, default or a factor");
	return 0;
}

static int parse_number(const char *option, const char *text, uint64_t *ret, struct err *err)
{
	return parse_u64(str_c(text), ret) < 0 ? bad(err, option, text, "a number") : 0;
}

static size_t list_zones(const struct sim_options *o, struct arena *arena,
			 const char *ret[ZONES_MAX])
{
	struct str rest = str_c(o->zones);
	size_t n = 0;

	if (!o->zones) {
		for (; n < 3; n++)
			ret[n] = arena_printf(arena, "%s%c", o->region, (char)('a' + n));
		return n;
	}
	while (rest.p && n < ZONES_MAX) {
		struct str name = str_cut(&rest, ',');

		ret[n++] = arena_strn(arena, name.p, name.n);
	}
	return n;
}

static struct sim_model *make_model(const struct sim_options *o, int64_t wall,
				    struct arena *arena, struct err *err)
{
	const char *zones[ZONES_MAX];
	struct sim_config c;
	uint64_t max_volumes;

	sim_config_default(&c);
	if (parse_number("seed", o->seed, &c.seed, err) < 0 ||
	    parse_number("max-volumes", o->max_volumes, &max_volumes, err) < 0 ||
	    parse_scale("latency", o->latency, &c.latency_scale, err) < 0 ||
	    parse_scale("states", o->states, &c.state_scale, err) < 0 ||
	    parse_scale("buckets", o->buckets, &c.bucket_scale, err) < 0)
		return NULL;
	c.max_volumes = (int64_t)max_volumes;
	c.epoch_ms = wall;
	c.region = o->region;
	c.n_zones = list_zones(o, arena, zones);
	c.zones = zones;
	return sim_model_new(&c, err);
}

/* "ID[:TYPE[:ZONE]]" */
static const char *add_one(struct sim_model *m, struct arena *arena, struct str text,
			   struct err *err)
{
	const char **fields[3];
	struct sim_instance_spec spec = { 0 };

	fields[0] = &spec.id;
	fields[1] = &spec.type;
	fields[2] = &spec.zone;
	for (size_t i = 0; i < ARRAY_SIZE(fields) && text.p; i++) {
		struct str field = str_cut(&text, ':');

		if (field.n)
			*fields[i] = arena_strn(arena, field.p, field.n);
	}
	return sim_model_add_instance(m, 0, &spec, err);
}

static int add_instances(struct sim_model *m, const struct sim_options *o, struct arena *arena,
			 const char **local, struct err *err)
{
	struct str rest = str_c(o->instances);
	uint64_t n;

	*local = NULL;
	if (parse_u64(rest, &n) == 0 && n > INSTANCES_MAX)
		return bad(err, "instances", o->instances, "100000 or less");
	if (parse_u64(rest, &n) < 0)
		for (n = 0; rest.p; n++) {
			const char *id = add_one(m, arena, str_cut(&rest, ','), err);

			if (!id)
				return err_prefix(err, "--instances");
			*local = *local ? *local : id;
		}
	else
		for (uint64_t i = 0; i < n; i++) {
			const char *id = add_one(m, arena, str_c(""), err);

			*local = *local ? *local : id;
		}
	return 0;
}

static int choose_local(struct sim_model *m, const struct sim_options *o, const char **local,
			struct err *err)
{
	struct sim_instance_info info;
	struct sim_instance_spec spec = { .id = o->local_instance };

	if (!o->local_instance)
		return 0;
	if (sim_model_instance(m, o->local_instance, &info)) {
		*local = info.id;
		return 0;
	}
	*local = sim_model_add_instance(m, 0, &spec, err);
	return *local ? 0 : err_prefix(err, "--local-instance");
}

struct sim_model *sim_setup(const struct sim_options *o, int64_t wall, const char **local,
			    struct err *err)
{
	struct arena arena = { 0 };
	struct sim_model *m = make_model(o, wall, &arena, err);

	if (m && (add_instances(m, o, &arena, local, err) < 0 ||
		  choose_local(m, o, local, err) < 0)) {
		sim_model_free(m);
		m = NULL;
	}
	arena_fini(&arena);
	return m;
}
