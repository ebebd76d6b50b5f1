#!/usr/bin/env bash
# The controller is killed at twenty random moments of a run and started again; the
# clients ask again, as the sidecars do. All life cycles come through, no volume
# leaks, none was ever attached twice.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
count=${EBS_CRASH_COUNT:-1000}
kills=20
RANDOM=${EBS_SEED:-$$}
note "EBS_SEED=${EBS_SEED:-$$} repeats the moments"

nodes=$(printf 'i-%017x,' $(seq 1 50))
start_sim --zones=us-east-1a --instances="$(sed 's/,/:m5.large:us-east-1a,/g; s/,$//' <<<"$nodes")" --buckets=20
start_controller
"$EBS_BUILD/tests/load/churn" --controller "$controller" --nodes "${nodes%,}" \
	--count "$count" --parallel "$count" --give-up 400000 >"$work/churn.json" 2>"$work/churn.log" &
churn=$!
done_kills=0
while [ "$done_kills" -lt "$kills" ] && ! is_zombie_or_gone "$churn"; do
	read -rt "$((RANDOM % 4)).$((RANDOM % 900 + 100))" <> <(:) || true
	kill_hard controller
	start_controller || die "the controller does not start again"
	done_kills=$((done_kills + 1))
done
wait "$churn"
check_equal "churn: exit status" "$?" 0
note "$(cat "$work/churn.json")"
check_equal "killed while it ran" "$done_kills" "$kills"
check_equal "volumes left over" "$(leaked_volumes)" ""
sim_get state >"$work/state.json"
double=$(python3 - "$work/state.json" "$ec2" <<'PY'
import json, sys, urllib.request
# One that was attached to a second instance before it had left the first has two
# attach lines in its story with no detached between them.
for v in json.load(open(sys.argv[1]))["volumes"]:
    if v["root"]:
        continue
    story = urllib.request.urlopen(f"{sys.argv[2]}/_sim/story/{v['id']}").read().decode()
    held = False
    for line in story.splitlines():
        event = line.split()[1]
        if event == "attach" and held:
            print(v["id"])
            break
        held = event == "attach" or (held and event != "detached")
PY
)
check_equal "attached twice" "$double" ""
finish
