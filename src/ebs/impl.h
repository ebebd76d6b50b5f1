/* What the files of this folder share and others must not see. */
#ifndef EBS_IMPL_H
#define EBS_IMPL_H

#include "aws/retry.h"
#include "base/map.h"
#include "ebs/device_names.h"
#include "ebs/ebs.h"
#include "ebs/job.h"
#include "ebs/memo.h"
#include "ebs/poll.h"

/* A Describe may show what was so long ago; usually less than a second. */
#define VIEW_LAG_MS 3000
/* What EC2 has not come to show after so long is not there. */
#define SETTLE_MS 15000

struct ebs {
	struct reactor *reactor;
	int64_t started;
	struct ec2 *ec2;
	struct poller *volumes;
	struct poller *instances;
	struct device_names names;

	struct map jobs;	/* key: those that take seats */
	struct map by_volume;	/* volume id: struct list of jobs */
	struct list all_jobs;
	size_t n_jobs;
	size_t n_superseded;	/* and not ended yet */
	size_t n_gated;		/* that wait for older ones */
	int64_t linger_ms;
	bool stopped;

	/* Hints (memo.h): verified, or harmless when wrong. */
	struct memo created;	/* CSI name and inputs: the volume made of them */
	struct memo tokens;	/* CSI name: number of the client token to use */
	struct memo deleted;	/* volume ids */
	struct memo young;	/* volume ids made here lately */
	struct memo detached;	/* "volume node": attach time of what has ended */
	struct memo max_iops;	/* type and place: what EC2 has told */

	/* The latest time EC2 has told, and when that was (ebs_clock). */
	int64_t ec2_told, ec2_told_at;

	/* Zones to choose from when the caller does not care. */
	const char **zones;	/* sorted */
	size_t n_zones;
	struct arena zones_arena;
	int64_t zones_at;
	struct zones_call *zones_call;	/* the one under way */
	struct list zone_waiters;
};

/* 64 hexadecimal digits of the text's SHA-256, as a client token may be. */
const char *ebs_digest(struct arena *a, const char *text);

/* Waits for e->zones to be filled in; one call for all who wait. A leaf. */
struct zones_wait {
	struct op op;
	struct ebs *ebs;
	struct list link;
};
void zones_wait_init(struct zones_wait *w, struct ebs *e);
void zones_stop(struct ebs *e);
/* The same one for the same name, whatever order EC2 lists them in. */
const char *zones_pick(const struct ebs *e, const char *name);

static inline int64_t ebs_now(const struct ebs *e)
{
	return reactor_now(e->reactor);
}

/* At that time, which has passed, not every view of EC2 needed to know the volume. */
bool ebs_is_young(const struct ebs *e, const char *volume_id, int64_t at);

/* At that time this controller had just begun: what another one, dead by now, had
 * asked of EC2 may have taken effect later. */
bool ebs_is_new_here(const struct ebs *e, int64_t at);

/* EC2's clock, of which its attach times are: it is this late at least; 0 when
 * EC2 has told no time yet. Our own wall clock may be off by hours. */
int64_t ebs_clock(const struct ebs *e);
void ebs_clock_saw(struct ebs *e, int64_t ec2_ms);	/* 0: not told */

/* A volume as an operation on it for one instance sees it. */
struct volume_view {
	bool exists;
	bool multi;		/* multi-attach */
	char status[16];	/* of the volume */
	char here[16];		/* attachment to the instance; "" none */
	char device[DEVICE_NAME_SIZE];
	int64_t attach_time;	/* ms since 1970, 0: not told */
	char holder[96];	/* another instance it is attached or attaching to */
	bool leaving;		/* it is being detached from another instance */
};
/* v NULL: does not exist. instance_id NULL: all attachments are others. */
void volume_view_read(struct volume_view *view, const struct ec2_volume *v,
		      const char *instance_id);
void volume_copy(struct arena *a, struct ec2_volume *to, const struct ec2_volume *from);

#endif
