#!/usr/bin/env bash
# A thousand volume life cycles at once over the socket, against EC2's default token
# buckets times twenty: all come through, nothing leaks, one thread, no capability.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
count=${EBS_CHURN_COUNT:-1000}

nodes=$(printf 'i-%017x,' $(seq 1 50))
start_sim --zones=us-east-1a --instances="$(sed 's/,/:m5.large:us-east-1a,/g; s/,$//' <<<"$nodes")" --buckets=20
start_controller
pid=$(pid_of controller)
idle=$(rss_kib "$pid")

"$EBS_BUILD/tests/load/churn" --controller "$controller" --nodes "${nodes%,}" \
	--count "$count" --give-up 400000 >"$work/churn.json" 2>"$work/churn.log" &
churn=$!
most_threads=0 most_rss=0 looks=0
while ! is_zombie_or_gone "$churn"; do
	now=$(threads_of "$pid")
	rss=$(rss_kib "$pid")
	most_threads=$((now > most_threads ? now : most_threads))
	most_rss=$((rss > most_rss ? rss : most_rss))
	looks=$((looks + 1))
	read -rt 0.1 <> <(:) || true
done
wait "$churn"
check_equal "churn: exit status" "$?" 0
note "$(cat "$work/churn.json")"
check "looked at the daemon while it ran" test "$looks" -gt 3
check_equal "threads, at most" "$most_threads" 1
check_equal "capabilities" "$(capabilities_of "$pid")" 0000000000000000
check_equal "volumes left over" "$(leaked_volumes)" ""
sim_get calls >"$work/calls.json"
python3 - "$work/calls.json" "$count" <<'PY'
import json, sys
calls = json.load(open(sys.argv[1]))["actions"]
n = int(sys.argv[2])
total = sum(a["calls"] for a in calls.values())
describe = sum(a["calls"] for name, a in calls.items() if name.startswith("Describe"))
throttled = sum(a["throttled"] for a in calls.values())
print(f"# EC2 calls per life cycle: {total / n:.2f}, of them Describe {describe / n:.3f}; "
      f"throttled {throttled} of {total}")
PY
note "RSS of the controller: idle $idle KiB, at most $most_rss KiB with $count life cycles at once"
stop controller
check_equal "exit status" "$?" 0
finish
