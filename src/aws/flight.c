#include "aws/flight.h"

void flight_init(struct flight *f)
{
	list_init(&f->waiters);
}

void flight_fini(struct flight *f)
{
	err_fini(&f->last);
}

static enum op_verdict wait_begin(struct op *op)
{
	struct flight_wait *w = container_of(op, struct flight_wait, op);

	/* It may have landed between our start and this first turn. */
	if (w->landings != w->flight->landings) {
		err_copy(&op->err, &w->flight->last);
		return err_is_set(&op->err) ? OP_FAILED : OP_DONE;
	}
	list_add_tail(&w->flight->waiters, &w->link);
	return OP_PENDING;
}

static void wait_stop(struct op *op)
{
	struct flight_wait *w = container_of(op, struct flight_wait, op);

	list_del(&w->link);
	op_finish(op);
}

static const struct op_class wait_class = {
	.name = "wait",
	.stop = wait_stop,
};

void flight_wait_init(struct flight_wait *w, struct reactor *r, struct flight *f,
		      const char *what)
{
	op_init_named(&w->op, &wait_class, r, wait_begin, what);
	w->flight = f;
	w->landings = f->landings;
	list_init(&w->link);
}

void flight_land(struct flight *f, const struct err *err)
{
	struct list *l;

	f->landings++;
	err_fini(&f->last);
	if (err)
		err_copy(&f->last, err);
	while ((l = list_pop(&f->waiters))) {
		struct flight_wait *w = list_entry(l, struct flight_wait, link);

		err_copy(&w->op.err, &f->last);
		op_finish(&w->op);
	}
}
