#include "sim/setup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parse.h"
#include "sim/fleet.h"
#include "sim/profile.h"
#include "sim/snapshot.h"

#define ZONES_MAX 16
#define FACTOR_MAX 1e6

static int bad(struct err *err, const char *option, const char *value, const char *expected)
{
	return err_set(err, GRPC_INVALID_ARGUMENT, "--%s: \"%s\" is not %s", option, value,
		       expected);
}

/* "none" or "off" is 0, "default" what it is already, else a factor. */
static int parse_scale(const char *option, const char *text, double *ret, struct err *err)
{
	double factor = 0;

	if (strcmp(text, "default") == 0)
		return 0;
	if (strcmp(text, "none") != 0 && strcmp(text, "off") != 0 &&
	    (parse_double(str_c(text), &factor) < 0 || factor < 0 || factor > FACTOR_MAX))
		return bad(err, option, text, "none, off, default or a factor from 0 to 1e6");
	*ret = factor;
	return 0;
}

static int list_zones(const struct sim_options *o, struct arena *arena, const char **ret,
		      struct err *err)
{
	struct str rest = str_c(o->zones);
	int n = 0;

	for (; !o->zones && n < 3; n++)
		ret[n] = arena_printf(arena, "%s%c", o->region, (char)('a' + n));
	for (; rest.p; n++) {
		struct str name = str_cut(&rest, ',');

		if (n == ZONES_MAX)
			return bad(err, "zones", o->zones, "a list of at most 16 zones");
		ret[n] = arena_strn(arena, name.p, name.n);
	}
	return n;
}

static int set_quota(const struct sim_options *o, struct sim_config *c, struct err *err)
{
	uint64_t n;

	if (!o->max_volumes)
		return 0;
	if (parse_u64(str_c(o->max_volumes), &n) < 0 || n > INT64_MAX)
		return bad(err, "max-volumes", o->max_volumes, "a number");
	c->max_volumes = (int64_t)n;
	return 0;
}

/* The profile first: the other options go on top of it. */
static int set_delays(const struct sim_options *o, struct sim_config *c,
		      struct sim_curves *curves, struct err *err)
{
	if (o->profile && sim_profile_load(o->profile, c, curves, err) < 0)
		return err_prefix(err, "--profile");
	if (parse_scale("latency", o->latency, &c->latency_scale, err) < 0 ||
	    parse_scale("states", o->states, &c->state_scale, err) < 0 ||
	    parse_scale("buckets", o->buckets, &c->bucket_scale, err) < 0)
		return -1;
	return set_quota(o, c, err);
}

/* The saved one, brought to the present: time went on while no simulator ran. A
 * clock that was set back meanwhile does not take it back. */
static struct sim_model *load_model(const struct sim_options *o, struct sim_config *c,
				    struct err *err)
{
	struct sim_model *m;

	c->n_zones = o->zones ? c->n_zones : 0;		/* the saved ones will do */
	m = sim_snapshot_load(o->state, c, err);
	if (m)
		sim_model_advance(m, c->epoch_ms - sim_model_epoch(m));
	else
		err_prefix(err, "--state");
	return m;
}

static bool saved(const struct sim_options *o)
{
	return o->state && (access(o->state, F_OK) == 0 || errno != ENOENT);
}

static struct sim_model *make_model(const struct sim_options *o, int64_t wall,
				    struct arena *arena, struct err *err)
{
	const char *zones[ZONES_MAX];
	struct sim_curves curves = { 0 };
	struct sim_config c;
	int n;

	sim_config_default(&c);
	if (parse_u64(str_c(o->seed), &c.seed) < 0) {
		bad(err, "seed", o->seed, "a number");
		return NULL;
	}
	n = list_zones(o, arena, zones, err);
	if (n < 0 || set_delays(o, &c, &curves, err) < 0)
		return NULL;
	c.epoch_ms = wall;
	c.region = o->region;
	c.zones = zones;
	c.n_zones = (size_t)n;
	return saved(o) ? load_model(o, &c, err) : sim_model_new(&c, err);
}

static int add_instances(struct sim_model *m, const struct sim_options *o, const char **local,
			 struct err *err)
{
	if (saved(o)) {		/* has its own */
		*local = sim_model_first_instance(m);
		return 0;
	}
	if (sim_fleet_add(m, o->instances, local, err) < 0)
		return err_prefix(err, "--instances");
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
	*local = sim_model_add_instance(m, sim_model_now(m), &spec, err);
	return *local ? 0 : err_prefix(err, "--local-instance");
}

struct sim_model *sim_setup(const struct sim_options *o, int64_t wall, const char **local,
			    struct err *err)
{
	struct arena arena = { 0 };
	struct sim_model *m = make_model(o, wall, &arena, err);

	if (m && (add_instances(m, o, local, err) < 0 ||
		  choose_local(m, o, local, err) < 0)) {
		sim_model_free(m);
		m = NULL;
	}
	arena_fini(&arena);
	return m;
}
