/* CreateVolume when EC2 says that the name's token is used, or that the quota
 * is: looking for the volume by its name tag, adopting it, removing one that
 * failed, going on with the next token. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "ebs/create.h"

#define TOKENS_MAX 30		/* burned ones skipped in one job */
#define SCRAP_PAUSE_MS 2000
#define SEARCH_AGAIN_MS 8000	/* a tag may be invisible for so long */

static op_step create_searched, create_scrapped;

/* ---- search: the volume that may carry our name already ---- */

/* * and ? match anything in a filter. */
static const char *filter_value(struct arena *a, const char *s)
{
	char *ret = arena_alloc(a, 2 * strlen(s) + 1), *p = ret;

	for (; *s; s++) {
		if (*s == '*' || *s == '?' || *s == '\\')
			*p++ = '\\';
		*p++ = *s;
	}
	return ret;
}

static void ask_by_name(struct create_job *cj, const char *token)
{
	struct arena *a = &cj->job.arena;
	struct ec2_filter *f = arena_alloc(a, sizeof(*f));

	f->name = "tag:" EBS_NAME_TAG;
	f->values.v = arena_array(a, 1, sizeof(*f->values.v));
	f->values.v[0] = filter_value(a, cj->in.name);
	f->values.n = 1;
	ec2_call_init(&cj->job.call, cj->job.ebs->ec2, EC2_DESCRIBE_VOLUMES);
	cj->job.call.req.describe_volumes.filters.v = f;
	cj->job.call.req.describe_volumes.filters.n = 1;
	cj->job.call.req.describe_volumes.next_token = token;
}

enum op_verdict create_search(struct op *op)
{
	struct create_job *cj = create_of(op);

	cj->found = 0;
	cj->failed = NULL;
	cj->found_ids = "";
	ask_by_name(cj, NULL);
	return op_await(op, &cj->job.call.op, create_searched);
}

static bool has_name(const struct ec2_volume *v, const char *name)
{
	for (size_t i = 0; i < v->tags.n; i++)
		if (cstr_eq(v->tags.v[i].key, EBS_NAME_TAG))
			return cstr_eq(v->tags.v[i].value, name);
	return false;
}

static void consider(struct create_job *cj, const struct ec2_volume *v)
{
	struct arena *a = &cj->job.arena;

	if (!has_name(v, cj->in.name) || !ebs_is_volume_id(v->volume_id))
		return;
	if (cstr_eq(v->status, "error"))
		cj->failed = arena_str(a, v->volume_id);
	if (!cstr_eq(v->status, "creating") && !cstr_eq(v->status, "available") &&
	    !cstr_eq(v->status, "in-use"))
		return;
	cj->found++;
	cj->found_ids = arena_printf(a, "%s%s%s", cj->found_ids,
				     *cj->found_ids ? ", " : "", v->volume_id);
	cj->differs = create_inputs_differ(&cj->in, v, cj->iops);
	volume_copy(a, &cj->match, v);
}

static enum op_verdict search_failed(struct create_job *cj)
{
	op_fail_as(&cj->job.op, &cj->job.call.op,
		   "volume %s: looking for one of this name after \"%s\"", cj->in.name,
		   err_msg(&cj->why));
	cj->job.op.err.code = GRPC_ABORTED;
	return OP_FAILED;
}

static enum op_verdict found_none(struct create_job *cj)
{
	struct op *op = &cj->job.op;
	char text[16];

	if (!cj->searched_twice) {
		cj->searched_twice = true;
		op_sleep_init(&cj->job.pause, op->reactor, SEARCH_AGAIN_MS);
		return op_await(op, &cj->job.pause.op, create_search);
	}
	if (!err_reason_is(&cj->why, "IdempotentParameterMismatch")) {
		err_prefix(&cj->why, "volume %s", cj->in.name);
		cj->why.code = GRPC_RESOURCE_EXHAUSTED;
		return op_fail_err(op, &cj->why);
	}
	/* The token is burned: its volume failed after it was made, or is gone. */
	if (++cj->tokens_tried >= TOKENS_MAX)
		return op_fail(op, GRPC_ABORTED,
			       "volume %s: the client tokens of %u tries are used up: %s",
			       cj->in.name, cj->tokens_tried, err_msg(&cj->why));
	snprintf(text, sizeof(text), "%u", ++cj->token);
	memo_put(&cj->job.ebs->tokens, cj->in.name, text, ebs_now(cj->job.ebs));
	/* Others are likely burned too: no second look for each. */
	return op_next(op, create_send);
}

static enum op_verdict found_one(struct create_job *cj)
{
	struct op *op = &cj->job.op;

	if (cj->differs)
		return op_fail(op, GRPC_ALREADY_EXISTS,
			       "volume %s exists as %s with another %s than asked for: delete it or choose another name (%s)",
			       cj->in.name, cj->found_ids, cj->differs, err_msg(&cj->why));
	log_info(AREA_EBS, "volume %s: adopted %s", cj->in.name, cj->match.volume_id);
	cj->described = true;
	cj->made_at = ebs_now(cj->job.ebs);
	create_take_volume(cj, &cj->match);
	return create_is_ready(cj) ? create_done(cj) : op_next(op, create_wait);
}

static enum op_verdict create_searched(struct op *op)
{
	struct create_job *cj = create_of(op);
	const struct ec2_volumes *vs = &cj->job.call.resp.volumes;

	if (op_failed(&cj->job.call.op))
		return search_failed(cj);
	for (size_t i = 0; i < vs->n; i++)
		consider(cj, &vs->v[i]);
	if (!cstr_empty(vs->next_token)) {
		ask_by_name(cj, arena_str(&cj->job.arena, vs->next_token));
		return op_await(op, &cj->job.call.op, create_searched);
	}
	if (cj->found == 0 && cj->failed)
		return op_next(op, create_scrap);	/* left by an earlier try */
	if (cj->found == 0)
		return found_none(cj);
	if (cj->found == 1)
		return found_one(cj);
	return op_fail(op, GRPC_ABORTED,
		       "volume %s: %zu volumes carry this name (%s): delete the wrong ones (%s)",
		       cj->in.name, cj->found, cj->found_ids, err_msg(&cj->why));
}

/* ---- removing one that EC2 has failed ---- */

enum op_verdict create_scrap(struct op *op)
{
	struct create_job *cj = create_of(op);

	if (!cj->scrap_since) {
		log_info(AREA_EBS, "volume %s: removing %s, which is in state error",
			 cj->in.name, cj->failed);
		cj->scrap_since = ebs_now(cj->job.ebs);
	}
	ec2_call_init(&cj->job.call, cj->job.ebs->ec2, EC2_DELETE_VOLUME);
	cj->job.call.req.delete_volume.volume_id = cj->failed;
	return op_await(op, &cj->job.call.op, create_scrapped);
}

static enum op_verdict create_scrapped(struct op *op)
{
	struct create_job *cj = create_of(op);
	const struct ec2_call *call = &cj->job.call;
	bool missing = ec2_call_failed_with(call, "InvalidVolume.NotFound");

	if (op_failed(&call->op) && !missing)
		return op_fail(op, GRPC_ABORTED,
			       "volume %s: removing %s, which is in state error: %s",
			       cj->in.name, cj->failed, err_msg(&call->op.err));
	if (missing && ebs_now(cj->job.ebs) - cj->scrap_since < SETTLE_MS) {
		/* Young as it is, not every part of EC2 may know it yet. */
		op_sleep_init(&cj->job.pause, op->reactor, SCRAP_PAUSE_MS);
		return op_await(op, &cj->job.pause.op, create_scrap);
	}
	cj->scrap_since = 0;
	return cj->job.volume_id ? create_failed(cj) : found_none(cj);
}
