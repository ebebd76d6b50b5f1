#include "bench/watcher.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "base/json.h"

#define SAMPLE_MS 100
#define FDS_EVERY 10		/* samples: counting descriptors is dear */
#define BUCKETS_EVERY 5
#define TERMINAL_MS 500
#define LINES_MS 5000

static const char *const state_names[STATE_NONE] = {
	[STATE_CREATING] = "creating", [STATE_AVAILABLE] = "available",
	[STATE_ATTACHING] = "attaching", [STATE_ATTACHED] = "attached",
	[STATE_DETACHING] = "detaching", [STATE_DELETING] = "deleting",
};

/* ---- the driver ---- */

static double cpu_of(const struct proc_sample *s)
{
	return s->user_s + s->system_s + s->children_s;
}

static void put(struct bench *b, enum timeline_plot plot, const char *name, double v)
{
	struct timeline *t = &b->run->timeline;

	timeline_put(t, timeline_column(t, plot, name), bench_ms(b), v);
}

static void sample_driver(struct watcher *w, int64_t now)
{
	struct bench *b = w->bench;
	struct bench_run *run = b->run;
	struct proc_sample s;

	if (!b->driver.pid || proc_sample(b->driver.pid, w->samples % FDS_EVERY == 0, &s) < 0)
		return;
	if (w->seen && now > w->last_us)
		put(b, TIMELINE_cpu, "driver",
		    100 * 1e6 * (cpu_of(&s) - w->last_cpu_s) / (double)(now - w->last_us));
	if (!w->seen)
		w->first = s;
	w->seen = true;
	w->last = s;
	w->last_us = now;
	w->last_cpu_s = cpu_of(&s);
	put(b, TIMELINE_memory, "RSS", (double)s.rss);
	put(b, TIMELINE_memory, "anonymous", (double)s.anon);
	bench_run_peak(run, BENCH_rss_peak, (double)s.rss);
	bench_run_peak(run, BENCH_anon_peak, (double)s.anon);
	bench_run_peak(run, BENCH_threads_max, (double)s.threads);
	if (s.fds)
		bench_run_peak(run, BENCH_fds_max, (double)s.fds);
}

/* ---- its loop ---- */

/* What has been added to each class of turns since the last look; a turn counts as
 * the longest its class holds. False: the driver does not tell. */
static bool take_turns(struct watcher *w, const json_t *turns)
{
	size_t n = json_array_size(turns);

	if (n < 2 || n > WATCHER_TURNS)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *next = json_array_get(turns, i + 1 < n ? i + 1 : i);
		int64_t end = json_integer_value(json_array_get(next, 0));
		json_t *pair = json_array_get(turns, i);
		uint64_t count = (uint64_t)json_integer_value(json_array_get(pair, 1));

		if (w->turns_seen && count > w->turns[i])
			hist_record_n(&w->bench->run->driver_lag,
				      end > 0 ? (uint64_t)end - 1 : 0, count - w->turns[i]);
		w->turns[i] = count;
	}
	return w->turns_seen = true;
}

static void on_lag(struct op *op)
{
	struct http_exchange *x = container_of(op, struct http_exchange, op);
	struct watcher *w = x->user;
	json_t *j = op_failed(op) ? NULL : json_parse(buf_view(&x->response), NULL);
	int64_t us = json_get_int(j, "lag_us", -1);

	w->asking_lag = false;
	if (us >= 0) {
		if (!take_turns(w, json_object_get(j, "turns")))
			hist_record(&w->bench->run->driver_lag, (uint64_t)us);
		put(w->bench, TIMELINE_lag, "driver", (double)us);
	}
	json_decref(j);
}

static void ask_lag(struct watcher *w)
{
	if (!w->http || w->asking_lag)
		return;
	http_exchange_init(&w->lag, w->http, "GET", w->lag_url);
	w->lag.flags = HTTP_NO_PROXY;
	w->lag.socket_path = w->lag_socket;
	w->lag.total_ms = 5000;
	w->lag.user = w;
	w->asking_lag = true;
	op_start(&w->lag.op, on_lag);
}

/* ---- progress ---- */

static void draw_line(struct watcher *w)
{
	struct bench *b = w->bench;

	fprintf(stderr, "%s%.0f s: %" PRIu64 " done", w->terminal ? "\r\033[K" : "",
		(double)bench_ms(b) / 1000, b->done);
	if (b->opt->count)
		fprintf(stderr, " of %" PRIu64, b->opt->count);
	fprintf(stderr, ", %" PRIu64 " under way, %" PRIu64 " RPCs in flight", b->under_way,
		b->rpcs_in_flight);
	if (b->failed)
		fprintf(stderr, ", %" PRIu64 " failed", b->failed);
	if (w->seen)
		fprintf(stderr, ", driver %.1f MiB", (double)w->last.rss / 1048576);
	fputs(w->terminal ? "" : "\n", stderr);
	fflush(stderr);
	w->drawn = w->terminal;
}

static void on_progress(struct timer *t)
{
	struct watcher *w = container_of(t, struct watcher, progress);

	draw_line(w);
	timer_arm(t, w->terminal ? TERMINAL_MS : LINES_MS);
}

/* ---- samples ---- */

static void sample_load(struct watcher *w)
{
	struct bench *b = w->bench;
	int64_t us = reactor_lag_us(b->reactor);

	for (int s = 0; s < STATE_NONE; s++)
		put(b, TIMELINE_states, state_names[s], (double)b->states[s]);
	put(b, TIMELINE_in_flight, "RPCs", (double)b->rpcs_in_flight);
	hist_record(&b->run->generator_lag, (uint64_t)us);
	put(b, TIMELINE_lag, "ebs-csi-bench", (double)us);
}

static void on_sample(struct timer *t)
{
	struct watcher *w = container_of(t, struct watcher, sample);

	sample_driver(w, reactor_now_us(w->bench->reactor));
	sample_load(w);
	/* Asking would wake an idle driver up. */
	if (w->bench->opt->scenario != SCENARIO_IDLE)
		ask_lag(w);
	if (w->samples % BUCKETS_EVERY == 0)
		simulator_look(w->bench);
	w->samples++;
	timer_arm(t, SAMPLE_MS);
}

/* ---- begin and end ---- */

static void open_debug(struct watcher *w, const char *endpoint)
{
	static const char tcp[] = "tcp://", unix_path[] = "unix://";

	if (!endpoint)
		return;
	if (strncmp(endpoint, unix_path, strlen(unix_path)) == 0) {
		w->lag_socket = endpoint + strlen(unix_path);
		w->lag_url = xstrdup("http://localhost/debug/loop");
	} else if (strncmp(endpoint, tcp, strlen(tcp)) == 0) {
		w->lag_url = xasprintf("http://%s/debug/loop", endpoint + strlen(tcp));
	} else {
		w->lag_url = xasprintf("%s/debug/loop", endpoint);
	}
	w->http = http_new(w->bench->reactor, NULL);
}

void watcher_begin(struct watcher *w, struct bench *b, bool quiet)
{
	*w = (struct watcher){ .bench = b, .quiet = quiet, .terminal = isatty(2) };
	timer_init(&w->sample, b->reactor, on_sample);
	timer_init(&w->progress, b->reactor, on_progress);
	open_debug(w, b->opt->debug);
	sample_driver(w, reactor_now_us(b->reactor));
	if (!w->seen)
		bench_run_unmeasured(b->run, "memory, CPU and threads of the driver",
				     "no --driver and no --pid given");
	if (!b->opt->debug)
		bench_run_unmeasured(b->run, "loop lag of the driver", "no --debug given");
}

void watcher_load_begins(struct watcher *w)
{
	struct bench_run *run = w->bench->run;
	int64_t now = reactor_now_us(w->bench->reactor);

	sample_driver(w, now);
	if (w->seen) {
		bench_run_set(run, BENCH_rss_idle, (double)w->last.rss);
		bench_run_set(run, BENCH_anon_idle, (double)w->last.anon);
		w->first = w->last;
	}
	reactor_lag_us(w->bench->reactor);
	timer_arm(&w->sample, SAMPLE_MS);
	if (!w->quiet)
		timer_arm(&w->progress, w->terminal ? TERMINAL_MS : LINES_MS);
}

static void take_generator_cpu(struct bench_run *run)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) == 0)
		bench_run_set(run, BENCH_generator_cpu_s,
			      (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			      (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}

static void take_wakeups(struct watcher *w)
{
	struct bench *b = w->bench;
	double n = (double)(w->last.switches - w->first.switches);

	if (b->opt->scenario == SCENARIO_IDLE)
		bench_run_set(b->run, BENCH_wakeups_idle_per_min,
			      n * 60000 / (double)(bench_ms(b) ? bench_ms(b) : 1));
	else
		bench_run_set(b->run, BENCH_wakeups, n);
}

void watcher_end(struct watcher *w)
{
	struct bench_run *run = w->bench->run;

	timer_disarm(&w->sample);
	timer_disarm(&w->progress);
	sample_driver(w, reactor_now_us(w->bench->reactor));
	timeline_reach(&run->timeline, bench_ms(w->bench));
	take_generator_cpu(run);
	if (w->drawn)
		fputs("\r\033[K", stderr);
	if (!w->seen)
		return;
	bench_run_set(run, BENCH_cpu_user_s, w->last.user_s - w->first.user_s);
	bench_run_set(run, BENCH_cpu_system_s, w->last.system_s - w->first.system_s);
	bench_run_set(run, BENCH_cpu_children_s, w->last.children_s - w->first.children_s);
	bench_run_set(run, BENCH_rss_end, (double)w->last.rss);
	bench_run_set(run, BENCH_anon_end, (double)w->last.anon);
	take_wakeups(w);
}

void watcher_close(struct watcher *w)
{
	bool never = false;

	for (int i = 0; i < 100 && (w->asking_lag || w->bench->sim.looking); i++)
		reactor_run_until(w->bench->reactor, &never, 60);
	op_fini(&w->lag.op);
	free(w->lag_url);
	http_free(w->http);
}
