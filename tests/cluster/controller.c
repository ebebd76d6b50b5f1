#include "controller.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "cluster.h"

void controller_init(struct controller *ctl, struct cluster *c, bool bytes)
{
	ctl->cluster = c;
	ctl->reactor = c->reactor;
	ctl->seam = seam_new(c->reactor, c->model, bytes);
	list_init(&ctl->calls);
}

void controller_start(struct controller *ctl)
{
	struct csi_options opt = { .reactor = ctl->reactor, .mode = CSI_CONTROLLER };
	struct err err = {0};

	if (ctl->up)
		return;
	seam_set_reachable(ctl->seam, true);
	ctl->ec2 = ec2_new(ctl->reactor, seam_open(ctl->seam));
	ctl->ebs = ebs_new(ctl->reactor, ctl->ec2, NULL);
	opt.ebs = ctl->ebs;
	ctl->csi = csi_new(&opt, &err);
	if (!ctl->csi) {
		fprintf(stderr, "the controller does not start: %s\n", err_msg(&err));
		abort();
	}
	ctl->methods = csi_methods(ctl->csi, &ctl->n_methods);
	ctl->up = true;
	ctl->lives++;
}

/* The outside sees the death first: neither a client nor EC2 notices what the
 * rest of the code does while its memory is taken apart. */
void controller_kill(struct controller *ctl)
{
	if (!ctl->up)
		return;
	ctl->up = false;
	seam_set_reachable(ctl->seam, false);
	list_for_each(l, &ctl->calls)
		call_lose(list_entry(l, struct call, link));
	ebs_stop(ctl->ebs);
	reactor_settle(ctl->reactor);
	if (!ebs_idle(ctl->ebs))
		controller_broke(ctl, "something runs on after the end", "ebs_stop");
	csi_free(ctl->csi);
	ebs_free(ctl->ebs);
	ec2_free(ctl->ec2);
	seam_close(ctl->seam);
}

void controller_fini(struct controller *ctl)
{
	controller_kill(ctl);
	if (!list_empty(&ctl->calls))
		controller_broke(ctl, "an RPC never ended", "");
	seam_free(ctl->seam);
}

const struct rpc_method *controller_method(const struct controller *ctl, const char *path)
{
	for (size_t i = 0; i < ctl->n_methods; i++)
		if (strcmp(ctl->methods[i].path, path) == 0)
			return &ctl->methods[i];
	fprintf(stderr, "no method %s\n", path);
	abort();
}

void controller_broke(struct controller *ctl, const char *rule, const char *what)
{
	cluster_fail(ctl->cluster, NULL, rule, "%s", what);
}
