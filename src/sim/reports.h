/* The simulator's pages that only tell: formats in ebs-csi-sim(8).
 *
 *   GET /_sim/state       instances, volumes, attachments
 *   GET /_sim/calls       calls, throttles, errors by action; bucket levels
 *   GET /_sim/times       when each operation was asked for and done; JSON lines
 *   GET /_sim/story/VOL   what happened to one volume, a line each
 *
 * Handlers of http1_dispatch; req->user is the struct sim_world. */
#ifndef SIM_REPORTS_H
#define SIM_REPORTS_H

#include "net/http1.h"

void sim_report_state(struct http1_request *req);
void sim_report_calls(struct http1_request *req);
void sim_report_times(struct http1_request *req);
void sim_report_story(struct http1_request *req);

#endif
