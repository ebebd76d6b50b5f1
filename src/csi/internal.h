/* What the parts of the CSI layer share. */
#ifndef CSI_INTERNAL_H
#define CSI_INTERNAL_H

#include "base/arena.h"
#include "base/str.h"
#include "block/block.h"
#include "csi/caps.h"
#include "csi/csi.h"
#include "csi/csi.pb-c.h"
#include "csi/inflight.h"
#include "csi/metadata.h"
#include "csi/pb.h"
#include "csi/tags.h"
#include "ebs/ebs.h"

#define CSI_DRIVER_NAME "ebs.csi.aws.com"
#define CSI_PUBLISH_DEVICE "devicePath"		/* keys of publish_context */
#define CSI_PUBLISH_VOLUME "volumeID"
#define CSI_PARTITION "partition"		/* key of volume_context */

struct csi_bound;

struct csi {
	struct reactor *reactor;
	enum csi_mode mode;
	const char *driver;
	const char *version;
	struct ebs *ebs;
	struct block *block;
	struct tag_rules tags;
	struct metadata *metadata;	/* NULL without the node service */
	struct inflight inflight;	/* of node RPCs */
	int64_t volume_attach_limit;
	int64_t reserved_attachments;
	bool legacy_xfs;
	struct arena arena;		/* strings above, methods, bound */
	struct rpc_method *methods;
	size_t n_methods;
};

/* Answers with rpc_reply, rpc_fail or rpc_run. req has the method's input type. */
typedef void csi_handler(struct csi *c, struct rpc *rpc, const ProtobufCMessage *req);

csi_handler identity_info, identity_capabilities, identity_probe;
csi_handler ctl_capabilities, ctl_create_volume, ctl_delete_volume, ctl_publish, ctl_unpublish,
	ctl_validate;
csi_handler node_stage, node_unstage, node_publish, node_unpublish, node_stats, node_capabilities,
	node_info;

/* rpc_fail, and err is released. */
void csi_fail(struct rpc *rpc, struct err *err);
/* INVALID_ARGUMENT "<field> is missing" when s is empty. */
int csi_require(const char *s, const char *field, struct err *err);
/* An encode function for responses without fields. */
void csi_reply_empty(struct rpc *rpc, struct op *root);

#endif
