/* A model of one region of EC2 as an EBS driver sees it: volumes, attachments,
 * instances, zones, tags; asynchronous states, client tokens, device names,
 * limits, token buckets, eventual consistency and faults on order.
 *
 * Pure: no I/O, no clock, no loop. Time is passed in (ms, never backwards);
 * everything random comes from one seed, so the same calls at the same times
 * give the same answers. An action takes effect at the time of sim_model_call;
 * the caller holds the answer back for answer->latency_ms. States move on by
 * events: each call carries out those that are due before it; one who wants the
 * hooks in time, or looks at the state between calls, uses
 * sim_model_next_event and sim_model_advance. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/ec2_types.h"
#include "base/buf.h"
#include "base/err.h"
#include "sim/rng.h"

struct sim_model;

#define SIM_ID_SIZE 24		/* "vol-" + 17 digits, NUL */

enum sim_bucket_id {
#define SIM_BUCKET(id, ...) SIM_BUCKET_##id,
#include "sim/buckets.tbl.h"
#undef SIM_BUCKET
	SIM_BUCKET_COUNT
};

enum sim_fault_kind {
#define SIM_FAULT(id, ...) SIM_FAULT_##id,
#include "sim/faults.tbl.h"
#undef SIM_FAULT
	SIM_FAULT_COUNT
};

/* What takes EC2 time after its call was answered. */
enum sim_timed {
#define SIM_TIMED(id, ...) SIM_TIMED_##id,
#include "sim/timed.tbl.h"
#undef SIM_TIMED
	SIM_TIMED_COUNT
};

/* ---- configuration ---- */

/* Delays finer than struct sim_delay can tell; those without points stay. */
struct sim_curves {
	struct sim_curve latency[EC2_ACTION_COUNT];
	struct sim_curve states[SIM_TIMED_COUNT];
};

struct sim_bucket_config {
	double burst, rate;
};

struct sim_config {
	uint64_t seed;
	int64_t epoch_ms;	/* wall clock, ms since 1970, at time 0 */
	const char *region;	/* copied, as all strings here */
	const char *account;	/* 12 digits */
	const char *const *zones;	/* names; ids are made up ("use1-az1") */
	size_t n_zones;

	/* Delays; latency_scale multiplies the first, state_scale the rest; 0 is
	 * at once. */
	struct sim_delay latency[EC2_ACTION_COUNT];	/* of the API */
	struct sim_delay creating, deleting, attaching, detaching;
	const struct sim_curves *curves;	/* NULL, or what takes their place; copied */
	double latency_scale, state_scale;

	struct sim_bucket_config buckets[SIM_BUCKET_COUNT];	/* burst 0: without limit */
	double bucket_scale;	/* 0: no buckets */

	/* Account quotas; 0 is none. */
	int64_t max_volumes;
	int64_t max_storage_gib;	/* per volume type */

	int64_t token_ms;	/* life of a client token */
	int64_t keep_ms;	/* how long deleted things stay known to stale
				   reads and to sim_model_dump_json */
};

/* EC2's defaults with the latency profile of the project's comparisons: 150 ms
 * describe, 300 ms mutating, creating 1.5 s, attaching 2 s (p99 6 s), detaching
 * 2.5 s; region us-east-1, zones a-c, seed 1, quotas off. */
void sim_config_default(struct sim_config *c);
/* All delays 0, no buckets: for tests of something else. */
void sim_config_instant(struct sim_config *c);

/* NULL and INVALID_ARGUMENT when the configuration makes no sense. */
struct sim_model *sim_model_new(const struct sim_config *c, struct err *err);
void sim_model_free(struct sim_model *m);	/* NULL is fine */

/* Back to the beginning: volumes and client tokens are gone (the hooks are
 * called, by force), faults dropped, counters 0, buckets full. Instances stay
 * with their root volumes. */
void sim_model_reset(struct sim_model *m, int64_t now);

/* ---- instances ---- */

struct sim_instance_spec {
	const char *id;		/* NULL: made up */
	const char *type;	/* NULL: m5.large */
	const char *zone;	/* NULL: zones in turn */
	unsigned int enis;	/* 0: 1 */
};

/* Adds a running instance with its root volume. The id (the model's memory), or
 * NULL with INVALID_ARGUMENT / ALREADY_EXISTS. */
const char *sim_model_add_instance(struct sim_model *m, int64_t now,
				   const struct sim_instance_spec *spec, struct err *err);
/* Any name of an EC2 instance state. "terminated" detaches everything at once
 * and deletes the root volume. */
int sim_model_set_instance_state(struct sim_model *m, int64_t now, const char *id,
				 const char *state, struct err *err);
/* What IMDS says about one; pointers into the model. */
struct sim_instance_info {
	const char *id, *type, *zone, *zone_id, *state;
	unsigned int enis;
	int64_t launch_ms;	/* since 1970 */
};
const char *sim_model_first_instance(const struct sim_model *m);	/* its id; NULL: none */
bool sim_model_instance(const struct sim_model *m, const char *id,
			struct sim_instance_info *ret);

/* ---- calls ---- */

enum sim_outcome {
	SIM_ANSWERED,	/* the error if code is set, else resp */
	SIM_RESET,	/* no answer: the connection is cut */
	SIM_HANG,	/* no answer: the connection stays */
	SIM_TRUNCATED,	/* resp is sent, but the document breaks off */
	SIM_MALFORMED,	/* something that is not XML is sent with status 200 */
	SIM_HTML,	/* a load balancer's page with the status */
	SIM_EMPTY,	/* no body, the status only */
};

struct sim_answer {
	enum sim_outcome outcome;
	struct ec2_response resp;	/* request_id is always there */
	const char *code;		/* EC2's error code or NULL; resp's memory */
	const char *message;
	int http_status;
	int64_t latency_ms;
};

/* Carries out req at `now`. a is zeroed or has been fini'd. */
void sim_model_call(struct sim_model *m, int64_t now, const struct ec2_request *req,
		    struct sim_answer *a);
void sim_answer_fini(struct sim_answer *a);
/* Throttled, as EC2's front would say it about a call it did not read. */
bool sim_answer_throttled(const struct sim_answer *a);

/* ---- time ---- */

int64_t sim_model_next_event(const struct sim_model *m);	/* INT64_MAX: none */
void sim_model_advance(struct sim_model *m, int64_t now);

/* What backs the volumes; called from sim_model_call and sim_model_advance. Any
 * may be NULL. */
struct sim_hooks {
	void *ctx;
	void (*created)(void *ctx, const char *volume_id, int64_t gib);
	void (*deleted)(void *ctx, const char *volume_id);
	/* The attach is about to complete. False: not possible now, asked again
	 * every SIM_HOOK_RETRY_MS; the attachment stays `attaching`. */
	bool (*attach)(void *ctx, const char *volume_id, const char *instance_id,
		       const char *device);
	/* The detach is about to complete. False: still in use there, asked again
	 * likewise; the attachment is `busy`. force: do it whatever it costs. */
	bool (*detach)(void *ctx, const char *volume_id, const char *instance_id, bool force);
};
#define SIM_HOOK_RETRY_MS 200
void sim_model_set_hooks(struct sim_model *m, const struct sim_hooks *hooks);

/* ---- faults ---- */

#define SIM_ANY_ACTION (-1)

/* Applies to calls of `action` (and of volume_id or instance_id, if given) that
 * come at from_ms..until_ms, with a probability, after the first `skip` of them,
 * `count` times. The first rule of the list that fits and hits decides among
 * those that make up an answer, and among those of each kind that changes the
 * action.
 *
 * Those that change the action:
 *   SLOW           answer delay_ms later
 *   STALE          Describe answers as of up to delay_ms ago (evenly drawn)
 *   INVISIBLE      CreateVolume: the id is unknown for delay_ms
 *   CREATE_ERROR   CreateVolume: ends in `error`; CREATE_VANISH: disappears;
 *                  either burns the client token
 *   ATTACH_STUCK   AttachVolume: `attaching` for ever; DETACH_STUCK likewise
 *                  (until a detach by force)
 *   NAME_TAKEN, ATTACH_LIMIT, VOLUME_LIMIT   refused for that reason */
struct sim_fault {
	enum sim_fault_kind kind;
	int action;		/* enum ec2_action or SIM_ANY_ACTION */
	const char *id;		/* volume or instance the call names; NULL: any */
	double probability;	/* 0 is taken as 1 */
	int64_t skip;
	int64_t count;		/* 0: without end */
	int64_t from_ms;
	int64_t until_ms;	/* 0: without end */
	int64_t delay_ms;
	int http_status;	/* 0: the kind's */
	const char *code;	/* NULL: the kind's */
	const char *message;
};

/* Adds at the end of the list, copying. INVALID_ARGUMENT for a probability out
 * of 0..1 or negative numbers. */
int sim_model_add_fault(struct sim_model *m, const struct sim_fault *f, struct err *err);
void sim_model_clear_faults(struct sim_model *m);
/* In order; seen: calls that fitted, hits: those it was committed on. fn returns
 * false to stop. */
void sim_model_each_fault(const struct sim_model *m,
			  bool (*fn)(void *ctx, const struct sim_fault *f, int64_t seen,
				     int64_t hits), void *ctx);
const char *sim_fault_name(enum sim_fault_kind k);
int sim_fault_from_name(const char *name);	/* -1: unknown */

/* ---- looking at it ---- */

struct sim_counters {
	uint64_t calls;		/* all, throttled ones too */
	uint64_t throttled;
	uint64_t errors;	/* answered with another error, or not answered well */
	uint64_t dry_runs;
};
const struct sim_counters *sim_model_counters(const struct sim_model *m, enum ec2_action a);
uint64_t sim_model_fault_hits(const struct sim_model *m, enum sim_fault_kind k);
/* Of calls of one action. */
uint64_t sim_model_fault_hits_by(const struct sim_model *m, enum sim_fault_kind k,
				 enum ec2_action a);
/* Whether this kind can hit calls of this action at all. */
bool sim_fault_applies(enum sim_fault_kind k, enum ec2_action a);
double sim_model_bucket_level(struct sim_model *m, enum sim_bucket_id b, int64_t now);
const char *sim_bucket_name(enum sim_bucket_id b);
/* Size and refill a second, scaled; false: no limit. */
bool sim_model_bucket_limits(const struct sim_model *m, enum sim_bucket_id b, double *burst,
			     double *rate);
/* Plain calls of that action draw from it. */
bool sim_bucket_serves(enum sim_bucket_id b, enum ec2_action a);

struct sim_volume_info {
	const char *id;		/* all pointers into the model */
	const char *status;
	const char *zone;
	const char *client_token;	/* or NULL */
	int64_t size;
	bool root;		/* of an instance */
	size_t attachments;	/* not yet detached */
};
/* For checkers; in order of creation, deleted ones (status "deleted") included
 * while they are known. fn returns false to stop. */
void sim_model_each_volume(const struct sim_model *m,
			   bool (*fn)(void *ctx, const struct sim_volume_info *v), void *ctx);
bool sim_model_volume(const struct sim_model *m, const char *id, struct sim_volume_info *ret);
/* Value of a volume's tag or NULL. */
const char *sim_model_volume_tag(const struct sim_model *m, const char *id, const char *key);

/* One asynchronous operation, from the call that asked for it to its end. */
struct sim_time {
	uint64_t n;		/* counts up from 1, in order of asking */
	int64_t asked_at;	/* model time: when the call took effect */
	int64_t done_at;	/* INT64_MAX: not yet */
	int64_t api_ms;		/* how long the answer of that call was held back */
	const char *instance_id;	/* the model's; NULL: concerns none */
	const char *end;	/* state it ended in; static; NULL: not yet */
	enum sim_timed kind;
	char volume_id[SIM_ID_SIZE];
};

/* The newest so many are kept. */
#define SIM_TIMES_MAX (512u * 512u)

const char *sim_timed_name(enum sim_timed kind);
uint64_t sim_model_times_last(const struct sim_model *m);	/* newest number; 0: none */
/* Those numbered above `after`, in order; fn returns false to stop. Returns the
 * number of the last one seen (dropped ones count as seen). */
uint64_t sim_model_each_time(const struct sim_model *m, uint64_t after,
			     bool (*fn)(void *ctx, const struct sim_time *t), void *ctx);

/* Instances, volumes with their attachments and the times of their last
 * transitions. JSON. */
void sim_model_dump_json(const struct sim_model *m, struct buf *out);
/* What happened to one volume, a line each: "1234 attach i-… /dev/xvdaa". */
void sim_model_story(const struct sim_model *m, const char *volume_id, struct buf *out);
/* Hash over all calls, answers and transitions so far. */
uint64_t sim_model_trace(const struct sim_model *m);
const char *sim_model_region(const struct sim_model *m);
const char *sim_model_account(const struct sim_model *m);
int64_t sim_model_now(const struct sim_model *m);	/* as far as it was taken */
int64_t sim_model_epoch(const struct sim_model *m);	/* wall clock at time 0 */

#endif
