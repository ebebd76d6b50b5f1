/* The file of --profile: latencies, state times, buckets and quotas in JSON. Its
 * format is in ebs-csi-sim(8); conf/sim-ec2.json is the default in full. */
#ifndef SIM_PROFILE_H
#define SIM_PROFILE_H

#include "base/json.h"
#include "sim/model.h"

/* Changes what the profile names, in *c and in *curves (zeroed by the caller), and
 * points c->curves there. -1 and INVALID_ARGUMENT naming the place. */
int sim_profile_apply(const json_t *profile, struct sim_config *c, struct sim_curves *curves,
		      struct err *err);
int sim_profile_load(const char *path, struct sim_config *c, struct sim_curves *curves,
		     struct err *err);

#endif
