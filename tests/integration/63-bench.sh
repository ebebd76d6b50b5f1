#!/usr/bin/env bash
# ebs-csi-bench: a run that works, with all its reports; and what it does about bad
# words, drivers that die or never answer, a simulator that vanishes and full disks: a
# message, a partial report marked as such, nothing left running.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
bench=$EBS_BUILD/ebs-csi-bench
out=$work/out

# run WORD...: sets $status, $said (both outputs)
run() {
	timeout -k 10 200 "$bench" "$@" >"$out" 2>"$work/err" </dev/null
	status=$?
	said=$(cat "$out" "$work/err")
}
# A driver of a bench: its pid goes into $work/driver.pid.
driver() {
	rm -f "$work/driver.pid"
	echo "echo \$\$ >'$work/driver.pid'; exec $*" >"$work/driver.sh"
	echo "sh '$work/driver.sh'"
}
daemon() { driver "'$EBS_BUILD/src/ebs-csid' controller --endpoint='$controller' --debug-endpoint='$controller_debug'"; }
sim_has_volumes() { [ "$(leaked_volumes | wc -l)" -ge "$1" ]; }
driver_is_gone() { [ -s "$work/driver.pid" ] && is_zombie_or_gone "$(cat "$work/driver.pid")"; }
json() { # expression of the result d
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
		"$work/r.json" "$1"
}
fast=(--zones=us-east-1a --instances=20 --states=0.05 --latency=0.05 --buckets=50)
aws_of_sim() {
	mapfile -t environment < <(aws_environment)
	for word in "${environment[@]}"; do export "${word?}"; done
}

# ---- bad words: refused before anything starts ----

refused() { # what, expected text, words...
	local what=$1 want=$2
	shift 2
	run "$@"
	check_equal "$what: status" "$status" 1
	check_match "$what: message" "$said" "^ebs-csi-bench: $want"
}
refused "unknown scenario" 'no scenario or report is called "chrun"' chrun
refused "rate of zero" '--rate: "0" is not' flood --endpoint="$controller" --rate=0
refused "rate of nonsense" '--rate: "quick" is not' flood --endpoint="$controller" --rate=quick
refused "ramp without time" '--ramp: "1..5" is not' flood --endpoint="$controller" --ramp=1..5
refused "bad budget" 'budget "x=3": expected METRIC' flood --endpoint="$controller" --budget=x=3
refused "unknown option" 'unknown option "--frobnicate"' flood --frobnicate
refused "no endpoint" 'flood needs --endpoint' flood
refused "no such result" '/nonexistent.json: cannot open it' show /nonexistent.json
refused "nobody serves" "nobody answers at unix://$work/nobody.sock" \
	flood --endpoint="unix://$work/nobody.sock" --count=1
refused "bad endpoint" '.*endpoint' flood --endpoint=nonsense --count=1
run
check_equal "no words: status" "$status" 1
check_match "no words: usage" "$said" '^usage: ebs-csi-bench'
run --help
check_equal "--help: status" "$status" 0

# ---- a run that works ----

start_sim "${fast[@]}"
aws_of_sim
run churn --endpoint="$controller" --driver="$(daemon)" --sim="$ec2" --debug="$controller_debug" \
	--count=60 --workers=20 --repeat=3 --json="$work/r.json" --html="$work/r.html" \
	--budget='leaks<=0' --budget='threads_max<=1' --budget='lifecycles_done>=60'
check_equal "churn: status" "$status" 0
check_equal "churn: complete" "$(json 'd["partial"]')" None
check_equal "churn: runs" "$(json 'len(d["runs"])')" 3
check_equal "churn: budgets" "$(json '[b["state"] for b in d["budgets"]]')" "['met', 'met', 'met']"
check_equal "churn: mutating calls per life cycle" \
	"$(json '4 <= d["summary"]["ec2_mutating_per_lifecycle"]["median"] < 4.5')" True
check_equal "churn: EC2's own time is known" \
	"$(json 'd["summary"]["rpc.ControllerPublishVolume.over_ec2.p50"]["median"] is not None')" True
check_equal "churn: loop lag is known" \
	"$(json 'd["summary"]["driver_lag.p99"]["median"] is not None')" True
check_match "churn: the table" "$said" 'life cycles done +60 '
check_match "churn: the page" "$(head -c 4000 "$work/r.html")" '^<!DOCTYPE html>'
check "churn: the driver is gone" driver_is_gone
check_equal "churn: volumes left over" "$(leaked_volumes)" ""
run compare "$work/r.json" "$work/r.json"
check_equal "compare: status" "$status" 0
check_match "compare: it is equal" "$said" 'make-span +less .* 1\.00x ='
run table --markdown --metric=leaks "$work/r.json"
check_match "table: a row" "$said" '^\| leaks \| 0 \|'

refused "a node nobody has" '--nodes: the simulator at .* has no instance i-none' \
	churn --endpoint="$controller" --sim="$ec2" --nodes=i-none
refused "a folder in no folder" "--dir: making $work/none/pods: No such file" \
	node --endpoint="$controller" --node-endpoint="$node" --sim="$ec2" --dir="$work/none/pods"
run flood --endpoint="$controller" --driver="$(daemon)" --count=10 --json=-
check_match "JSON to standard output: nothing else" "$(head -c 1 "$out")" '^\{'
cp "$out" "$work/r.json"
check_equal "JSON to standard output: not measured is null" "$(json 'd["runs"][0]["ec2"]')" None

run churn --endpoint="$controller" --driver="$(daemon)" --sim="$ec2" --rate=30 --for=2s --quiet \
	--json="$work/r.json"
check_equal "open loop: status" "$status" 0
check_equal "open loop: said" "$(json 'd["loop"]')" open
check_equal "open loop: about as many as offered" \
	"$(json '25 <= d["summary"]["lifecycles_done"]["median"] <= 110')" True
run churn --endpoint="$controller" --driver="$(daemon)" --sim="$ec2" --ramp=5..60/2s --for=2s --quiet \
	--hold=exp:100ms --json="$work/r.json"
check_equal "ramp: status" "$status" 0
check_equal "ramp: about as many as offered" \
	"$(json '30 <= d["summary"]["lifecycles_done"]["median"] <= 110')" True

# A driver on TCP that runs already: watched by its pid, left alone at the end.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
start_daemon tcp "$EBS_BUILD/src/ebs-csid" controller --endpoint="tcp://127.0.0.1:$port"
run flood --endpoint="tcp://127.0.0.1:$port" --pid="$(pid_of tcp)" --count=2000 --in-flight=50 \
	--rpc=ControllerGetCapabilities --json="$work/r.json"
check_equal "flood on TCP: status" "$status" 0
check_equal "flood on TCP: answers" \
	"$(json 'd["runs"][0]["rpcs"]["ControllerGetCapabilities"]["codes"]')" "{'OK': 2000}"
check_equal "flood on TCP: CPU is known" "$(json 'd["summary"]["rpcs_per_cpu_s"]["runs"]')" 1
check_equal "flood on TCP: EC2 is not" "$(json 'd["summary"]["ec2_calls"]["runs"]')" 0
check_match "flood on TCP: and why" "$said" 'no --sim given'
check "flood on TCP: the driver runs on" running tcp
stop tcp
refused "unknown RPC" '.*"CreateVolume"' flood --endpoint="tcp://127.0.0.1:$port" --rpc=CreateVolume
refused "a pid nobody has" 'process 2147483647' \
	flood --endpoint="tcp://127.0.0.1:$port" --pid=2147483647

# ---- drivers that fail ----

run flood --endpoint="$controller" --driver="$(driver sh -c "'echo no luck today >&2; exit 3'")" --count=5
check_equal "a driver that dies at its start: status" "$status" 1
check_match "a driver that dies at its start: message" "$said" 'the driver ended before it answered'
check_match "a driver that dies at its start: last words" "$said" 'no luck today'

# The daemon is killed while its volumes come and go.
rm -f "$work/r.json" "$work/r.html" "$work/driver.pid"
(
	wait_until 30 test -s "$work/driver.pid"
	wait_until 30 sim_has_volumes 5
	kill -KILL "$(cat "$work/driver.pid")"
) &
killer=$!
run churn --endpoint="$controller" --driver="$(daemon)" --sim="$ec2" --count=2000 --in-flight=50 \
	--json="$work/r.json" --html="$work/r.html"
wait "$killer"
check_equal "a driver that dies at work: status" "$status" 2
check_match "a driver that dies at work: message" "$said" 'the result is partial: the driver has ended'
check_match "a driver that dies at work: marked" "$(json 'd["partial"]')" 'the driver has ended'
check_match "a driver that dies at work: on the page" "$(grep -c 'was cut short' "$work/r.html")" '^[1-9]'
check_match "a driver that dies at work: in the table" "$said" 'PARTIAL'

# One that accepts and never says a word.
cat >"$work/mute.py" <<'PY'
import os, signal, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(64)
keep = []
while True:
    keep.append(s.accept())
PY
began=$SECONDS
run flood --endpoint="unix://$work/mute.sock" --count=3 --timeout=1s --give-up=2s \
	--driver="$(driver python3 "$work/mute.py" "$work/mute.sock")" --json="$work/r.json"
check_equal "a driver that never answers: status" "$status" 1
check_match "a driver that never answers: message" "$said" 'the driver does not answer at'
check_match "a driver that never answers: marked" "$(json 'd["partial"]')" 'does not answer at'
check "a driver that never answers: within a minute" test $((SECONDS - began)) -lt 90
check "a driver that never answers: it is gone" driver_is_gone

# ---- interrupts ----

rm -f "$work/r.json" "$work/r.html" "$work/driver.pid"
start bench "$bench" churn --endpoint="$controller" --driver="$(daemon)" --sim="$ec2" \
	--for=10m --in-flight=20 --json="$work/r.json"
wait_until 30 test -s "$work/driver.pid"
wait_until 30 sim_has_volumes 5
pid=$(pid_of bench)
kill -INT "$pid"
wait_until 60 is_zombie_or_gone "$pid"
wait "$pid"
check_equal "interrupted: status" "$?" 2
check_match "interrupted: marked" "$(json 'd["partial"]')" interrupted
check "interrupted: the driver is gone" driver_is_gone
unset "pids[bench]"

# ---- reports that cannot be written ----

run flood --endpoint="$controller" --driver="$(daemon)" --count=50 --json=/dev/full
check_equal "full disk: status" "$status" 1
check_match "full disk: message" "$said" '/dev/full: cannot write it: No space left on device'
check "full disk: the driver is gone" driver_is_gone
run flood --endpoint="$controller" --driver="$(daemon)" --count=50 --html="$work/none/r.html"
check_equal "no such folder: status" "$status" 1
check_match "no such folder: message" "$said" 'none/r.html: cannot create a file in its folder'

# ---- a simulator that vanishes ----

rm -f "$work/r.json" "$work/r.html" "$work/driver.pid"
(
	wait_until 30 test -s "$work/driver.pid"
	wait_until 30 sim_has_volumes 5
	kill -KILL "$(pid_of sim)"
) &
killer=$!
run churn --endpoint="$controller" --driver="$(daemon)" --sim="$ec2" --count=2000 --in-flight=50 \
	--timeout=2s --give-up=5s --json="$work/r.json"
wait "$killer"
check_equal "a simulator that vanishes: status" "$status" 2
check_match "a simulator that vanishes: marked" "$(json 'd["partial"]')" "$ec2"
check "a simulator that vanishes: the driver is gone" driver_is_gone
run churn --endpoint="$controller" --driver="$(daemon)" --sim="$ec2" --count=1
check_equal "no simulator: status" "$status" 1
check_match "no simulator: message" "$said" "$ec2"

check_equal "sockets and files of the bench itself" "$(find "$work" -name 'r.json.*' | wc -l)" 0
finish
