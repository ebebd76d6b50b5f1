#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "block/block.h"
#include "cloud.h"
#include "config.h"
#include "csi/csi.h"
#include "csi/descriptor.h"
#include "debug.h"
#include "h2/health.h"
#include "h2/reflection.h"
#include "h2/server.h"
#include "privilege.h"
#include "reactor/notify.h"
#include "reactor/op.h"
#include "reactor/signals.h"
#include "reactor/timer.h"
#include "rpc_log.h"

static const char *const driver_name = "ebs.csi.aws.com";

/* After the calls have been drained: operations that let a running mkfs end. */
#define SETTLE_MS 30000
#define SETTLE_LOOK_MS 20

struct daemon {
	struct config config;
	struct block_helper *helper;	/* until block takes it over */
	struct reactor *reactor;
	struct signals *signals;
	struct cloud *cloud;
	struct block *block;
	struct csi *csi;
	struct grpc_server *server;
	struct grpc_health *health;
	struct grpc_reflection *reflection;
	struct debug *debug;
	struct timer settle;
	int64_t settle_until;
	bool stopping;
	int status;
};

/* ---- the end ---- */

static void on_settle(struct timer *t)
{
	struct daemon *d = container_of(t, struct daemon, settle);

	if (op_count(d->reactor) == 0) {
		reactor_stop(d->reactor);
	} else if (reactor_now(d->reactor) >= d->settle_until) {
		log_warn(AREA_MAIN, "%llu operations did not end; exiting all the same",
			 (unsigned long long)op_count(d->reactor));
		reactor_stop(d->reactor);
	} else {
		timer_arm(t, SETTLE_LOOK_MS);
	}
}

/* No call is left; what they started may still be letting a disk come to rest. */
static void on_drained(void *ctx)
{
	struct daemon *d = ctx;

	if (d->cloud)
		cloud_stop(d->cloud);
	d->settle_until = reactor_now(d->reactor) + SETTLE_MS;
	timer_arm(&d->settle, 0);
}

static void begin_stop(struct daemon *d, const char *why)
{
	if (d->stopping)
		return;
	d->stopping = true;
	log_fields(AREA_MAIN, LOG_LEVEL_INFO, "Stopping", LOG_S("why", why),
		   LOG_I("calls", grpc_server_calls(d->server)));
	notify_stopping();
	grpc_health_shutdown(d->health);
	grpc_server_drain(d->server, d->config.drain_timeout, on_drained, d);
}

static void on_signal(void *ctx, int sig)
{
	struct daemon *d = ctx;

	if (!d->stopping) {
		begin_stop(d, sig == SIGTERM ? "SIGTERM" : "SIGINT");
		return;
	}
	log_warn(AREA_MAIN, "second signal: exiting at once");
	d->status = 1;
	reactor_stop(d->reactor);
}

/* Nothing can be mounted any more, and only a start with privileges mends that. */
static void on_helper_lost(void *ctx, const char *text)
{
	struct daemon *d = ctx;

	log_error(AREA_MAIN, "%s", text);
	d->status = 1;
	begin_stop(d, "the helper is gone");
}

/* ---- the start ---- */

static void set_up_log(const struct config *c)
{
	enum log_level level = c->v >= 6 ? LOG_LEVEL_TRACE :
			       c->v >= 4 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;

	log_setup(cstr_eq(c->logging_format, "json") ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT, level, 2);
	log_fields(AREA_MAIN, LOG_LEVEL_INFO, "Driver Information", LOG_S("Driver", driver_name),
		   LOG_S("Version", config_version()), LOG_S("mode", config_mode_name(c->mode)));
	if (!c->batching)
		log_warn(AREA_MAIN, "--batching=false has no effect: look-ups are always joined");
	if (!cstr_empty(c->extra_volume_tags))
		log_warn(AREA_MAIN, "--extra-volume-tags is deprecated: use --extra-tags");
}

/* First of all: it keeps the privileges that this process gives up. */
static int start_helper(struct daemon *d, struct err *err)
{
	const char *path = d->config.helper;

	if (!(d->config.mode & CONFIG_NODE))
		return 0;
	d->helper = block_helper_start(cstr_empty(path) ? NULL : path, err);
	return d->helper ? 0 : -1;
}

static void build_block(struct daemon *d)
{
	struct block_options opt = {
		.allow_loop = d->config.allow_loop_devices,
		.on_helper_lost = on_helper_lost,
		.ctx = d,
	};

	d->block = block_new(d->reactor, d->helper, &opt);
	d->helper = NULL;
}

static int build_cloud(struct daemon *d, struct err *err)
{
	const struct cloud_options opt = {
		.controller = d->config.mode & CONFIG_CONTROLLER,
		.user_agent_extra = d->config.user_agent_extra,
	};

	d->cloud = cloud_new(d->reactor, &opt, err);
	return d->cloud ? 0 : -1;
}

static int build_csi(struct daemon *d, struct err *err)
{
	const struct config *c = &d->config;
	auto_free char *version = xasprintf("v%s", config_version());
	const struct csi_options opt = {
		.reactor = d->reactor,
		.mode = (enum csi_mode)c->mode,
		.driver_name = driver_name,
		.vendor_version = version,
		.ebs = cloud_ebs(d->cloud),
		.region = cloud_region(d->cloud),
		.cluster_id = c->k8s_tag_cluster_id,
		.extra_tags = c->extra_tags,
		.warn_on_invalid_tag = c->warn_on_invalid_tag,
		.block = d->block,
		.imds = cloud_imds(d->cloud),
		.metadata_sources = c->metadata_sources,
		.volume_attach_limit = c->volume_attach_limit,
		.reserved_attachments = c->reserved_volume_attachments,
		.legacy_xfs = c->legacy_xfs,
	};

	d->csi = csi_new(&opt, err);
	return d->csi ? 0 : -1;
}

static int build_server(struct daemon *d, struct err *err)
{
	const struct grpc_server_options opt = { .on_rpc_done = rpc_log };
	const struct rpc_method *methods;
	size_t n;

	d->server = grpc_server_new(d->reactor, &opt);
	methods = csi_methods(d->csi, &n);
	grpc_server_add(d->server, methods, n);
	d->health = grpc_health_new();
	grpc_health_add_to(d->health, d->server);
	d->reflection = grpc_reflection_new();
	if (grpc_reflection_add_set(d->reflection, csi_descriptor_set, csi_descriptor_set_len,
				    err) < 0 ||
	    grpc_reflection_add_set(d->reflection, grpc_health_descriptor_set,
				    grpc_health_descriptor_set_len, err) < 0)
		return -1;
	grpc_reflection_add_to(d->reflection, d->server);
	return 0;
}

static int listen_all(struct daemon *d, struct err *err)
{
	const struct debug_sources sources = {
		.reactor = d->reactor,
		.ec2 = cloud_ec2(d->cloud),
		.ebs = cloud_ebs(d->cloud),
		.block = d->block,
		.stopping = &d->stopping,
	};

	if (grpc_server_listen(d->server, d->config.endpoint, err) < 0)
		return err_prefix(err, "--endpoint");
	if (cstr_empty(d->config.debug_endpoint))
		return 0;
	d->debug = debug_new(&sources, d->config.debug_endpoint, err);
	return d->debug ? 0 : err_prefix(err, "--debug-endpoint");
}

static int start(struct daemon *d, struct err *err)
{
	static const int list[] = { SIGTERM, SIGINT };

	if (start_helper(d, err) < 0)
		return -1;
	d->reactor = reactor_new();
	timer_init(&d->settle, d->reactor, on_settle);
	if (d->helper)
		build_block(d);
	if (build_cloud(d, err) < 0 || build_csi(d, err) < 0 || build_server(d, err) < 0 ||
	    listen_all(d, err) < 0 || privilege_drop(d->config.user, err) < 0)
		return -1;
	d->signals = signals_new(d->reactor, list, (int)ARRAY_SIZE(list), on_signal, d);
	log_fields(AREA_MAIN, LOG_LEVEL_INFO, "Listening for connections",
		   LOG_S("address", grpc_server_address(d->server, 0)));
	if (d->debug)
		log_fields(AREA_MAIN, LOG_LEVEL_INFO, "Debug server listening",
			   LOG_S("address", debug_address(d->debug)));
	notify_ready("serving");
	return 0;
}

/* A signal that comes in the last moments has nothing left to end: it must not
 * change the exit status. */
static void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* ---- down again ---- */

/* In the order of dependence; also after a start that failed half-way. False when
 * operations still run: what they hold cannot be freed. */
static bool tear_down(struct daemon *d)
{
	debug_free(d->debug);
	if (d->server)
		grpc_server_free(d->server);
	if (!d->reactor)
		return true;
	timer_disarm(&d->settle);
	if (d->cloud)
		cloud_stop(d->cloud);
	reactor_advance(d->reactor, 0);
	if (op_count(d->reactor) > 0)
		return false;
	grpc_health_free(d->health);
	grpc_reflection_free(d->reflection);
	csi_free(d->csi);
	if (d->block)
		block_free(d->block);
	cloud_free(d->cloud);
	hold_signals();
	signals_free(d->signals);
	reactor_free(d->reactor);
	return true;
}

static int run(struct daemon *d)
{
	struct err err = { GRPC_OK, NULL, NULL };

	if (start(d, &err) == 0) {
		reactor_run(d->reactor);
		log_info(AREA_MAIN, "Stopped");
	} else {
		fprintf(stderr, "ebs-csid: %s\n", err_msg(&err));
		d->status = 1;
	}
	if (!tear_down(d))
		_exit(d->status);
	if (d->helper)
		block_helper_free(d->helper);
	err_fini(&err);
	return d->status;
}

int daemon_main(int argc, char **argv)
{
	struct daemon d = { .status = 0 };
	struct err err = { GRPC_OK, NULL, NULL };
	int status = 0;

	if (config_load(&d.config, argc, argv, &err) < 0) {
		fprintf(stderr, "ebs-csid: %s\n", err_msg(&err));
		err_fini(&err);
		status = 1;
	} else if (d.config.help) {
		config_print_help(stdout);
	} else if (d.config.version) {
		config_print_version(stdout);
	} else {
		set_up_log(&d.config);
		status = run(&d);
	}
	config_fini(&d.config);
	return status;
}
