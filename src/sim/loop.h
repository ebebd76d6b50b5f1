/* Real disks behind simulated volumes: one sparse file each, named by the volume
 * id, bound to a loop device of this machine while it is attached to the local
 * instance. The device appears when the attach completes and goes when the
 * detach completes, as an EBS disk does; data stays in the file, and the next
 * attach usually lands on another loop number. Needs root. The ioctls run in the
 * caller's thread; each takes well under a millisecond. */
#ifndef SIM_LOOP_H
#define SIM_LOOP_H

#include "base/err.h"
#include "sim/model.h"

struct sim_loop;

/* dir is made if missing and belongs to the simulator: what an earlier run left
 * in it (vol-* files and their loop devices) is removed. A leftover that is
 * mounted is an error (FAILED_PRECONDITION naming device and file). */
struct sim_loop *sim_loop_new(const char *dir, const char *local_instance, struct err *err);
/* Detaches what is attached and removes the files; devices still in use vanish
 * with their last user. NULL is fine. */
void sim_loop_free(struct sim_loop *l);

/* For sim_model_set_hooks: acts for the local instance only. Attaching returns
 * false (and logs why) while no loop device can be had, detaching while the
 * device is mounted or open. */
void sim_loop_hooks(struct sim_loop *l, struct sim_hooks *ret);

/* "/dev/loop3", or NULL while it is not attached here. */
const char *sim_loop_device(const struct sim_loop *l, const char *volume_id);

#endif
