#include "bench/run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "bench/lives.h"
#include "bench/load.h"
#include "bench/watcher.h"

#define READY_MS 30000		/* for a driver to answer its first RPC */
#define READY_PAUSE_MS 2
#define IDLE_MS 500		/* of a new driver, before the load */
#define STOP_MS 15000		/* for a driver to end */
#define TIDY_MS 60000

void bench_stop(struct bench *b, const char *fmt, ...)
{
	char text[1000];
	va_list ap;

	if (b->over || b->stopping)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	b->stopping = true;
	bench_run_partial(b->run, "%s", text);
}

int64_t bench_ms(const struct bench *b)
{
	return b->began_us ? (reactor_now_us(b->reactor) - b->began_us) / 1000 : 0;
}

void bench_move(struct bench *b, enum bench_state *from, enum bench_state to)
{
	if (*from != STATE_NONE)
		b->states[*from]--;
	if (to != STATE_NONE)
		b->states[to]++;
	*from = to;
}

/* ---- the driver ---- */

static void on_driver_death(void *ctx)
{
	struct bench *b = ctx;

	bench_stop(b, "the driver has ended by itself");
}

static int open_driver(struct bench *b, struct err *err)
{
	const struct bench_options *o = b->opt;

	b->driver.pidfd = -1;
	if (o->driver)
		return driver_start(&b->driver, b->reactor, o->driver, on_driver_death, b, err);
	if (o->pid)
		return driver_attach(&b->driver, b->reactor, (pid_t)o->pid, on_driver_death, b,
				     err);
	return 0;
}

struct probe {
	struct grpc_call call;
	bool ended;
};

static void on_probe_end(struct op *op)
{
	container_of(op, struct probe, call.op)->ended = true;
}

/* One Probe on a connection of its own. */
static int probe(struct bench *b, const char *endpoint, int64_t ms, struct err *err)
{
	struct grpc_client *c = grpc_client_new(b->reactor, endpoint, err);
	struct probe p = {0};

	if (!c)
		return -1;
	grpc_call_init(&p.call, c, "/csi.v1.Identity/Probe");
	op_set_deadline(&p.call.op, ms);
	op_start(&p.call.op, on_probe_end);
	reactor_run_until(b->reactor, &p.ended, ms + 1000);
	if (op_failed(&p.call.op))
		err_move(err, &p.call.op.err);
	op_fini(&p.call.op);
	grpc_client_free(c);
	return err_is_set(err) ? -1 : 0;
}

static int not_ready(struct bench *b, const char *endpoint, struct err *why, struct err *err)
{
	struct buf words;

	buf_init(&words, 8192);
	driver_last_words(&b->driver, &words);
	if (b->driver.dead)
		err_set(err, GRPC_UNAVAILABLE, "the driver ended before it answered; its last words:\n%s",
			words.len ? buf_cstr(&words) : "  (none)\n");
	else if (b->driver.pid && b->driver.ours)
		err_set(err, GRPC_UNAVAILABLE,
			"the driver does not answer at %s within %d s: %s; its last words:\n%s",
			endpoint, READY_MS / 1000, err_msg(why),
			words.len ? buf_cstr(&words) : "  (none)\n");
	else
		err_set(err, GRPC_UNAVAILABLE, "nobody answers at %s: %s", endpoint, err_msg(why));
	buf_fini(&words);
	return -1;
}

/* Asks until there is an answer; a driver that runs already is asked once. */
static int wait_ready(struct bench *b, const char *endpoint, struct interrupt *in,
		      struct err *err)
{
	int64_t began = reactor_now(b->reactor), left = READY_MS;
	struct err why = {0};
	bool never = false;
	int rc;

	while ((rc = probe(b, endpoint, left, &why)) < 0 && b->opt->driver &&
	       !b->driver.dead && !in->asked) {
		left = began + READY_MS - reactor_now(b->reactor);
		if (left <= 0)
			break;
		err_fini(&why);
		reactor_run_until(b->reactor, &never, READY_PAUSE_MS);
	}
	if (rc < 0)
		not_ready(b, endpoint, &why, err);
	err_fini(&why);
	return rc;
}

static int get_ready(struct bench *b, struct interrupt *in, struct err *err)
{
	int64_t began = reactor_now_us(b->reactor);

	if (open_driver(b, err) < 0 || wait_ready(b, b->opt->endpoint, in, err) < 0)
		return -1;
	if (b->opt->driver)
		bench_run_set(b->run, BENCH_start_to_answer_ms,
			      (double)(reactor_now_us(b->reactor) - began) / 1000);
	if (b->opt->node_endpoint && b->opt->scenario == SCENARIO_NODE)
		return wait_ready(b, b->opt->node_endpoint, in, err);
	return 0;
}

/* ---- the load ---- */

static const struct load *load_of(enum bench_scenario s)
{
	switch (s) {
	case SCENARIO_FLOOD:
		return &load_flood;
	case SCENARIO_IDLE:
		return &load_idle;
	case SCENARIO_START:
		return NULL;
	default:
		return &load_lives;
	}
}

static void await_over(struct bench *b, int64_t ms)
{
	while (!b->over && ms > 0) {
		int64_t part = ms < 50 ? ms : 50;

		reactor_run_until(b->reactor, &b->over, part);
		ms -= part;
		if (b->interrupted)
			bench_stop(b, "interrupted");
		if (b->stopping)
			return;
	}
}

static void run_load(struct bench *b, const struct load *load)
{
	load->begin(b);
	await_over(b, INT64_MAX);
	if (!b->over) {
		load->stop(b);
		reactor_run_until(b->reactor, &b->over, STOP_MS);
	}
	bench_run_set(b->run, BENCH_makespan_s, (double)bench_ms(b) / 1000);
}

/* Without a driver or an EC2 there is nobody to remove anything. */
static void tidy_up(struct bench *b, const struct load *load)
{
	if (!b->stopping || !load->tidy || b->driver.dead || b->sim.lost)
		return;
	b->over = false;
	load->tidy(b);
	reactor_run_until(b->reactor, &b->over, TIDY_MS);
}

static void take_counts(struct bench *b)
{
	double s = (double)bench_ms(b) / 1000;

	if (b->opt->open && s > 0)
		bench_run_set(b->run, BENCH_offered_per_s,
			      (double)(b->done + b->failed + b->under_way) / s);
	if (b->opt->scenario != SCENARIO_CHURN && b->opt->scenario != SCENARIO_NODE)
		return;
	if (b->opt->count)
		bench_run_set(b->run, BENCH_lifecycles_wanted, (double)b->opt->count);
	bench_run_set(b->run, BENCH_lifecycles_done, (double)b->done);
	bench_run_set(b->run, BENCH_lifecycles_failed, (double)b->failed);
}

static void take_ec2(struct bench *b, const struct load *load)
{
	struct ec2_times times = {0};
	struct err err = {0};

	if (!b->sim.url) {
		bench_run_unmeasured(b->run, "EC2 calls, EC2's own time, leaks",
				     "no --sim given");
		return;
	}
	if (simulator_end(b, &err) < 0 ||
	    (load->finish && simulator_times(b, &times, &err) < 0)) {
		bench_run_partial(b->run, "%s", err_msg(&err));
		err_fini(&err);
	} else if (load->finish) {
		load->finish(b, &times);
	}
	ec2_times_fini(&times);
}

static void measure(struct bench *b, const struct load *load)
{
	struct watcher w;
	bool never = false;

	watcher_begin(&w, b, b->opt->quiet);
	if (b->opt->driver)
		reactor_run_until(b->reactor, &never, IDLE_MS);
	b->began_us = reactor_now_us(b->reactor);
	watcher_load_begins(&w);
	run_load(b, load);
	watcher_end(&w);
	bench_run_set(b->run, BENCH_duration_s, (double)bench_ms(b) / 1000);
	take_counts(b);
	tidy_up(b, load);
	watcher_close(&w);
	take_ec2(b, load);
}

/* ---- begin and end ---- */

static int prepare(struct bench *b, struct err *err)
{
	const struct bench_options *o = b->opt;
	bool lives = o->scenario == SCENARIO_CHURN || o->scenario == SCENARIO_NODE;

	b->controller = (struct channel){ .reactor = b->reactor, .endpoint = o->endpoint };
	b->node = (struct channel){ .reactor = b->reactor, .endpoint = o->node_endpoint };
	b->provisioner.limit = b->attacher.limit = o->workers;
	list_init(&b->provisioner.waiting);
	list_init(&b->attacher.waiting);
	b->draw.state = o->seed;
	b->nodes = o->nodes;
	b->n_nodes = o->n_nodes;
	b->zone = o->zone;
	simulator_open(&b->sim, b->reactor, o->sim);
	if (simulator_begin(b, err) < 0)
		return -1;
	if (o->scenario == SCENARIO_NODE && lives_check_directory(o->dir, err) < 0)
		return -1;
	return lives ? simulator_nodes(b, err) : 0;
}

static void explain_death(struct bench *b)
{
	struct buf words;

	if (!b->driver.dead || !b->driver.ours)
		return;
	buf_init(&words, 8192);
	driver_last_words(&b->driver, &words);
	bench_run_note(b->run, "driver's last words", "%s",
		       words.len ? buf_cstr(&words) : "(none)");
	buf_fini(&words);
}

static void close_run(struct bench *b, const struct load *load)
{
	channel_close(&b->controller);
	channel_close(&b->node);
	if (load && load->release && b->load)
		load->release(b);
	simulator_close(&b->sim);
	driver_stop(&b->driver, STOP_MS);
	arena_fini(&b->arena);
}

int bench_run_once(struct bench_result *result, const struct bench_options *o,
		   struct interrupt *interrupt, struct err *err)
{
	const struct load *load = load_of(o->scenario);
	struct bench b = { .opt = o, .reactor = reactor_new(), .result = result };
	int rc;

	b.run = bench_result_add_run(result, reactor_wall(b.reactor));
	interrupt->bench = &b;
	rc = prepare(&b, err);
	if (rc == 0)
		rc = get_ready(&b, interrupt, err);
	if (rc == 0 && load && !interrupt->asked)
		measure(&b, load);
	interrupt->bench = NULL;
	explain_death(&b);
	close_run(&b, load);
	reactor_free(b.reactor);
	return rc;
}
