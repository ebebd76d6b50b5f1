/* Inside of the model: its objects, shared by the files that make it up. State
 * is kept as the times at which it was entered, so that a stale read is the same
 * computation with an older time. */
#ifndef SIM_MODEL_IMPL_H
#define SIM_MODEL_IMPL_H

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "reactor/bucket.h"
#include "sim/model.h"

#define SIM_NEVER INT64_MAX
#define SIM_DEVICE_SIZE 32
#define SIM_STORY_MAX 64	/* lines kept per volume */

struct sim_event {
	struct heap_node node;
	int64_t at;
	uint64_t seq;	/* equal times: in order of arming */
	void (*fire)(struct sim_model *m, struct sim_event *e);
};

struct sim_zone {
	char *name;
	char *id;
	const char *region;
};

struct sim_tag {
	char *key;
	char *value;
};

struct sim_tags {
	struct sim_tag *v;
	size_t n;
};

struct sim_story_line {
	int64_t at;
	const char *what;	/* static */
	const char *instance_id;	/* the instance's, which is never freed; or NULL */
	char device[SIM_DEVICE_SIZE];
};

struct sim_story {
	struct sim_story_line *v;
	size_t n, cap;
};

struct sim_volume_type;	/* volume_types.c */

/* What a volume that is being created will come to. */
enum sim_fate { SIM_FATE_GOOD, SIM_FATE_ERROR, SIM_FATE_VANISH };

struct sim_volume {
	char id[SIM_ID_SIZE];
	uint64_t seq;		/* order of creation: place in m->volume_order */
	uint64_t listed;	/* last id list it stood on */
	const struct sim_volume_type *type;
	const struct sim_zone *zone;
	char *client_token;
	char *kms_key_id;
	int64_t size, iops, throughput;
	bool encrypted, multi_attach, root;
	bool backed;		/* the created hook was called */
	enum sim_fate fate;
	struct sim_tags tags;

	int64_t created_at;
	int64_t visible_at;	/* unknown to other calls before */
	int64_t available_at, failed_at, deleting_at, deleted_at;
	struct sim_event event;
	struct list live;	/* of struct sim_attachment */
	struct list past;
	struct sim_story story;
	uint64_t create_time, delete_time;	/* numbers of times.c */
};

struct sim_instance {
	char id[SIM_ID_SIZE];
	uint64_t seq;		/* place in m->instance_order */
	uint64_t listed;
	char reservation_id[SIM_ID_SIZE];
	char *type;
	char *dns_name;
	const struct sim_zone *zone;
	const struct sim_state *state;
	unsigned int enis;
	int64_t launched_at;
	struct sim_tags tags;
	struct list live, past;
	size_t n_live;
};

/* Lives from AttachVolume until some time after the detach (stale reads). */
struct sim_attachment {
	struct list on_volume, on_instance;
	uint64_t seq;		/* order of attaching */
	struct sim_volume *volume;
	struct sim_instance *instance;
	char device[SIM_DEVICE_SIZE];	/* as asked for */
	int64_t card;
	bool stuck;		/* its transition never ends */
	bool force;
	bool backed;		/* the attach hook said yes */
	int64_t attaching_at, attached_at, detaching_at, busy_at, detached_at;
	uint64_t attach_time, detach_time;	/* numbers of times.c */
	struct sim_event event;
};

struct sim_token {
	char volume_id[SIM_ID_SIZE];
	uint64_t parameters;	/* hash of the request */
	char *text;
	struct sim_event expiry;
};

struct sim_rule {
	struct list link;
	struct sim_fault f;
	char *id, *code, *message;
	int64_t seen, hits;
};

struct sim_state {
	const char *name;
	int64_t code;
};

/* Objects in order of creation, found by their sequence number; removed ones
 * leave a hole until the next compaction. */
struct sim_order {
	void **v;
	uint64_t *seq;
	size_t len, cap, holes;
};

struct sim_times {
	struct sim_time **chunks;
	uint64_t first, last;	/* numbers; those up to first are forgotten */
	uint64_t of_call;	/* asked for by the call being carried out, or 0 */
};

struct sim_model {
	struct sim_config config;
	char *region, *account;
	struct sim_curves *curves;	/* NULL: none */
	struct sim_zone *zones;
	size_t n_zones;
	size_t next_zone;
	struct sim_rng rng;
	int64_t now;
	uint64_t seq;
	uint64_t trace;

	struct map volumes;	/* by id */
	struct sim_order volume_order;
	struct map instances;
	struct sim_order instance_order;
	struct map tokens;	/* by client token */
	struct heap events;
	int64_t n_volumes;	/* not deleted, without roots */
	int64_t *storage;	/* GiB by type index */

	struct bucket buckets[SIM_BUCKET_COUNT];
	struct list rules;
	struct sim_hooks hooks;
	struct sim_counters counters[EC2_ACTION_COUNT];
	uint64_t fault_hits[SIM_FAULT_COUNT][EC2_ACTION_COUNT];
	struct sim_times times;
};

/* One call while it is carried out. */
struct sim_call {
	struct sim_model *m;
	int64_t now;
	const struct ec2_request *req;
	struct sim_answer *a;
};

/* ---- model.c ---- */

/* Sets the error of the answer; -1, for return statements. */
int sim_refuse(struct sim_call *c, const char *code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Refuses with DryRunOperation if asked for a dry run: after all checks. */
int sim_dry_run(struct sim_call *c, enum tristate dry_run);
void sim_trace_add(struct sim_model *m, uint64_t x);
void sim_trace_text(struct sim_model *m, const char *text);

/* ---- config.c ---- */

int sim_config_check(const struct sim_config *c, struct err *err);
/* Draw from the configured distributions, scaled; ms. */
int64_t sim_latency(struct sim_model *m, enum ec2_action a);
int64_t sim_state_time(struct sim_model *m, enum sim_timed what);

/* ---- order.c ---- */

void sim_order_add(struct sim_order *o, uint64_t seq, void *object);
void sim_order_remove(struct sim_order *o, uint64_t seq);
/* Index of the first object with a number above seq. Holes are NULL. */
size_t sim_order_after(const struct sim_order *o, uint64_t seq);
void sim_order_fini(struct sim_order *o);

/* ---- events.c ---- */

void sim_events_init(struct sim_model *m);
void sim_event_set(struct sim_model *m, struct sim_event *e, int64_t at,
		   void (*fire)(struct sim_model *m, struct sim_event *e));
void sim_event_clear(struct sim_model *m, struct sim_event *e);
/* As it was armed in a model that this one is a copy of. */
void sim_event_restore(struct sim_model *m, struct sim_event *e, int64_t at, uint64_t seq,
		       void (*fire)(struct sim_model *m, struct sim_event *e));

/* ---- times.c ---- */

/* Begins a record; its number. */
uint64_t sim_times_asked(struct sim_model *m, enum sim_timed kind, const struct sim_volume *v,
			 const struct sim_instance *i);
/* The answer to the call that began the last one is given after latency_ms. */
void sim_times_answered(struct sim_model *m, int64_t latency_ms);
void sim_times_done(struct sim_model *m, uint64_t n, const char *end);	/* the first end counts */
void sim_times_clear(struct sim_model *m);

/* ---- rules.c ---- */

/* The rule of this kind that hits the call, counted; NULL for none. */
const struct sim_rule *sim_rule_hit(struct sim_call *c, enum sim_fault_kind kind);
/* Answers by the first rule of a stage that hits; false: none did. */
bool sim_rules_before(struct sim_call *c);
void sim_rules_after(struct sim_call *c);

/* ---- volumes.c: states of volumes ---- */

struct sim_volume *sim_volume_new(struct sim_model *m, int64_t now);
void sim_volume_free(struct sim_volume *v);	/* not in any container any more */
/* NULL when unknown at that time. */
const char *sim_volume_status(const struct sim_volume *v, int64_t at);
void sim_volume_start(struct sim_model *m, struct sim_volume *v);	/* -> creating */
void sim_volume_delete(struct sim_model *m, struct sim_volume *v);	/* -> deleting */
void sim_volume_gone(struct sim_model *m, struct sim_volume *v);	/* -> deleted */
void sim_volume_forget(struct sim_model *m, struct sim_volume *v);	/* frees it */
/* What comes next in its state, as of sim_event_restore; false: nothing does. */
bool sim_volume_rearm(struct sim_model *m, struct sim_volume *v, int64_t at, uint64_t seq);
void sim_story_add(struct sim_model *m, struct sim_volume *v, const char *what,
		   const struct sim_attachment *a);
/* Finds one that other calls may see now; else refuses. */
struct sim_volume *sim_volume_find(struct sim_call *c, const char *id);

/* ---- attachments.c: states of attachments ---- */

/* NULL when there is none at that time. */
const char *sim_attachment_status(const struct sim_attachment *a, int64_t at);
struct sim_attachment *sim_attachment_new(struct sim_model *m, struct sim_volume *v,
					  struct sim_instance *i, const char *device);
void sim_attachment_start(struct sim_model *m, struct sim_attachment *a);
void sim_attachment_settle(struct sim_model *m, struct sim_attachment *a);	/* attached, now */
void sim_attachment_detach(struct sim_model *m, struct sim_attachment *a, bool force);
void sim_attachment_release(struct sim_model *m, struct sim_attachment *a);	/* by force */
void sim_attachment_drop(struct sim_model *m, struct sim_attachment *a);	/* detached, now */
void sim_attachment_retire(struct sim_attachment *a);	/* from the live lists to the past */
bool sim_attachment_rearm(struct sim_model *m, struct sim_attachment *a, int64_t at,
			  uint64_t seq);	/* as sim_volume_rearm */
void sim_attachment_free(struct sim_model *m, struct sim_attachment *a);

/* ---- instances.c ---- */

struct sim_instance *sim_instance_find(struct sim_call *c, const char *id);
void sim_instance_free(struct sim_instance *i);
const struct sim_state *sim_state_by_name(const char *name);	/* NULL: unknown */

/* ---- device.c: names ---- */

/* Accepts "/dev/sdf", "xvdba", …; writes the form in which clashing names are
 * equal ("xvdba"; sdf is xvdf). False: not a name EC2 takes. */
bool sim_device_slot(const char *name, char slot[SIM_DEVICE_SIZE]);

/* ---- ids.c ---- */

bool sim_id_good(const char *id, const char *prefix);
void sim_id_new(struct sim_model *m, const char *prefix, char ret[SIM_ID_SIZE]);
/* Refuses unless id is sent and well-formed. kind: "volume", "instance". */
int sim_id_check(struct sim_call *c, const char *id, const char *kind);

/* ---- tags.c ---- */

int sim_tags_check(struct sim_call *c, const struct ec2_tags *tags);
void sim_tags_set(struct sim_tags *t, const char *key, const char *value);
void sim_tags_unset(struct sim_tags *t, size_t i);
const char *sim_tags_get(const struct sim_tags *t, const char *key);
void sim_tags_fini(struct sim_tags *t);
struct ec2_tags sim_tags_copy(const struct sim_tags *t, struct arena *arena);

/* ---- filter.c ---- */

/* One filter against one object: does any value of the object under this name
 * match? -1: there is no such filter. */
typedef int sim_filter_test(const void *object, int64_t at, const struct ec2_filter *f);
/* Refuses too many or too long ones and unknown names (tested on no object,
 * object NULL). */
int sim_filters_check(struct sim_call *c, const struct ec2_filters *f, sim_filter_test *test);
bool sim_filters_match(const struct ec2_filters *f, sim_filter_test *test,
		       const void *object, int64_t at);
bool sim_glob(const char *pattern, const char *text);	/* * ? \ */
bool sim_filter_has(const struct ec2_filter *f, const char *value);
bool sim_filter_has_int(const struct ec2_filter *f, int64_t value);
int sim_filter_tags(const struct sim_tags *t, const struct ec2_filter *f);	/* -1: not a tag filter */

/* ---- paging.c ---- */

struct sim_page {
	uint64_t after;		/* sequence number the page begins behind */
	size_t max;		/* objects */
};
/* Reads MaxResults and NextToken; refuses bad ones. digest: hash of the other
 * parameters, which must stay the same. */
int sim_page_open(struct sim_call *c, int64_t max_results, const char *token,
		  bool with_ids, uint64_t digest, struct sim_page *ret);
char *sim_page_token(struct sim_call *c, uint64_t last, uint64_t digest);
/* Hash of the parameters, a NextToken aside. */
uint64_t sim_request_digest(const struct ec2_request *req);

/* ---- volume_types.c ---- */

struct sim_volume_type {
	const char *name;
	int64_t min_size, max_size;
	int64_t min_iops, max_iops, default_iops;	/* max 0: not settable */
	int64_t iops_per_gib;
	bool iops_required, throughput_settable, multi_attach;
};
#define SIM_VOLUME_TYPES 7
const struct sim_volume_type *sim_volume_type(const char *name);	/* NULL: unknown */
size_t sim_volume_type_index(const struct sim_volume_type *t);
/* Size, iops, throughput and multi-attach of the request; fills them into v. */
int sim_volume_type_check(struct sim_call *c, const struct ec2_create_volume *r,
			  struct sim_volume *v);

/* ---- create.c: client tokens ---- */

void sim_token_restore(struct sim_model *m, const char *text, const char *volume_id,
		       uint64_t parameters, int64_t at, uint64_t seq);

/* ---- actions; 0, or -1 with the error in the answer ---- */

int sim_create_volume(struct sim_call *c);
int sim_delete_volume(struct sim_call *c);
int sim_attach_volume(struct sim_call *c);
int sim_detach_volume(struct sim_call *c);
int sim_describe_volumes(struct sim_call *c);
int sim_describe_instances(struct sim_call *c);
int sim_describe_zones(struct sim_call *c);
int sim_create_tags(struct sim_call *c);
int sim_delete_tags(struct sim_call *c);

/* ---- views.c: objects as EC2 shows them ---- */

/* The time as of which this call reads: now, or earlier by a STALE rule. */
int64_t sim_read_time(struct sim_call *c);
void sim_view_volume(const struct sim_model *m, const struct sim_volume *v, int64_t at,
		     struct arena *arena, struct ec2_volume *ret);
void sim_view_attachment(const struct sim_model *m, const struct sim_attachment *a,
			 const char *status, struct arena *arena, struct ec2_attachment *ret);
void sim_view_instance(const struct sim_model *m, const struct sim_instance *i, int64_t at,
		       struct arena *arena, struct ec2_reservation *ret);

#endif
