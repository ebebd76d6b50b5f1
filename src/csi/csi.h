/* The CSI services: what the daemon creates and hands to the gRPC server. */
#ifndef CSI_CSI_H
#define CSI_CSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "h2/rpc.h"
#include "reactor/reactor.h"

struct block;
struct csi;
struct ebs;
struct imds;

/* Which services answer; Identity always does. */
enum csi_mode {
	CSI_CONTROLLER = 1,
	CSI_NODE = 2,
	CSI_ALL = CSI_CONTROLLER | CSI_NODE,
};

/* Everything pointed to outlives the csi. Zeroed members mean "not given". */
struct csi_options {
	struct reactor *reactor;
	enum csi_mode mode;
	const char *driver_name;	/* NULL: ebs.csi.aws.com */
	const char *vendor_version;	/* as GetPluginInfo says: "v0.1.0" */

	/* Controller. */
	struct ebs *ebs;
	const char *region;		/* for Outpost ARNs of existing volumes; may be NULL */
	const char *cluster_id;		/* --k8s-tag-cluster-id; NULL or "": none */
	const char *extra_tags;		/* --extra-tags: "k=v,k=v" */
	bool warn_on_invalid_tag;	/* --warn-on-invalid-tag */

	/* Node. */
	struct block *block;
	struct imds *imds;		/* NULL: the environment only */
	const char *metadata_sources;	/* --metadata-sources: "imds,env"; NULL: both */
	int64_t volume_attach_limit;	/* --volume-attach-limit; negative: computed */
	int64_t reserved_attachments;	/* --reserved-volume-attachments; negative: computed */
	bool legacy_xfs;		/* --legacy-xfs */
};

/* NULL and err for options that cannot work: a mode without what it needs,
 * extra tags that are malformed or reserved, unknown metadata sources. */
struct csi *csi_new(const struct csi_options *opt, struct err *err);
/* No call may be running. NULL is fine. */
void csi_free(struct csi *c);

/* The table for grpc_server_add; belongs to c. RPCs of CSI that are not built, or
 * not of this mode, are in it and answer UNIMPLEMENTED with a reason. */
const struct rpc_method *csi_methods(struct csi *c, size_t *n);

#endif
