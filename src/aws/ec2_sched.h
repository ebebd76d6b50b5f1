/* The EC2 scheduler: who may call next. Every call holds a ticket; a ticket
 * ends when its call may be sent, and the answer is reported on it.
 *
 * Buckets. EC2 refuses calls by token buckets that we cannot see, shared with
 * everybody else in the account. Each has a model (ec2_bucket.h) that is right
 * about one thing: when a call is throttled the bucket was empty just then. So:
 *
 *  - Start: the published defaults are what an account has at least. So many
 *    calls go out at once: four at first, one more under way for each granted,
 *    so that a bucket that others have emptied costs few refusals; beyond them
 *    first one call more than the model allows, then four, sixteen ... as long
 *    as none is refused: a raised limit or none at all is found within a few
 *    round trips, a default one with one refused call.
 *  - First refusal: how far we got over what the default would have given tells
 *    by how much the limits are raised or lowered; capacity and refill both.
 *  - Then draw at exactly the learned rate. What was granted between two
 *    refusals over the time between them is the refill exactly, whoever else
 *    draws. After each refusal we wait until a few tokens have gathered (tokens
 *    are lost only when a bucket is full), or jitter of the network would turn
 *    most calls at the edge into refusals.
 *  - Every two hundred calls, and not more than once in twenty seconds, we
 *    search for the edge: single calls beyond the model, each right behind one
 *    that the model allows, until one is refused. That costs about one refusal
 *    and measures the rate again. While none is refused a sixth of what was
 *    found may be under way at once: what others have left or a raised limit
 *    gives is taken up within seconds. Ten found or more means that something
 *    has changed: the rate is guessed as at the first refusal, and the next
 *    searches come after ten calls, twenty, forty ...
 *  - Refusals in quick succession: the limit was lowered, or others draw; the
 *    rate measured over the last ten calls and more takes its place.
 *
 *    Refused at default limits: about one call in 150; total time as if we knew
 *    the bucket. A refused call goes back to its place at the head. Why a search
 *    and no drift or AIMD: ARCHITECTURE.md.
 *
 * Order. One queue per action, first come first served. Among actions that may
 * send now, stride scheduling by the weight of the action's class (the WEIGHT_
 * table in ec2_sched.c): detach first, then the look-ups that others wait for,
 * attach, delete, create, modify. In the bucket that attach, detach and modify
 * share each gets its share whatever the others queue, which is the ageing: a
 * class of weight w waits at most (sum of weights)/w of what it would alone. An
 * idle class saves nothing up.
 *
 * Bounds. At most EC2_IN_FLIGHT_MAX calls under way, the size of the connection
 * pool. When EC2 does not answer at all, one call at a time asks again, and
 * what has waited EC2_DOWN_MS meanwhile fails with UNAVAILABLE. */
#ifndef AWS_EC2_SCHED_H
#define AWS_EC2_SCHED_H

#include "aws/ec2_bucket.h"
#include "aws/ec2_types.h"
#include "base/buf.h"
#include "base/list.h"
#include "reactor/op.h"

#define EC2_IN_FLIGHT_MAX 64
#define EC2_DOWN_MS 10000

struct ec2_sched;

/* A leaf: waits in the queue. Zeroed before the first use; initialised again for
 * the next attempt it keeps its place. */
struct ec2_ticket {
	struct op op;
	struct ec2_sched *sched;
	struct list link;
	uint64_t place;		/* 0: none yet */
	int64_t queued_at;	/* first */
	enum ec2_action action;
	bool granted;		/* drawn and not reported yet */
	struct ec2_draw draw;
};

enum ec2_outcome {
	EC2_ANSWERED,	/* anything but a throttle */
	EC2_THROTTLED,
	EC2_UNANSWERED,	/* no connection, reset, time-out */
	EC2_UNSENT,	/* given back */
};

struct ec2_sched *ec2_sched_new(struct reactor *r);
void ec2_sched_free(struct ec2_sched *s);	/* no ticket is queued or granted */

void ec2_ticket_init(struct ec2_ticket *t, struct ec2_sched *s, enum ec2_action action);
/* why: for EC2_UNANSWERED, what happened; else NULL. */
void ec2_ticket_report(struct ec2_ticket *t, enum ec2_outcome outcome, const char *why);

/* Calls per second this action's bucket is believed to give. */
double ec2_sched_rate(const struct ec2_sched *s, enum ec2_action action);
/* {"buckets": {...}, "queues": {...}} without the braces around it: what is
 * learned of each bucket (rate a second, burst, level now, answers' latency,
 * whether the edge is being searched for and in how many calls it next will be),
 * and for each action how many wait, how long the head has waited, the median of
 * the last 64 waits and the longest of all, what was granted and throttled. */
void ec2_sched_dump(const struct ec2_sched *s, struct buf *out);

#endif
