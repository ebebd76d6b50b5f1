#include "base/str.h"
#include "ebs/impl.h"

static enum watch_verdict take_volume(struct watch *w, const void *item)
{
	struct ebs_describe_volume *dv = container_of(w, struct ebs_describe_volume, watch);

	if (!item) {
		op_err(&w->op, GRPC_NOT_FOUND, "volume %s does not exist", w->id);
		return WATCH_FAILED;
	}
	volume_copy(&dv->arena, &dv->volume, item);
	return WATCH_DONE;
}

static enum op_verdict described(struct op *op)
{
	struct ebs_describe_volume *dv = container_of(op, struct ebs_describe_volume, op);

	if (op_failed(&dv->watch.op))
		return op_fail_err(op, &dv->watch.op.err);
	return OP_DONE;
}

static enum op_verdict describe_begin(struct op *op)
{
	struct ebs_describe_volume *dv = container_of(op, struct ebs_describe_volume, op);

	if (!ebs_is_volume_id(dv->volume_id))
		return op_fail(op, GRPC_NOT_FOUND,
			       "volume \"%s\" does not exist: an id is vol- and 8 or 17 hexadecimal digits",
			       cstr_or(dv->volume_id, ""));
	watch_init(&dv->watch, dv->ebs->volumes, dv->volume_id, TRANSITION_LOOK, take_volume);
	return op_await(op, &dv->watch.op, described);
}

static void describe_fini(struct op *op)
{
	arena_fini(&container_of(op, struct ebs_describe_volume, op)->arena);
}

static const struct op_class describe_class = {
	.name = "describe_volume",
	.fini = describe_fini,
};

void ebs_describe_volume_init(struct ebs_describe_volume *dv, struct ebs *e)
{
	op_init(&dv->op, &describe_class, e->reactor, describe_begin);
	dv->ebs = e;
}
