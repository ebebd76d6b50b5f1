/* Figures that follow from what was measured.
 *
 * DERIVED(id, label, unit, BETTER)   computed by of_<id>() in metrics.c
 */
DERIVED(makespan_over_optimum, "make-span over optimum", "x", LOWER)
DERIVED(lifecycles_per_s, "life cycles a second", "/s", HIGHER)
DERIVED(cpu_s, "CPU of the driver", "s", LOWER)
DERIVED(cpu_per_lifecycle_ms, "CPU per life cycle", "ms", LOWER)
DERIVED(cpu_share, "CPU of the driver, share", "%", LOWER)
DERIVED(rss_per_operation, "RSS per operation in flight", "bytes", LOWER)
DERIVED(rpcs, "RPCs sent", "", NEITHER)
DERIVED(rpcs_per_s, "RPCs a second", "/s", HIGHER)
DERIVED(rpcs_per_cpu_s, "RPCs per CPU second", "/s", HIGHER)
DERIVED(rpc_retries, "RPCs retried", "", LOWER)
DERIVED(rpc_timeouts, "RPCs timed out", "", LOWER)
DERIVED(rpc_failed, "calls given up", "", LOWER)
DERIVED(ec2_calls, "EC2 calls", "", LOWER)
DERIVED(ec2_calls_per_lifecycle, "EC2 calls per life cycle", "", LOWER)
DERIVED(ec2_mutating_per_lifecycle, "mutating calls per life cycle", "", LOWER)
DERIVED(ec2_describe_per_lifecycle, "Describe calls per life cycle", "", LOWER)
DERIVED(ec2_errors, "EC2 calls refused otherwise", "", LOWER)
DERIVED(throttled_share, "mutating EC2 calls throttled", "%", LOWER)
DERIVED(leaks, "leaks", "", LOWER)
