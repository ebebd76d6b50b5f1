/* What the node knows about itself: instance, type, zone. Asked of the sources in
 * their order when first needed; the first that knows everything counts from then
 * on. Only the number of network interfaces is asked again. */
#ifndef CSI_METADATA_H
#define CSI_METADATA_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/imds.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"
#include "reactor/op.h"

struct metadata;

#define METADATA_FRESH_MS 5000	/* so long an answer is not asked again */
#define METADATA_FAILED_MS 1000	/* nor a failure */

struct metadata_info {
	const char *instance_id;
	const char *instance_type;
	const char *zone;
	const char *outpost_arn;	/* NULL: not on an Outpost */
	int64_t interfaces;		/* network interfaces attached now */
	int64_t volumes;		/* EBS volumes of the launch besides the root disk */
};

/* sources: "imds", "env" with commas between; NULL: both in this order. imds NULL,
 * AWS_EC2_METADATA_DISABLED=true or a CSI_NODE_NAME of HyperPod: without IMDS.
 * NULL and err for a source that is none. */
struct metadata *metadata_new(struct reactor *r, struct imds *imds, const char *sources,
			      struct err *err);
void metadata_free(struct metadata *m);	/* no metadata_get active; NULL is fine */
/* After a metadata_get has ended well; belongs to m. */
const struct metadata_info *metadata_info(const struct metadata *m);

/* Ends well when metadata_info() may be used. UNAVAILABLE when no source works,
 * telling for each why. Several at once share one asking. */
struct metadata_get {
	struct op op;
	struct metadata *metadata;
	struct op_gate gate;		/* while another one asks */
	struct list link;		/* on the waiting ones */
	struct imds_instance_info imds;
	struct imds_get macs;
	size_t source;			/* the one being tried */
	struct buf tried;		/* what the others said */
};
void metadata_get_init(struct metadata_get *g, struct metadata *m);

/* Hardware addresses in the listing IMDS answers, one a line. */
int64_t metadata_count_macs(struct str listing);

#endif
