/* The controller under test: every layer of the daemon between its two seams,
 * from CSI request bytes down to single EC2 calls. It can die at any moment. */
#ifndef CLUSTER_CONTROLLER_H
#define CLUSTER_CONTROLLER_H

#include "csi/csi.h"
#include "ebs/ebs.h"
#include "seam.h"

struct cluster;

struct controller {
	struct cluster *cluster;
	struct reactor *reactor;
	struct seam *seam;
	struct ec2 *ec2;
	struct ebs *ebs;
	struct csi *csi;
	const struct rpc_method *methods;
	size_t n_methods;
	struct list calls;	/* of struct call, also those of the dead */
	bool up;
	unsigned int lives;	/* how often it was started */
};

/* bytes: calls of EC2 go as such. */
void controller_init(struct controller *ctl, struct cluster *c, bool bytes);
void controller_start(struct controller *ctl);
/* Dies with all its memory: clients lose their connections, nothing of it calls
 * EC2 any more, what is on the wire stays there. No-op while down. */
void controller_kill(struct controller *ctl);
void controller_fini(struct controller *ctl);

const struct rpc_method *controller_method(const struct controller *ctl, const char *path);
/* It broke a rule that needs no volume to be told. */
void controller_broke(struct controller *ctl, const char *rule, const char *what);

#endif
