/* The model on a real clock: model time is the reactor's since the start, and its
 * events are carried out when they are due. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "reactor/timer.h"
#include "sim/model.h"

struct sim_world {
	struct reactor *reactor;
	struct sim_model *model;
	int64_t zero;		/* reactor_now() at model time 0 */
	struct timer next;
	const char *state_path;	/* the owner's: where POST /_sim/save writes; or NULL */
};

/* The model is the caller's: new, with reactor_wall() as its epoch, or from a
 * snapshot and brought to the present; its time goes on from where it is. */
void sim_world_init(struct sim_world *w, struct reactor *r, struct sim_model *m);
void sim_world_fini(struct sim_world *w);
int64_t sim_world_now(const struct sim_world *w);
/* After everything that may have changed what is due next. */
void sim_world_touch(struct sim_world *w);

#endif
