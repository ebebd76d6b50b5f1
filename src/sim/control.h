/* The simulator's own endpoints, beside EC2's. Those that only tell are in
 * reports.h; the rest:
 *
 *   GET    /_sim/faults       the list of them, with hits
 *   POST   /_sim/faults       adds faults: an object or an array of them
 *   DELETE /_sim/faults       drops all
 *   POST   /_sim/reset        forgets volumes, tokens, faults, counters
 *   POST   /_sim/save         writes the state to the file of --state
 *   POST   /_sim/instances    adds one: {"id", "type", "zone", "enis"}
 *   PUT    /_sim/instances/ID {"state": "stopped"}
 *
 * Errors are 4xx with one line of text. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "net/http1.h"
#include "sim/world.h"

/* True when the path is one of ours; then req is answered. */
bool sim_control_handle(struct sim_world *w, struct http1_request *req);

#endif
