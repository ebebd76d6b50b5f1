/* Any bytes into any method: the first byte chooses the method (its place in the
 * table of csi_methods), the rest is the request. Each run has its own simulated
 * EC2 with one volume and one instance, and a block layer that does nothing. The
 * call must end, and all of it must be released. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "csi/csi.h"
#include "csi/csi.pb-c.h"
#include "ebs/ebs.h"
#include "sim/sim_transport.h"
#include "tests/lib/fake_block.h"
#include "tests/lib/fake_rpc.h"

#define WALL INT64_C(1700000000000)
#define DEADLINE_MS 120000

struct world {
	struct reactor *reactor;
	struct sim_model *model;
	struct sim_transport *transport;
	struct ec2 *ec2;
	struct ebs *ebs;
	struct fake_block block;
	struct csi *csi;
	const struct rpc_method *methods;
	size_t n_methods;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void swallow(enum log_area area, enum log_level level, const char *line)
{
	(void)area;
	(void)level;
	(void)line;
}

static void set_up_once(void)
{
	static int done;

	if (done)
		return;
	done = 1;
	log_set_hook(swallow);
	setenv("AWS_INSTANCE_ID", "i-0123456789abcdef0", 1);
	setenv("AWS_INSTANCE_TYPE", "m5.large", 1);
	setenv("AWS_AVAILABILITY_ZONE", "us-east-1a", 1);
}

static void finish(struct world *w, struct fake_rpc *r)
{
	for (int i = 0; i < 200 && !r->done; i++)
		reactor_advance(w->reactor, 1000);
	assert(r->done);
	assert(err_is_set(&r->err) ? r->err.code != GRPC_UNKNOWN : true);
	reactor_settle(w->reactor);
	fake_rpc_free(r);
}

/* Something the requests of the corpus can refer to. */
static void make_volume(struct world *w)
{
	Csi__V1__VolumeCapability__AccessMode mode =
		CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
	Csi__V1__VolumeCapability__MountVolume mount =
		CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
	Csi__V1__VolumeCapability cap = CSI__V1__VOLUME_CAPABILITY__INIT, *caps = &cap;
	Csi__V1__CreateVolumeRequest req = CSI__V1__CREATE_VOLUME_REQUEST__INIT;

	mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
	cap.access_mode = &mode;
	cap.mount = &mount;
	cap.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	req.name = (char *)"fuzz";
	req.volume_capabilities = &caps;
	req.n_volume_capabilities = 1;
	finish(w, fake_rpc_call(w->reactor, w->methods, w->n_methods,
				"/csi.v1.Controller/CreateVolume", &req.base, DEADLINE_MS));
}

static void world_init(struct world *w)
{
	struct sim_instance_spec spec = { .id = "i-0123456789abcdef0", .zone = "us-east-1c" };
	struct csi_options opt = { .mode = CSI_ALL, .metadata_sources = "env" };
	struct sim_config conf;

	sim_config_instant(&conf);
	conf.epoch_ms = WALL;
	w->reactor = reactor_new_virtual(WALL);
	w->model = sim_model_new(&conf, NULL);
	w->transport = sim_transport_new(w->reactor, w->model);
	w->ec2 = ec2_new(w->reactor, sim_transport_ec2(w->transport));
	w->ebs = ebs_new(w->reactor, w->ec2, NULL);
	fake_block_init(&w->block, w->reactor);
	sim_model_add_instance(w->model, 0, &spec, NULL);
	opt.reactor = w->reactor;
	opt.ebs = w->ebs;
	opt.block = (struct block *)(void *)&w->block;
	w->csi = csi_new(&opt, NULL);
	assert(w->csi);
	w->methods = csi_methods(w->csi, &w->n_methods);
	make_volume(w);
}

static void world_fini(struct world *w)
{
	csi_free(w->csi);
	ebs_stop(w->ebs);
	for (int i = 0; i < 100 && !ebs_idle(w->ebs); i++)
		reactor_advance(w->reactor, 1000);
	assert(ebs_idle(w->ebs));
	reactor_advance(w->reactor, 1000);
	ebs_free(w->ebs);
	ec2_free(w->ec2);
	sim_transport_free(w->transport);
	sim_model_free(w->model);
	fake_block_fini(&w->block);
	reactor_free(w->reactor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct world w = {0};
	const char *path;

	set_up_once();
	if (n == 0)
		return 0;
	world_init(&w);
	path = w.methods[data[0] % w.n_methods].path;
	finish(&w, fake_rpc_bytes(w.reactor, w.methods, w.n_methods, path,
				  str_n((const char *)data + 1, n - 1), DEADLINE_MS));
	world_fini(&w);
	return 0;
}
