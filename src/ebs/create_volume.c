#include <stdio.h>
#include <string.h>

#include "base/defect.h"
#include "base/log.h"
#include "ebs/create.h"

/*   zones -> send -> sent -> wait -> waited -> OP_DONE
 *              ^      |                \-> scrap -> failed
 *              |      | token burned, over quota
 *    next token|      v
 *              '--- search -> searched -> adopt: wait | OP_DONE | refused
 *
 * Refused for a zone: send with the next term. IOPS too high: send with what
 * EC2 allows. The token depends on the name only, so that whatever happens in
 * between, one name leads to one volume. */
static op_step create_begin, create_hinted, create_place, create_zoned, create_sent,
	create_waited;

static const char *hint_key(struct create_job *cj)
{
	return cj->in.digest;	/* the name is part of it */
}

void create_take_volume(struct create_job *cj, const struct ec2_volume *v)
{
	struct arena *a = &cj->job.arena;

	job_set_volume(&cj->job, v->volume_id);
	snprintf(cj->status, sizeof(cj->status), "%s", cstr_or(v->status, ""));
	job_saw(&cj->job, "%s is %s", v->volume_id, cj->status);
	if (v->size)
		cj->size = v->size;
	if (!cstr_empty(v->availability_zone) && !cstr_eq(cj->zone, v->availability_zone))
		cj->zone = arena_str(a, v->availability_zone);
	if (!cstr_empty(v->availability_zone_id) &&
	    !cstr_eq(cj->zone_id, v->availability_zone_id))
		cj->zone_id = arena_str(a, v->availability_zone_id);
	if (!cstr_empty(v->outpost_arn) && !cstr_eq(cj->outpost_arn, v->outpost_arn))
		cj->outpost_arn = arena_str(a, v->outpost_arn);
}

bool create_is_ready(const struct create_job *cj)
{
	return cstr_eq(cj->status, "available") || cstr_eq(cj->status, "in-use");
}

enum op_verdict create_done(struct create_job *cj)
{
	memo_put(&cj->job.ebs->created, hint_key(cj), cj->job.volume_id,
		 ebs_now(cj->job.ebs));
	return OP_DONE;
}

/* ---- begin: what an earlier try has made ---- */

static enum watch_verdict hint_seen(struct watch *w, const void *item)
{
	struct create_job *cj = container_of(w, struct create_job, job.watch);
	const struct ec2_volume *v = item;

	cj->status[0] = '\0';
	if (v && (cstr_eq(v->status, "available") || cstr_eq(v->status, "in-use") ||
		  cstr_eq(v->status, "creating")))
		create_take_volume(cj, v);
	return WATCH_DONE;
}

static enum op_verdict create_begin(struct op *op)
{
	struct create_job *cj = create_of(op);
	struct ebs *e = cj->job.ebs;
	const char *volume, *token;
	struct err err = { 0 };

	if (create_inputs_check(&cj->in, &err) < 0)
		return op_fail_err(op, &err);
	token = memo_get(&e->tokens, cj->in.name, ebs_now(e));
	cj->token = token ? (unsigned int)strtoul(token, NULL, 10) : 1;
	volume = memo_get(&e->created, hint_key(cj), ebs_now(e));
	if (!volume)
		return op_next(op, create_place);
	watch_init(&cj->job.watch, e->volumes, arena_str(&cj->job.arena, volume),
		   TRANSITION_LOOK, hint_seen);
	return op_await(op, &cj->job.watch.op, create_hinted);
}

static enum op_verdict create_hinted(struct op *op)
{
	struct create_job *cj = create_of(op);

	if (op_failed(&cj->job.watch.op)) {
		op_fail_as(op, &cj->job.watch.op, "volume %s", cj->in.name);
		op->err.code = GRPC_ABORTED;
		return OP_FAILED;
	}
	if (create_is_ready(cj))
		return OP_DONE;
	if (cj->status[0]) {
		cj->made_at = ebs_now(cj->job.ebs);
		return op_next(op, create_wait);
	}
	memo_del(&cj->job.ebs->created, hint_key(cj));
	return op_next(op, create_place);
}

/* ---- where ---- */

static enum op_verdict create_place(struct op *op)
{
	struct create_job *cj = create_of(op);

	if (cj->in.n_terms > 0)
		return op_next(op, create_send);
	zones_wait_init(&cj->zones, cj->job.ebs);
	return op_await(op, &cj->zones.op, create_zoned);
}

static enum op_verdict create_zoned(struct op *op)
{
	struct create_job *cj = create_of(op);
	const char *zone;

	if (op_failed(&cj->zones.op)) {
		op_fail_as(op, &cj->zones.op, "volume %s: choosing a zone", cj->in.name);
		op->err.code = GRPC_ABORTED;
		return OP_FAILED;
	}
	zone = zones_pick(cj->job.ebs, cj->in.name);
	if (!zone)
		return op_fail(op, GRPC_RESOURCE_EXHAUSTED,
			       "volume %s: the region has no zone that is available",
			       cj->in.name);
	cj->in.terms[0].zone = arena_str(&cj->job.arena, zone);
	return op_next(op, create_send);
}

/* ---- CreateVolume ---- */

static const char *client_token(struct create_job *cj)
{
	struct arena *a = &cj->job.arena;

	if (cj->token <= 1)
		return ebs_digest(a, cj->in.name);
	return ebs_digest(a, arena_printf(a, "%s-%u", cj->in.name, cj->token));
}

static const char *place_key(struct create_job *cj)
{
	const struct ebs_zone_term *t = &cj->in.terms[cj->term];

	return arena_printf(&cj->job.arena, "%s|%s|%s|%s", cj->in.type, cstr_or(t->zone, ""),
			    cstr_or(t->zone_id, ""), cstr_or(t->outpost_arn, ""));
}

/* What to ask for, by the type's limits and what EC2 has told of this place. */
static int64_t wanted_iops(struct create_job *cj)
{
	const struct create_inputs *in = &cj->in;
	struct ebs *e = cj->job.ebs;
	const char *seen = memo_get(&e->max_iops, place_key(cj), ebs_now(e));
	int64_t iops = in->iops ? in->iops : in->iops_per_gb * in->size_gib;

	return volume_type_cap_iops(in->facts, in->size_gib, iops, in->allow_iops_increase,
				    seen ? strtoll(seen, NULL, 10) : 0);
}

enum op_verdict create_send(struct op *op)
{
	struct create_job *cj = create_of(op);
	const struct ebs_zone_term *t = &cj->in.terms[cj->term];
	struct ec2_create_volume *rq = &cj->job.call.req.create_volume;

	cj->iops = wanted_iops(cj);
	ec2_call_init(&cj->job.call, cj->job.ebs->ec2, EC2_CREATE_VOLUME);
	rq->client_token = DEFECT(token_dropped) ? NULL : client_token(cj);
	rq->availability_zone = t->zone_id ? NULL : t->zone;
	rq->availability_zone_id = t->zone_id;
	rq->outpost_arn = t->outpost_arn;
	rq->volume_type = cj->in.type;
	rq->kms_key_id = cj->in.kms_key_id;
	rq->snapshot_id = cj->in.snapshot_id;
	rq->size = cj->in.size_gib;
	rq->iops = cj->iops;
	rq->throughput = cj->in.throughput;
	rq->encrypted = cj->in.encrypted;
	rq->multi_attach_enabled = cj->in.multi_attach ? YES : UNSET;
	rq->tags = cj->in.tags;
	return op_await(op, &cj->job.call.op, create_sent);
}

static bool lacks_capacity(const struct err *err)
{
	return err->code == GRPC_RESOURCE_EXHAUSTED &&
	       (err_reason_is(err, "InsufficientVolumeCapacity") ||
		err_reason_is(err, "InsufficientCapacity") ||
		err_reason_is(err, "VolumeTypeNotAvailableInZone") ||
		err_reason_is(err, "InvalidZone.NotFound") ||
		err_reason_is(err, "InvalidAvailabilityZone"));
}

/* EC2 names the most it takes here: ask for that, once. */
static bool cap_to_told(struct create_job *cj, const struct err *err)
{
	int64_t max = volume_type_max_in_text(err_msg(err));
	char text[24];

	if (cj->capped || max == 0 || cj->iops <= max)
		return false;
	cj->capped = true;
	snprintf(text, sizeof(text), "%lld", (long long)max);
	memo_put(&cj->job.ebs->max_iops, place_key(cj), text, ebs_now(cj->job.ebs));
	return true;
}

/* The answer's code: only what is certain may be final, or the provisioner
 * stops asking and a volume made unnoticed is never found again. */
static enum op_verdict create_refuse(struct create_job *cj)
{
	struct err *err = &cj->job.call.op.err;
	const struct ebs_zone_term *t = &cj->in.terms[cj->term];

	if (lacks_capacity(err))
		err->code = GRPC_RESOURCE_EXHAUSTED;
	else if (DEFECT(open_end_is_final))
		err->code = GRPC_INTERNAL;
	else if (err->code != GRPC_INVALID_ARGUMENT && err->code != GRPC_NOT_FOUND)
		err->code = GRPC_ABORTED;
	return op_fail_as(&cj->job.op, &cj->job.call.op, "volume %s in %s", cj->in.name,
			  cstr_or(t->zone_id, cstr_or(t->zone, "any zone")));
}

static enum op_verdict create_refused(struct create_job *cj)
{
	struct op *op = &cj->job.op;
	struct err *err = &cj->job.call.op.err;

	if (err_reason_is(err, "IdempotentParameterMismatch") ||
	    err_reason_is(err, "VolumeLimitExceeded") ||
	    err_reason_is(err, "ResourceLimitExceeded")) {
		err_move(&cj->why, err);
		/* Later tokens are burned since long, unless by this very call. */
		cj->searched_twice = cj->tokens_tried > 0 && !cj->job.call.maybe_done;
		return op_next(op, create_search);
	}
	if (cap_to_told(cj, err))
		return op_next(op, create_send);
	if (lacks_capacity(err) && cj->term + 1 < cj->in.n_terms) {
		cj->term++;
		return op_next(op, create_send);
	}
	return create_refuse(cj);
}

static enum op_verdict create_sent(struct op *op)
{
	struct create_job *cj = create_of(op);
	const struct ec2_volume *v = &cj->job.call.resp.volume;
	struct ebs *e = cj->job.ebs;

	if (op_failed(&cj->job.call.op))
		return create_refused(cj);
	if (!ebs_is_volume_id(v->volume_id))
		return op_fail(op, GRPC_ABORTED,
			       "volume %s: CreateVolume answered without a volume id (\"%s\")",
			       cj->in.name, cstr_or(v->volume_id, ""));
	create_take_volume(cj, v);
	cj->made_at = ebs_now(e);
	memo_put(&e->young, v->volume_id, "", ebs_now(e));
	memo_put(&e->created, hint_key(cj), v->volume_id, ebs_now(e));
	return create_is_ready(cj) ? create_done(cj) : op_next(op, create_wait);
}

/* ---- until it is available ---- */

/* Gone for good, not merely unknown to some view yet. */
static bool vanished(struct create_job *cj)
{
	int64_t asked = cj->job.watch.asked;

	if (DEFECT(vanishing_believed))
		return true;
	if (cj->gone_since < 0)
		cj->gone_since = ebs_now(cj->job.ebs);
	if (cj->described)
		return asked - cj->gone_since >= VIEW_LAG_MS;
	return asked - cj->made_at >= SETTLE_MS;
}

static enum watch_verdict create_check(struct watch *w, const void *item)
{
	struct create_job *cj = container_of(w, struct create_job, job.watch);

	if (!item) {
		snprintf(cj->status, sizeof(cj->status), "gone");
		job_saw(&cj->job, "%s is not there", cj->job.volume_id);
		return vanished(cj) ? WATCH_DONE : WATCH_ON;
	}
	cj->gone_since = -1;
	cj->described = true;
	create_take_volume(cj, item);
	return cstr_eq(cj->status, "creating") ? WATCH_ON : WATCH_DONE;
}

enum op_verdict create_wait(struct op *op)
{
	struct create_job *cj = create_of(op);

	cj->gone_since = -1;
	watch_init(&cj->job.watch, cj->job.ebs->volumes, cj->job.volume_id,
		   TRANSITION_CREATING, create_check);
	return op_await(op, &cj->job.watch.op, create_waited);
}

/* EC2 has made it and failed it later; the next try takes the next token. */
enum op_verdict create_failed(struct create_job *cj)
{
	struct ebs *e = cj->job.ebs;
	bool encrypted = cj->in.encrypted == YES;
	char text[16];

	snprintf(text, sizeof(text), "%u", cj->token + 1);
	memo_put(&e->tokens, cj->in.name, text, ebs_now(e));
	memo_del(&e->created, hint_key(cj));
	return op_fail(&cj->job.op, encrypted ? GRPC_FAILED_PRECONDITION : GRPC_INTERNAL,
		       "volume %s: EC2 accepted it as %s, then it %s%s%s", cj->in.name,
		       cj->job.volume_id,
		       cstr_eq(cj->status, "gone") ? "disappeared" : "failed, and was removed",
		       encrypted ? ": check that the KMS key exists, is enabled and may be used" : "",
		       cj->in.kms_key_id ? arena_printf(&cj->job.arena, " (%s)",
							cj->in.kms_key_id) : "");
}

static enum op_verdict create_waited(struct op *op)
{
	struct create_job *cj = create_of(op);

	if (op_failed(&cj->job.watch.op)) {
		op_fail_as(op, &cj->job.watch.op, "volume %s is being made as %s",
			   cj->in.name, cj->job.volume_id);
		op->err.code = GRPC_ABORTED;
		return OP_FAILED;
	}
	if (create_is_ready(cj))
		return create_done(cj);
	if (!cstr_eq(cj->status, "error") || DEFECT(failed_volume_left))
		return create_failed(cj);
	cj->failed = cj->job.volume_id;
	return op_next(op, create_scrap);
}

/* ---- the job ---- */

static void create_fini(struct op *op)
{
	err_fini(&create_of(op)->why);
	job_fini(op);
}

static void create_fill(struct job *job, struct op *op)
{
	struct create_job *cj = container_of(job, struct create_job, job);

	create_inputs_take(&cj->in, &job->arena,
			   container_of(op, struct ebs_create_volume, op));
}

static bool create_same(const struct job *job, const struct op *op)
{
	const struct create_job *cj = container_of(job, struct create_job, job);
	struct create_inputs in = { 0 };
	struct arena a;
	bool same;

	arena_init(&a);
	create_inputs_take(&in, &a, container_of(op, struct ebs_create_volume, op));
	same = cstr_eq(in.digest, cj->in.digest);
	arena_fini(&a);
	return same;
}

static void create_deliver(const struct job *job, struct op *op)
{
	const struct create_job *cj = container_of(job, struct create_job, job);
	struct ebs_create_volume *cv = container_of(op, struct ebs_create_volume, op);

	cv->volume_id = arena_str(&cv->arena, job->volume_id);
	cv->got_size_gib = cj->size ? cj->size : cj->in.size_gib;
	cv->zone = arena_str(&cv->arena, cstr_or(cj->zone, cj->in.terms[cj->term].zone));
	cv->zone_id = arena_str(&cv->arena, cstr_or(cj->zone_id, cj->in.terms[cj->term].zone_id));
	cv->outpost_arn = arena_str(&cv->arena, cj->outpost_arn);
}

static const struct job_class create_class = {
	.type = JOB_CREATE,
	.title = "CreateVolume",
	.size = sizeof(struct create_job),
	.op_class = { .name = "create_job", .fini = create_fini, .describe = job_describe },
	.first = create_begin,
	.fill = create_fill,
	.same = create_same,
	.deliver = create_deliver,
};

/* ---- the operation ---- */

static enum op_verdict create_enter(struct op *op)
{
	struct ebs_create_volume *cv = container_of(op, struct ebs_create_volume, op);

	return job_join(cv->ebs, &create_class, op, &cv->seat, cstr_or(cv->name, ""), NULL,
			NULL);
}

static void create_stop(struct op *op)
{
	job_leave(op, &container_of(op, struct ebs_create_volume, op)->seat);
}

static void create_op_fini(struct op *op)
{
	arena_fini(&container_of(op, struct ebs_create_volume, op)->arena);
}

static void create_describe(const struct op *op, struct buf *out)
{
	job_describe_seat(op, &container_of(op, struct ebs_create_volume, op)->seat, out);
}

static const struct op_class create_op_class = {
	.name = "create_volume",
	.stop = create_stop,
	.fini = create_op_fini,
	.describe = create_describe,
};

void ebs_create_volume_init(struct ebs_create_volume *cv, struct ebs *e)
{
	op_init(&cv->op, &create_op_class, e->reactor, create_enter);
	cv->ebs = e;
}
