/* Many wait for one thing that is under way once: waiters are leaf operations,
 * a cancel just takes one off the list. */
#ifndef AWS_FLIGHT_H
#define AWS_FLIGHT_H

#include "base/list.h"
#include "reactor/op.h"

struct flight {
	struct list waiters;
};

struct flight_wait {
	struct op op;
	struct flight *flight;
	struct list link;
};

void flight_init(struct flight *f);
/* `what` shows in dumps. The wait begins as its op starts. */
void flight_wait_init(struct flight_wait *w, struct reactor *r, struct flight *f,
		      const char *what);
/* Ends all waits that have begun; with a copy of err if it is set. */
void flight_land(struct flight *f, const struct err *err);

#endif
