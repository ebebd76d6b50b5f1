#include "aws/creds.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>

#include "aws/creds_internal.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"

#define MINUTE_MS 60000
#define TEXT_MAX 4096
#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 60000
#define AHEAD_MIN_MS 30000	/* also when IMDS gives keys that have expired */
#define RECENT_MS 10000

struct creds {
	struct reactor *reactor;
	struct imds *imds;
	struct aws_creds *current;	/* NULL: none yet */
	uint64_t generation;		/* of the newest */
	bool refused;			/* current must be fetched anew before use */
	int64_t refreshed_at;		/* reactor_now() of the last good refresh */

	struct op refresh;
	struct creds_imds role;
	struct buf why;			/* what each source said, in this refresh */
	struct flight flight;
	struct timer timer;		/* the next refresh ahead of expiry */
	uint64_t rng;

	struct err failure;		/* of the last refresh; unset when it went well */
	int64_t retry_at;		/* reactor_now(): not before, after failures */
	unsigned int failures;		/* in a row */
};

/* ---- one set ---- */

struct aws_creds *aws_creds_new(const char *access_key, const char *secret_key,
				const char *token, int64_t expires, char feature,
				const char *source)
{
	struct aws_creds *c = xcalloc(1, sizeof(*c));

	c->keys.access_key = xstrdup(access_key);
	c->keys.secret_key = xstrdup(secret_key);
	c->keys.session_token = xstrdup(token);
	c->expires = expires;
	c->feature = feature;
	c->source = xstrdup(source);
	c->refs = 1;
	return c;
}

struct aws_creds *aws_creds_ref(struct aws_creds *c)
{
	c->refs++;
	return c;
}

static void wipe(const char *secret)
{
	if (secret)
		OPENSSL_cleanse((char *)secret, strlen(secret));
	free((char *)secret);
}

void aws_creds_unref(struct aws_creds *c)
{
	if (!c || --c->refs)
		return;
	wipe(c->keys.access_key);
	wipe(c->keys.secret_key);
	wipe(c->keys.session_token);
	free(c->source);
	free(c);
}

static bool same_keys(const struct aws_creds *a, const struct aws_creds *b)
{
	return cstr_eq(a->keys.access_key, b->keys.access_key) &&
	       cstr_eq(a->keys.secret_key, b->keys.secret_key) &&
	       cstr_eq(a->keys.session_token, b->keys.session_token);
}

/* ---- when ---- */

static int64_t jitter(struct creds *c, int64_t range)
{
	c->rng = c->rng * 6364136223846793005u + 1442695040888963407u;
	return range > 0 ? (int64_t)((c->rng >> 33) % (uint64_t)range) : 0;
}

static int64_t life_left(const struct creds *c)
{
	if (!c->current)
		return 0;
	return c->current->expires ? c->current->expires - reactor_wall(c->reactor) : INT64_MAX;
}

/* 15 to 10 minutes ahead, or at half of what is left of a short life. */
static void arm_ahead(struct creds *c)
{
	int64_t left = life_left(c);

	timer_disarm(&c->timer);
	if (left == INT64_MAX)
		return;
	if (left < 30 * MINUTE_MS)
		timer_arm(&c->timer, left > 2 * AHEAD_MIN_MS ? left / 2 : AHEAD_MIN_MS);
	else
		timer_arm(&c->timer, left - 15 * MINUTE_MS + jitter(c, 5 * MINUTE_MS));
}

/* 1, 2, 4 … 60 s, each 20 % more or less. */
static int64_t pause_after_failure(struct creds *c)
{
	int64_t ms = PAUSE_MIN_MS;

	for (unsigned int i = 1; i < c->failures && ms < PAUSE_MAX_MS; i++)
		ms *= 2;
	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	return ms - ms / 5 + jitter(c, ms * 2 / 5);
}

/* ---- refresh: refresh_begin [-> refresh_role] -> OP_DONE ---- */

static op_step refresh_role;

static void install(struct creds *c, struct aws_creds *found)
{
	struct aws_creds *old = c->current;

	found->generation = old && same_keys(old, found) ? old->generation : ++c->generation;
	c->current = found;
	c->refused = false;
	c->refreshed_at = reactor_now(c->reactor);
	if (!old || old->generation != found->generation)
		log_info(AREA_AWS, "credentials: %s, key %.4s...", found->source,
			 found->keys.access_key);
	aws_creds_unref(old);
}

static enum op_verdict no_source(struct op *op, struct creds *c, enum grpc_code code)
{
	return op_fail(op, code, "no AWS credentials: %s", buf_cstr(&c->why));
}

static enum op_verdict refresh_begin(struct op *op)
{
	struct creds *c = container_of(op, struct creds, refresh);
	struct aws_creds *found = NULL;
	enum creds_verdict v;

	buf_reset(&c->why);
	v = creds_from_env(&found, &c->why);
	if (v == CREDS_ABSENT) {
		buf_adds(&c->why, "; ");
		v = creds_from_profile(&found, &c->why);
	}
	if (v == CREDS_FOUND) {
		install(c, found);
		return OP_DONE;
	}
	buf_adds(&c->why, "; ");
	if (v == CREDS_ABSENT)
		v = creds_from_container(&c->why);
	if (v == CREDS_BROKEN)
		return no_source(op, c, GRPC_UNAUTHENTICATED);
	if (!c->imds) {
		buf_adds(&c->why, "IMDS: not asked");
		return no_source(op, c, GRPC_UNAUTHENTICATED);
	}
	creds_imds_init(&c->role, c->imds);
	return op_await(op, &c->role.op, refresh_role);
}

static enum op_verdict refresh_role(struct op *op)
{
	struct creds *c = container_of(op, struct creds, refresh);

	if (op_failed(&c->role.op)) {
		buf_printf(&c->why, "IMDS: %s", err_msg(&c->role.op.err));
		return no_source(op, c, c->role.op.err.code == GRPC_UNAVAILABLE ?
					GRPC_UNAVAILABLE : GRPC_UNAUTHENTICATED);
	}
	install(c, c->role.result);
	c->role.result = NULL;
	return OP_DONE;
}

static const struct op_class refresh_class = { .name = "creds_refresh" };

static void on_refresh_end(struct op *op)
{
	struct creds *c = container_of(op, struct creds, refresh);

	if (op_failed(op)) {
		c->failures++;
		err_copy(&c->failure, &op->err);
		c->retry_at = reactor_now(c->reactor) + pause_after_failure(c);
		log_warn(AREA_AWS, "%s", err_msg(&op->err));
		if (c->current)		/* keep trying; without any, the next call does */
			timer_arm(&c->timer, c->retry_at - reactor_now(c->reactor));
	} else {
		c->failures = 0;
		err_fini(&c->failure);
		arm_ahead(c);
	}
	flight_land(&c->flight, &op->err);
}

static void start_refresh(struct creds *c)
{
	if (op_active(&c->refresh))
		return;
	op_init(&c->refresh, &refresh_class, c->reactor, refresh_begin);
	op_start(&c->refresh, on_refresh_end);
}

static void on_timer(struct timer *t)
{
	start_refresh(container_of(t, struct creds, timer));
}

struct creds *creds_new(struct reactor *r, struct imds *imds)
{
	struct creds *c = xcalloc(1, sizeof(*c));

	c->reactor = r;
	c->imds = imds;
	if (getrandom(&c->rng, sizeof(c->rng), GRND_NONBLOCK) < 0)
		c->rng = (uint64_t)reactor_wall(r);
	buf_init(&c->why, TEXT_MAX);
	flight_init(&c->flight);
	timer_init(&c->timer, r, on_timer);
	return c;
}

void creds_stop(struct creds *c)
{
	timer_disarm(&c->timer);
	op_cancel(&c->refresh, GRPC_CANCELLED, "the program ends");
}

void creds_free(struct creds *c)
{
	if (!c)
		return;
	timer_disarm(&c->timer);
	op_fini(&c->refresh);
	flight_fini(&c->flight);
	buf_fini(&c->why);
	err_fini(&c->failure);
	aws_creds_unref(c->current);
	free(c);
}

/* ---- get: get_begin [-> get_refreshed] -> OP_DONE ---- */

static op_step get_refreshed;

static enum op_verdict give(struct creds_get *g)
{
	g->result = aws_creds_ref(g->creds->current);
	return OP_DONE;
}

/* Role credentials are used past their end while IMDS does not answer: EC2
 * accepts them then, by design. */
static bool usable_after_failure(const struct creds *c)
{
	return c->current &&
	       ((life_left(c) > 0 && !c->refused) || c->current->feature == '0');
}

/* Good for a minute; or the best there is, as a refresh has just shown. */
static bool usable(const struct creds *c)
{
	return c->current && !c->refused &&
	       (life_left(c) > MINUTE_MS ||
		(c->current->feature == '0' && !c->failures &&
		 reactor_now(c->reactor) - c->refreshed_at < RECENT_MS));
}

static enum op_verdict get_begin(struct op *op)
{
	struct creds_get *g = container_of(op, struct creds_get, op);
	struct creds *c = g->creds;
	struct err err = { 0 };

	if (usable(c))
		return give(g);
	if (!op_active(&c->refresh) && c->failures && reactor_now(c->reactor) < c->retry_at) {
		if (usable_after_failure(c))
			return give(g);
		err_copy(&err, &c->failure);
		return op_fail_err(op, &err);
	}
	start_refresh(c);
	flight_wait_init(&g->wait, op->reactor, &c->flight, "credentials");
	return op_await(op, &g->wait.op, get_refreshed);
}

static enum op_verdict get_refreshed(struct op *op)
{
	struct creds_get *g = container_of(op, struct creds_get, op);

	if (!op_failed(&g->wait.op) || usable_after_failure(g->creds))
		return give(g);
	return op_fail_as(op, &g->wait.op, NULL);
}

static void get_fini(struct op *op)
{
	struct creds_get *g = container_of(op, struct creds_get, op);

	aws_creds_unref(g->result);
	g->result = NULL;
}

static const struct op_class get_class = {
	.name = "creds_get",
	.fini = get_fini,
};

void creds_get_init(struct creds_get *g, struct creds *c)
{
	op_init(&g->op, &get_class, c->reactor, get_begin);
	g->creds = c;
}

void creds_refused(struct creds *c, uint64_t generation)
{
	if (!c->current || c->current->generation != generation)
		return;		/* newer ones are there already */
	if (reactor_now(c->reactor) - c->refreshed_at < MINUTE_MS)
		return;
	c->refused = true;
}

void creds_describe(const struct creds *c, struct buf *out)
{
	if (!c->current) {
		buf_adds(out, err_is_set(&c->failure) ? err_msg(&c->failure) :
							"no AWS credentials asked for yet");
		return;
	}
	buf_printf(out, "%s, key %.4s...", c->current->source, c->current->keys.access_key);
	if (c->current->expires) {
		buf_adds(out, ", expires ");
		encode_time(out, c->current->expires);
	}
	if (err_is_set(&c->failure))
		buf_printf(out, "; the last refresh failed: %s", err_msg(&c->failure));
}
