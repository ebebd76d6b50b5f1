/* Made-up results of ebs-csi-bench. */
#ifndef BENCH_FIXTURE_H
#define BENCH_FIXTURE_H

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/result.h"

#define FIXTURE_STARTED INT64_C(1767323045678)	/* 2026-01-02T03:04:05.678Z */

/* "<" in names shows what is not escaped. */
#define HOSTILE "</script><img src=x onerror=alert(1)>\"'&\x1b[31m\xff\n"

/* A spread of times around `mean_us` from a fixed sequence. */
static inline void fixture_times(struct hist *h, uint64_t mean_us, int n, unsigned int seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (int i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		hist_record(h, mean_us / 2 + (uint64_t)(x >> 8) * mean_us / (1u << 24) +
			    (i % 100 == 99 ? 5 * mean_us : 0));
	}
}

static inline void fixture_rpc(struct bench_run *run, const char *name, uint64_t mean_us,
			       unsigned int seed)
{
	struct bench_rpc *rpc = bench_run_rpc(run, name);

	fixture_times(&rpc->response, mean_us, 1000, seed);
	fixture_times(&rpc->service, mean_us / 2, 1010, seed + 1);
	fixture_times(&rpc->over_ec2, mean_us / 10, 1000, seed + 2);
	hist_record_n(&rpc->attempts, 1, 990);
	hist_record_n(&rpc->attempts, 2, 10);
	rpc->codes[GRPC_OK] = 1000;
	rpc->codes[GRPC_ABORTED] = 7;
	rpc->codes[GRPC_DEADLINE_EXCEEDED] = 3;
	rpc->retries = 10;
	rpc->timeouts = 3;
}

static inline void fixture_action(struct bench_run *run, const char *name, uint64_t calls,
				  uint64_t throttled)
{
	struct bench_action *a = bench_run_action(run, name);

	a->calls = calls;
	a->throttled = throttled;
}

static inline void fixture_memory(struct bench_run *run, double by)
{
	bench_run_set(run, BENCH_rss_idle, 11.5 * 1048576);
	bench_run_set(run, BENCH_rss_peak, 20 * 1048576 * by);
	bench_run_set(run, BENCH_rss_end, 14 * 1048576 * by);
	bench_run_set(run, BENCH_anon_idle, 1.9 * 1048576);
	bench_run_set(run, BENCH_anon_peak, 9.25 * 1048576);
	bench_run_set(run, BENCH_threads_max, 1);
	bench_run_set(run, BENCH_wakeups_idle_per_min, 0);
}

static inline void fixture_timeline(struct bench_run *run)
{
	static const char *const states[] = { "creating", "available", "attaching", "attached",
					      "detaching", "deleting" };
	struct timeline *t = &run->timeline;
	int rss = timeline_column(t, TIMELINE_memory, "RSS");
	int cpu = timeline_column(t, TIMELINE_cpu, "driver");
	int flight = timeline_column(t, TIMELINE_in_flight, "all");

	for (int at = 0; at < 204000; at += 250) {
		for (int s = 0; s < 6; s++) {
			int d = abs(at - 30000 * (s + 1));

			timeline_put(t, timeline_column(t, TIMELINE_states, states[s]), at,
				     d < 40000 ? (40000 - d) / 80.0 : 0);
		}
		timeline_put(t, rss, at, (12 + at / 40000.0) * 1048576);
		timeline_put(t, cpu, at, 3 + (at / 250) % 7);
		timeline_put(t, flight, at, 100 - at / 4000.0);
		timeline_put(t, timeline_column(t, TIMELINE_buckets, "AttachVolume"), at,
			     at < 10000 ? 50 - at / 200.0 : 0.5);
		timeline_put(t, timeline_column(t, TIMELINE_rpcs, "ControllerPublishVolume"), at, 1);
		timeline_put(t, timeline_column(t, TIMELINE_ec2_calls, "AttachVolume"), at, 1.25);
	}
}

/* One complete run; `by` around 1 makes runs differ. */
static inline struct bench_run *fixture_run(struct bench_result *r, double by, unsigned int seed)
{
	struct bench_run *run = bench_result_add_run(r, FIXTURE_STARTED + seed * 1000);

	bench_run_set(run, BENCH_duration_s, 210 * by);
	bench_run_set(run, BENCH_makespan_s, 204.125 * by);
	bench_run_set(run, BENCH_optimum_s, 200);
	bench_run_set(run, BENCH_lifecycles_wanted, 1000);
	bench_run_set(run, BENCH_lifecycles_done, 1000);
	bench_run_set(run, BENCH_lifecycles_failed, 0);
	bench_run_set(run, BENCH_in_flight_max, 1000);
	bench_run_set(run, BENCH_cpu_user_s, 0.9 * by);
	bench_run_set(run, BENCH_cpu_system_s, 0.3 * by);
	fixture_memory(run, by);
	fixture_rpc(run, "CreateVolume", (uint64_t)(2000000 * by), seed);
	fixture_rpc(run, "ControllerPublishVolume", (uint64_t)(2500000 * by), seed + 10);
	fixture_rpc(run, "ControllerUnpublishVolume", (uint64_t)(2800000 * by), seed + 20);
	fixture_rpc(run, "DeleteVolume", (uint64_t)(400000 * by), seed + 30);
	fixture_times(&run->lifecycle, 9000000, 1000, seed);
	fixture_times(&run->driver_lag, 200, 5000, seed);
	fixture_times(&run->generator_lag, 150, 5000, seed);
	fixture_action(run, "CreateVolume", 1003, 3);
	fixture_action(run, "AttachVolume", 1006, 6);
	fixture_action(run, "DetachVolume", 1000, 0);
	fixture_action(run, "DeleteVolume", 1000, 0);
	fixture_action(run, "DescribeVolumes", 410, 0);
	bench_run_looked_for_leaks(run);
	fixture_timeline(run);
	return run;
}

static inline void fixture_head(struct bench_result *r)
{
	r->loop = BENCH_OPEN_LOOP;
	bench_result_driver(r, "ebs-csid controller --endpoint=unix:///tmp/csi.sock");
	bench_texts_set(&r->parameters, "volumes", "1000");
	bench_texts_set(&r->parameters, "workers", "100");
	bench_texts_set(&r->parameters, "profile", "default-buckets");
	bench_texts_set(&r->machine, "cpus", "2");
	bench_texts_set(&r->machine, "model", "A Processor @ 2.50GHz");
	bench_texts_set(&r->machine, "kernel", "Linux 6.1.0");
	bench_texts_set(&r->versions, "ebs-csi-bench", "0.4");
	bench_texts_set(&r->versions, "driver", "0.4");
}

/* Three complete repetitions. */
static inline struct bench_result *fixture_full(void)
{
	struct bench_result *r = bench_result_new("burst");

	fixture_head(r);
	fixture_run(r, 1, 1);
	fixture_run(r, 1.02, 2);
	fixture_run(r, 0.99, 3);
	bench_result_budget(r, "rpc.ControllerPublishVolume.over_ec2.p50", false, 300);
	bench_result_budget(r, "makespan_over_optimum", false, 1.01);
	bench_result_budget(r, "rpcs_per_cpu_s", true, 100);
	bench_result_budget(r, "driver_lag.p98", false, 5);
	return r;
}

/* Nothing ran. */
static inline struct bench_result *fixture_no_runs(void)
{
	return bench_result_new("nothing");
}

/* A run in which nothing was measured, and why. */
static inline struct bench_result *fixture_unmeasured(void)
{
	struct bench_result *r = bench_result_new("blind");
	struct bench_run *run = bench_result_add_run(r, FIXTURE_STARTED);

	bench_run_unmeasured(run, "memory", "no driver was started and no --pid given");
	bench_run_unmeasured(run, "EC2 calls", "no --sim was given");
	return r;
}

static inline struct bench_result *fixture_one_sample(void)
{
	struct bench_result *r = bench_result_new("single");
	struct bench_run *run = bench_result_add_run(r, FIXTURE_STARTED);
	struct bench_rpc *rpc = bench_run_rpc(run, "Probe");

	r->loop = BENCH_CLOSED_LOOP;
	hist_record(&rpc->response, 0);
	hist_record(&rpc->service, 7);
	hist_record(&rpc->attempts, 1);
	hist_start(&rpc->over_ec2);
	bench_rpc_code(rpc, GRPC_OK);
	timeline_put(&run->timeline, timeline_column(&run->timeline, TIMELINE_memory, "RSS"), 0, 1);
	return r;
}

static inline struct bench_result *fixture_partial(void)
{
	struct bench_result *r = fixture_full();
	struct bench_run *run = bench_result_add_run(r, FIXTURE_STARTED);

	bench_run_set(run, BENCH_lifecycles_done, 17);
	bench_run_leak(run, "vol-0123: in EC2, unknown to CSI");
	bench_run_partial(run, "the driver ended after 12.3 s with signal 11 (Segmentation fault)");
	return r;
}

static inline struct bench_result *fixture_huge(void)
{
	struct bench_result *r = bench_result_new("huge");
	struct bench_run *run = bench_result_add_run(r, FIXTURE_STARTED);
	struct bench_rpc *rpc = bench_run_rpc(run, "CreateVolume");

	for (int i = 0; i < BENCH_FIGURES; i++)
		bench_run_set(run, (enum bench_figure)i, 1.7976931348623157e308);
	hist_record_n(&rpc->response, UINT64_MAX, 1u << 30);
	hist_record(&rpc->response, 0);
	rpc->codes[GRPC_OK] = INT64_MAX;
	rpc->retries = INT64_MAX;
	fixture_action(run, "CreateVolume", INT64_MAX, INT64_MAX);
	timeline_put(&run->timeline, timeline_column(&run->timeline, TIMELINE_cpu, "driver"), 0, 1e300);
	timeline_put(&run->timeline, timeline_column(&run->timeline, TIMELINE_cpu, "driver"),
		     INT64_C(31536000000), -1e300);
	for (int i = 0; i < BENCH_LEAKS_MAX * 10; i++)
		bench_run_leak(run, "vol-%d", i);
	return r;
}

static inline struct bench_result *fixture_hostile(void)
{
	struct bench_result *r = bench_result_new(HOSTILE);
	struct bench_run *run = bench_result_add_run(r, FIXTURE_STARTED);
	struct bench_rpc *rpc = bench_run_rpc(run, HOSTILE);

	bench_result_driver(r, HOSTILE);
	bench_texts_set(&r->parameters, HOSTILE, HOSTILE);
	bench_texts_set(&r->machine, HOSTILE, HOSTILE);
	bench_texts_set(&r->versions, HOSTILE, HOSTILE);
	fixture_times(&rpc->response, 1000, 10, 1);
	rpc->codes[GRPC_OK] = 10;
	fixture_action(run, HOSTILE, 3, 1);
	for (int i = 0; i < TIMELINE_PLOTS; i++)
		timeline_put(&run->timeline,
			     timeline_column(&run->timeline, (enum timeline_plot)i, HOSTILE), 0, i);
	bench_run_leak(run, "%s", HOSTILE);
	bench_run_unmeasured(run, HOSTILE, "%s", HOSTILE);
	bench_run_note(run, HOSTILE, "%s", HOSTILE);
	bench_run_partial(run, "%s", HOSTILE);
	bench_result_budget(r, HOSTILE, true, 1);
	return r;
}

static struct bench_result *(*const fixtures[])(void) = {
	fixture_full, fixture_no_runs, fixture_unmeasured, fixture_one_sample, fixture_partial,
	fixture_huge, fixture_hostile,
};

#endif
