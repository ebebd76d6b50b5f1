/* Many wait for one thing that is under way once: waiters are leaf operations,
 * a cancel just takes one off the list. */
#ifndef AWS_FLIGHT_H
#define AWS_FLIGHT_H

#include "base/list.h"
#include "reactor/op.h"

struct flight {
	struct list waiters;
	unsigned int landings;
	struct err last;	/* how the last one ended */
};

struct flight_wait {
	struct op op;
	struct flight *flight;
	struct list link;
	unsigned int landings;	/* at init */
};

void flight_init(struct flight *f);
void flight_fini(struct flight *f);	/* nobody may wait */
/* For the next landing from now on; the caller starts w->op at once. `what`
 * shows in dumps. */
void flight_wait_init(struct flight_wait *w, struct reactor *r, struct flight *f,
		      const char *what);
/* Ends all waits; with a copy of err if it is set. */
void flight_land(struct flight *f, const struct err *err);

#endif
