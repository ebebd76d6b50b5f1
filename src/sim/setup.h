/* From option texts to the simulated region. */
#ifndef SIM_SETUP_H
#define SIM_SETUP_H

#include "sim/model.h"
#include "sim/options.h"

/* A model with its instances; *local is the local instance's id (the model's
 * memory) or NULL when there is no instance. NULL and INVALID_ARGUMENT naming the
 * option. */
struct sim_model *sim_setup(const struct sim_options *o, int64_t wall, const char **local,
			    struct err *err);

#endif
