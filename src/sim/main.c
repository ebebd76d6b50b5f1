/* ebs-csi-sim: EC2's EBS calls and an instance's metadata service on loopback. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "reactor/notify.h"
#include "reactor/signals.h"
#include "sim/control.h"
#include "sim/ec2_front.h"
#include "sim/fault_json.h"
#include "sim/imds.h"
#include "sim/keys.h"
#include "sim/loop.h"
#include "sim/setup.h"
#include "sim/snapshot.h"
#include "sim/world.h"

#define CONNECTIONS_MAX 8192
/* What the role's credentials are unless --access-key and --secret-key say. */
#define ROLE_ACCESS_KEY "ASIASIMULATED0000000"
#define ROLE_SECRET_KEY "simulated/secret/key/of/the/local/role000"
#define ROLE_TOKEN "simulated-session-token"

struct sim {
	struct sim_options options;
	struct reactor *reactor;
	struct sim_model *model;
	const char *local;
	struct sim_world world;
	struct sim_front front;
	struct http1_server *http;
	struct sim_imds *imds;
	struct sim_loop *loop;
	struct signals *signals;
};

static void on_request(struct http1_request *req)
{
	struct sim *s = req->ctx;
	bool post = strcmp(req->method, "POST") == 0;

	if (sim_control_handle(&s->world, req))
		return;
	if (strcmp(req->path, "/") != 0 || (!post && strcmp(req->method, "GET") != 0))
		http1_fail(req, 404, "EC2 is at POST /, the simulator's own pages below /_sim/");
	else
		sim_front_handle(&s->front, req);
}

static int start_ec2(struct sim *s, struct err *err)
{
	const struct http1_server_options opt = { .max_connections = CONNECTIONS_MAX };
	const struct sim_options *o = &s->options;

	s->front.world = &s->world;
	s->front.auth = (struct sim_auth){
		.access_key = o->access_key,
		.secret_key = o->secret_key,
		.session_token = o->session_token,
		.region = o->region,
	};
	s->http = http1_server_new(s->reactor, &opt, on_request, s);
	if (http1_server_listen(s->http, o->listen, err) < 0)
		return err_prefix(err, "--listen");
	return 0;
}

static int start_imds(struct sim *s, struct err *err)
{
	const struct sim_options *o = &s->options;
	struct sim_imds_options opt = {
		.instance_id = s->local,
		.role = *o->role ? o->role : NULL,
		.access_key = cstr_or(o->access_key, ROLE_ACCESS_KEY),
		.secret_key = cstr_or(o->secret_key, ROLE_SECRET_KEY),
		.session_token = cstr_or(o->session_token, ROLE_TOKEN),
	};

	if (parse_duration_ms(str_c(o->role_life), &opt.credentials_ms) < 0 ||
	    opt.credentials_ms <= 0)
		return err_set(err, GRPC_INVALID_ARGUMENT, "--role-life: \"%s\" is no duration",
			       o->role_life);
	if (!o->imds_listen)
		return 0;
	if (!s->local)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--imds-listen: there is no instance; see --instances");
	s->imds = sim_imds_new(s->reactor, s->model, &opt);
	if (sim_imds_listen(s->imds, o->imds_listen, err) < 0)
		return err_prefix(err, "--imds-listen");
	return 0;
}

static int start_disks(struct sim *s, struct err *err)
{
	struct sim_hooks hooks;

	if (!s->options.disk_dir)
		return 0;
	if (!s->local)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--disk-dir: there is no instance; see --instances");
	s->loop = sim_loop_new(s->options.disk_dir, s->local, err);
	if (!s->loop)
		return err_prefix(err, "--disk-dir");
	sim_loop_hooks(s->loop, &hooks);
	sim_model_set_hooks(s->model, &hooks);
	return 0;
}

static int load_faults(struct sim *s, struct err *err)
{
	json_t *faults;
	int rc;

	if (!s->options.faults)
		return 0;
	faults = keys_load(s->options.faults, err);
	if (!faults)
		return err_prefix(err, "--faults");
	rc = sim_fault_json_add(s->model, sim_world_now(&s->world), faults, err);
	json_decref(faults);
	return rc < 0 ? err_prefix(err, "--faults: %s", s->options.faults) : 0;
}

static int save(struct sim *s, struct err *err)
{
	if (!s->options.state)
		return 0;
	sim_model_advance(s->model, sim_world_now(&s->world));
	if (sim_snapshot_save(s->model, s->options.state, err) < 0)
		return err_prefix(err, "--state: not saved");
	return 0;
}

static void on_signal(void *ctx, int sig)
{
	struct sim *s = ctx;

	log_info(AREA_SIM, "signal %d: stopping", sig);
	reactor_stop(s->reactor);
}

static int start(struct sim *s, struct err *err)
{
	static const int stop[] = { SIGINT, SIGTERM };
	uint64_t v;

	if (parse_u64(str_c(s->options.verbosity), &v) < 0)
		return err_set(err, GRPC_INVALID_ARGUMENT, "-v: \"%s\" is no number",
			       s->options.verbosity);
	log_setup(LOG_FORMAT_TEXT,
		  v < 4 ? LOG_LEVEL_INFO : v < 6 ? LOG_LEVEL_DEBUG : LOG_LEVEL_TRACE, 2);
	s->reactor = reactor_new();
	s->model = sim_setup(&s->options, reactor_wall(s->reactor), &s->local, err);
	if (!s->model)
		return -1;
	sim_world_init(&s->world, s->reactor, s->model);
	s->world.state_path = s->options.state;
	if (s->options.state && s->options.disk_dir)
		return err_set(err, GRPC_INVALID_ARGUMENT, "--state and --disk-dir do not go "
			       "together: disks do not outlive the simulator");
	s->signals = signals_new(s->reactor, stop, ARRAY_SIZE(stop), on_signal, s);
	if (start_disks(s, err) < 0 || load_faults(s, err) < 0 || start_ec2(s, err) < 0 ||
	    start_imds(s, err) < 0)
		return -1;
	return save(s, err);	/* better now than at the end if it cannot be written */
}

/* One line for whoever started it: "ready ec2=tcp://… imds=tcp://… instance=i-…". */
static void announce(const struct sim *s)
{
	printf("ready ec2=%s", http1_server_address(s->http, 0));
	if (s->imds)
		printf(" imds=%s", sim_imds_address(s->imds));
	if (s->local)
		printf(" instance=%s", s->local);
	printf("\n");
	fflush(stdout);
	notify_ready("simulating");
}

static void stop(struct sim *s)
{
	signals_free(s->signals);
	sim_imds_free(s->imds);
	http1_server_free(s->http);
	if (s->model)
		sim_world_fini(&s->world);
	sim_loop_free(s->loop);
	sim_model_free(s->model);
	reactor_free(s->reactor);
}

int main(int argc, char **argv)
{
	struct sim s = { .reactor = NULL };
	struct err err = { 0 };
	int rc = sim_options_parse(&s.options, argc, argv, &err);

	if (rc == 0 && s.options.help) {
		sim_options_help(stdout);
		return 0;
	}
	if (rc == 0 && s.options.version) {
		printf("ebs-csi-sim %s\n", SIM_VERSION);
		return 0;
	}
	if (rc == 0)
		rc = start(&s, &err);
	if (rc == 0) {
		announce(&s);
		reactor_run(s.reactor);
		notify_stopping();
		rc = save(&s, &err);
	}
	if (rc < 0)
		fprintf(stderr, "ebs-csi-sim: %s\n", err_msg(&err));
	stop(&s);
	err_fini(&err);
	return rc < 0;
}
