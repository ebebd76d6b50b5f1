/* Where volumes and nodes are, as topology segments say it. */
#ifndef CSI_TOPOLOGY_H
#define CSI_TOPOLOGY_H

#include "base/arena.h"
#include "base/err.h"
#include "csi/csi.pb-c.h"
#include "ebs/ebs.h"

#define TOPOLOGY_ZONE_KEY "topology.kubernetes.io/zone"
#define TOPOLOGY_ZONE_ID_KEY "topology.k8s.aws/zone-id"
#define TOPOLOGY_OS_KEY "kubernetes.io/os"

/* A requirement has at most so many terms. */
#define TOPOLOGY_TERMS_MAX 1000

struct topology_terms {
	struct ebs_zone_term *v;
	size_t n;
};

/* The terms a volume may go to, best first: preferred, then requisite, each once.
 * All values of a term come from the same topology. Segments of other keys are
 * passed over, and so are terms that name no place; none left means "anywhere".
 * INVALID_ARGUMENT for an Outpost that is named in part only. req may be NULL. */
int topology_terms(struct arena *a, const char *driver, const Csi__V1__TopologyRequirement *req,
		   struct topology_terms *ret, struct err *err);

struct topology_outpost {
	const char *partition, *region, *account_id, *id;	/* id: "op-…" */
};

/* Takes arn:PARTITION:outposts:REGION:ACCOUNT:outpost/ID apart; 0 or -1. */
int topology_parse_outpost(struct arena *a, const char *arn, struct topology_outpost *ret);

/* accessible_topology of a volume: the zone, and the Outpost if there is one. */
Csi__V1__Topology *topology_of_volume(struct arena *a, const char *driver, const char *zone,
				      const char *outpost_arn);
/* accessible_topology of a node: both zone keys, the system, the Outpost. */
Csi__V1__Topology *topology_of_node(struct arena *a, const char *driver, const char *zone,
				    const char *outpost_arn);

#endif
