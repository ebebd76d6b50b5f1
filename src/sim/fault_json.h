/* Fault rules in JSON: the file of --faults and the pages at /_sim/faults. */
#ifndef SIM_FAULT_JSON_H
#define SIM_FAULT_JSON_H

#include "base/buf.h"
#include "base/json.h"
#include "sim/model.h"

/* An object or an array of objects with the members of struct sim_fault: kind
 * (by name), action (wire name), id, probability, skip, count, from_ms,
 * until_ms (from now), delay_ms, http_status, code, message. All or nothing is
 * added. -1 and INVALID_ARGUMENT naming the place ("/2/probability"). */
int sim_fault_json_add(struct sim_model *m, int64_t now, const json_t *faults, struct err *err);

/* {"faults": […]}: the rules in order, with how many calls fitted each ("seen")
 * and how many it hit ("hits"). Times are from now; a rule whose time is over
 * has "over": true. */
void sim_fault_json_list(const struct sim_model *m, int64_t now, struct buf *out);

#endif
