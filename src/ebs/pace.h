/* How often the poller of transitions may ask. Arithmetic only; times in ms.
 *
 * First look: each transition has a learned time before which only few ends
 * come. It shrinks when a first look finds an end, grows a little when it does
 * not: of ends that come singly about one in twenty is found by the first look.
 * Lessons are limited by time, not counted by ends: hundreds that began together
 * would else drive it far up while they end, and those after them be late.
 *
 * Afterwards: a watch is due every PACE_GAP_MS while it is young, then the more
 * seldom the older it gets.
 *
 * Price: what counts is calls, not ids. A few watches may be looked at whenever
 * they are due, while nothing big goes on. Beyond that calls are paid from a credit which each beginning
 * transition adds to, the less the more operations are in progress: with 100 or
 * more, less than a tenth of a call each. Without credit there is a call every
 * one and a half seconds. A life of three transitions costs 0.3 to 0.4 calls so,
 * below the half that is budgeted.
 * And calls keep the distance at which half of what the bucket refills is left
 * for others. */
#ifndef EBS_PACE_H
#define EBS_PACE_H

#include <stddef.h>

#include "ebs/poll.h"

#define PACE_GAP_MS 200

struct pace {
	size_t active;		/* transitions being watched */
	double peak;		/* operations in progress lately */
	size_t load;
	int64_t peak_at;
	double credit;
	int64_t at;
	int64_t last;		/* call */
	double first[TRANSITION_COUNT];
	double typical[TRANSITION_COUNT];
	int64_t learned_at[TRANSITION_COUNT];	/* last change of the above */
	int64_t grown_at[TRANSITION_COUNT], shrunk_at[TRANSITION_COUNT];
};

void pace_init(struct pace *p, int64_t now);
const char *pace_name(enum transition t);
void pace_set_load(struct pace *p, size_t operations, int64_t now);
/* A transition begins to be watched; ms until the first look. */
int64_t pace_begin(struct pace *p, enum transition t, int64_t now);
/* Ms until the next look at one of this age. */
int64_t pace_interval(const struct pace *p, enum transition t, int64_t age);
/* It has ended now, after so many ms and looks. */
void pace_learn(struct pace *p, enum transition t, int64_t age, uint32_t looks, int64_t now);
/* Ms until a call may be made; rate is what its bucket gives a second. */
int64_t pace_wait(struct pace *p, int64_t now, double rate);
void pace_spend(struct pace *p, int64_t now, bool free_of_charge);
void pace_dump(const struct pace *p, struct buf *out);	/* members of an object */

#endif
