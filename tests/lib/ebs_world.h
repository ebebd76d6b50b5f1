/* The volume operations on the simulated EC2, in virtual time: what the tests of
 * src/ebs share. Asserts by itself where a helper cannot do its job. */
#ifndef TESTS_LIB_EBS_WORLD_H
#define TESTS_LIB_EBS_WORLD_H

#include "ebs/ebs.h"
#include "sim/model.h"
#include "sim/sim_transport.h"

#define WORLD_NODES 8

struct world {
	struct reactor *r;
	struct sim_config config;
	struct sim_model *model;
	struct sim_transport *transport;
	struct ec2 *ec2;
	struct ebs *ebs;
	struct arena arena;
	const char *node[WORLD_NODES];	/* instances, all in the first zone */
};

/* tweak may change the configuration before the model is made; NULL: none. */
struct world *world_new(void (*tweak)(struct sim_config *c));
void world_free(struct world *w);	/* stops what runs */
/* A crash: everything above the transport is made anew. */
void world_restart(struct world *w);

void world_fault(struct world *w, enum sim_fault_kind kind, int action, int64_t count,
		 int64_t delay_ms);
/* Any error by code, before the action is carried out. */
void world_refuse(struct world *w, enum ec2_action action, int64_t count, const char *code,
		  const char *text);
uint64_t world_calls(const struct world *w, enum ec2_action a);
uint64_t world_mutating(const struct world *w);
uint64_t world_describes(const struct world *w);
uint64_t world_throttled_mutating(const struct world *w);
/* Volumes that exist and are no root volumes; of this CSI name unless NULL. */
size_t world_volumes(const struct world *w, const char *name);

/* Starts an operation; its end can be seen by op_ended(). */
void world_create(struct world *w, struct ebs_create_volume *cv, const char *name);
void world_delete(struct world *w, struct ebs_delete_volume *dv, const char *volume);
void world_attach(struct world *w, struct ebs_attach *at, const char *volume,
		  const char *node);
void world_detach(struct world *w, struct ebs_detach *dt, const char *volume,
		  const char *node);
/* Advances until op has ended, ten minutes at most; its gRPC code. */
enum grpc_code world_await(struct world *w, struct op *op);

/* Start, await, op_fini; the code. The text of a failure is kept in world_text. */
enum grpc_code world_run_create(struct world *w, const char *name, char volume[32]);
enum grpc_code world_run_delete(struct world *w, const char *volume);
enum grpc_code world_run_attach(struct world *w, const char *volume, const char *node,
				char device[32]);
enum grpc_code world_run_detach(struct world *w, const char *volume, const char *node);
extern char world_text[1024];
/* Created and available. */
const char *world_volume(struct world *w, const char *name);	/* static, 8 in turn */
const char *world_state(struct world *w, const char *volume);	/* of the volume in EC2 */

#endif
