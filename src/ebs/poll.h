/* The resource table of one kind (volumes, instances) and its poller: one entry
 * for each id somebody waits for, one Describe for all of them.
 *
 * A watch waits until its check is content with what EC2 says about the id. A
 * look (TRANSITION_LOOK) is content with the first answer to a question asked
 * after it began. Looks go out at once when no look of the kind is under way
 * and are merged while one is. Watches of a transition are looked at first when
 * the learned time of that transition makes an end likely, then often while
 * young, seldom when old, within the poller's credit (poll.c).
 *
 * One bad id never decides for another: when EC2 refuses a list, the ids it
 * names are asked for apart from the others, and where the text does not tell
 * them apart the list is cut in halves. A call that fails as a whole settles
 * nothing for a transition; a look fails with it. */
#ifndef EBS_POLL_H
#define EBS_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/ec2.h"
#include "base/list.h"
#include "reactor/op.h"

struct poller;
struct poll_entry;
struct watch;

enum transition {
	TRANSITION_LOOK,	/* no transition: what is there now */
	TRANSITION_CREATING,
	TRANSITION_ATTACHING,
	TRANSITION_DETACHING,
	TRANSITION_COUNT
};

enum watch_verdict {
	WATCH_ON,	/* ask again */
	WATCH_DONE,	/* the watch ends well */
	WATCH_FAILED,	/* it ends with op.err, which the check has set */
};

/* What EC2 says about an id: item is a struct ec2_volume / ec2_instance that
 * lives during the call only, NULL when EC2 knows no such id. Must not start or
 * end anything. */
typedef enum watch_verdict watch_check(struct watch *w, const void *item);

/* A leaf op. A cancel just unlinks it. */
struct watch {
	struct op op;
	struct poller *poller;
	const char *id;		/* caller's, lives as long as the op */
	enum transition transition;
	watch_check *check;
	uint32_t looks;		/* answers seen, the one being checked included */
	int64_t asked;		/* when the question to the last of them was put: it
				   tells of then or later, not of now */
	/* The table's own. */
	struct poll_entry *entry;
	struct list link;
	uint64_t seq;		/* answers to questions put later count */
	int64_t since;		/* began */
	int64_t due;		/* not asked before */
	uint32_t failures;	/* calls in a row that failed as a whole */
};

void watch_init(struct watch *w, struct poller *p, const char *id,
		enum transition transition, watch_check *check);

struct poll_kind {
	const char *name;
	enum ec2_action action;
	size_t max_ids;		/* in one call */
	const char *not_found;	/* EC2's code for an id that does not exist */
	/* Fills in the ids, and the token of a further page if it is not NULL. */
	void (*ask)(struct ec2_request *req, const char **ids, size_t n, const char *token);
	/* Calls found() for each item of an answer; returns the next page's token. */
	const char *(*each)(const struct ec2_response *resp,
			    void (*found)(void *ctx, const char *id, const void *item),
			    void *ctx);
};

extern const struct poll_kind poll_volumes;	/* struct ec2_volume */
extern const struct poll_kind poll_instances;	/* struct ec2_instance */

struct poller *poller_new(struct reactor *r, struct ec2 *ec2, const struct poll_kind *kind);
void poller_free(struct poller *p);	/* no watch, no call is active */
void poller_stop(struct poller *p);	/* cuts off the calls under way */
bool poller_idle(const struct poller *p);
/* How many operations run that this poller's transitions belong to: the more,
 * the fewer calls each may cost. */
void poller_set_load(struct poller *p, size_t operations);
void poller_dump_json(const struct poller *p, struct buf *out);

#endif
