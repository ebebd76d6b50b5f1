/* Inside of the poller: poll.c (watches, when to ask), poll_batch.c (asking). */
#ifndef EBS_POLL_IMPL_H
#define EBS_POLL_IMPL_H

#include "base/map.h"
#include "ebs/pace.h"
#include "ebs/poll.h"

struct poll_entry {
	char *id;
	struct list watches;
	uint64_t found_in;	/* seq of the batch that last found it */
};

struct poller {
	struct reactor *reactor;
	struct ec2 *ec2;
	const struct poll_kind *kind;
	struct map entries;
	struct list batches;
	unsigned int in_flight, looks;	/* batches; those that looks wait for */
	uint64_t seq;
	struct task task;
	struct timer timer;
	struct pace pace;
	bool stopped;
	bool look_due;		/* a look may wait to be asked for */
	int64_t quiet_until;	/* no transition is asked for before: the pace says so */
	uint64_t calls;
};

/* What an answer of batch `seq`, asked for then, says about one id; NULL: it does
 * not exist. */
void poll_deliver(struct poller *p, const char *id, const void *item, uint64_t seq,
		  int64_t asked);
/* The call failed as a whole. */
void poll_fail_id(struct poller *p, const char *id, uint64_t seq, const struct err *err);
/* Asks for these ids; copies them and leaves out those nobody waits for any
 * more. look: a look waits for the answer. */
void poll_start_batch(struct poller *p, const char **ids, size_t n, bool look);
void poll_cancel_batches(struct poller *p);

#endif
