/* Figures of one repetition that the engine or the watcher measures, in base
 * units. What follows from others (per life cycle, ratios) is in metrics.tbl.h.
 *
 * FIGURE(id, label, unit, BETTER)
 *   unit    s, ms, bytes, "" (a count), "/min"
 *   BETTER  LOWER, HIGHER or NEITHER
 */
FIGURE(duration_s, "run time", "s", NEITHER)
FIGURE(makespan_s, "make-span", "s", LOWER)
FIGURE(optimum_s, "bucket optimum", "s", NEITHER)
FIGURE(offered_per_s, "arrivals offered", "/s", NEITHER)
FIGURE(lifecycles_wanted, "life cycles wanted", "", NEITHER)
FIGURE(lifecycles_done, "life cycles done", "", HIGHER)
FIGURE(lifecycles_failed, "life cycles failed", "", LOWER)
FIGURE(in_flight_max, "operations in flight, most", "", NEITHER)
FIGURE(start_to_answer_ms, "start to first answered RPC", "ms", LOWER)
FIGURE(cpu_user_s, "CPU, user", "s", LOWER)
FIGURE(cpu_system_s, "CPU, system", "s", LOWER)
FIGURE(cpu_children_s, "CPU of ended children", "s", LOWER)
FIGURE(rss_idle, "RSS idle", "bytes", LOWER)
FIGURE(rss_peak, "RSS peak", "bytes", LOWER)
FIGURE(rss_end, "RSS at the end", "bytes", LOWER)
FIGURE(anon_idle, "anonymous memory idle", "bytes", LOWER)
FIGURE(anon_peak, "anonymous memory peak", "bytes", LOWER)
FIGURE(anon_end, "anonymous memory at the end", "bytes", LOWER)
FIGURE(threads_max, "threads, most", "", LOWER)
FIGURE(fds_max, "open descriptors, most", "", LOWER)
FIGURE(ec2_connections, "connections opened to EC2", "", LOWER)
FIGURE(wakeups_idle_per_min, "wake-ups a minute, idle", "/min", LOWER)
FIGURE(wakeups, "wake-ups under load", "", LOWER)
FIGURE(generator_cpu_s, "CPU of ebs-csi-bench", "s", NEITHER)
