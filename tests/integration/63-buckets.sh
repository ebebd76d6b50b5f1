#!/usr/bin/env bash
# Life cycles at once against EC2's default token buckets in real time, with clients
# that give up after five seconds and ask again: hardly a call is refused, the time
# is what the buckets take, no call is made twice. EBS_CHURN_COUNT=5000 takes 34
# minutes.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
count=${EBS_CHURN_COUNT:-60}

nodes=$(printf 'i-%017x,' $(seq 1 $((count / 20 + 1))))
start_sim --zones=us-east-1a --instances="$(sed 's/,/:m5.large:us-east-1a,/g; s/,$//' <<<"$nodes")" --buckets=default
start_controller
# A client asks again for what waits in its place: five seconds, many times.
"$EBS_BUILD/tests/load/churn" --controller "$controller" --nodes "${nodes%,}" \
	--count "$count" --rpc-timeout 5000 --give-up 3600000 \
	>"$work/churn.json" 2>"$work/churn.log" &
churn=$!
while ! is_zombie_or_gone "$churn"; do
	curl -sS --max-time 5 --unix-socket "${controller_debug#unix://}" \
		http://localhost/debug/ec2 >"$work/now.json" && mv "$work/now.json" "$work/ec2.json"
	read -rt 0.5 <> <(:) || true
done
wait "$churn"
check_equal "churn: exit status" "$?" 0
note "$(cat "$work/churn.json")"
check_equal "volumes left over" "$(leaked_volumes)" ""
sim_get calls >"$work/calls.json"
python3 - "$work" "$count" >"$work/verdict" <<'PY'
import json, sys
work, n = sys.argv[1], int(sys.argv[2])
churn, calls, ec2 = (json.load(open(f"{work}/{name}.json")) for name in ("churn", "calls", "ec2"))
actions = calls["actions"]
mutating = {k: v for k, v in actions.items() if not k.startswith("Describe")}
sent = sum(v["calls"] for v in mutating.values())
throttled = sum(v["throttled"] for v in mutating.values())
optimum, seconds = (2 * n - 50) / 5, churn["wall_ms"] / 1000
bucket, queue = ec2["buckets"]["MUTATING"], ec2["queues"]["AttachVolume"]
print(f"# {n} lives: {seconds:.1f} s, the bucket of attach and detach alone takes {optimum:.1f}; "
      f"{throttled} of {sent} mutating calls throttled; learned {bucket['rate']}/s; "
      f"attach waited p50 {queue['p50_wait_ms']} ms, longest {queue['longest_wait_ms']} ms")
wrong = []
# The machine may be busy: seconds are bounded loosely, virtual time does it closely.
# One refusal a bucket finds its edge; a hundredth of all is the budget.
if throttled > max(0.01 * sent, 6):
    wrong.append("throttled")
if sent - throttled != 4 * n:
    wrong.append("calls made twice")
if seconds > 1.05 * optimum + 40:
    wrong.append("time")
if bucket["learned"] and not 4 <= bucket["rate"] <= 6:
    wrong.append("rate learned")
if queue["granted"] < n or queue["longest_wait_ms"] <= 0:
    wrong.append("waits told")
print("wrong:", ", ".join(wrong) or "nothing")
PY
note "$(sed -n 's/^# //p' "$work/verdict")"
check_equal "bounds" "$(sed -n 's/^wrong: //p' "$work/verdict")" nothing
stop controller
check_equal "exit status" "$?" 0
finish
