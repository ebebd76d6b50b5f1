#!/usr/bin/env bash
# Start and end: ready and stopping messages, a drain that lets calls end, one that
# runs out of time, a second signal, and that a node never unmounts on its way out.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
need_tool socat

start_sim
notify=$work/notify.sock

listen_notify() {
	start notify socat -u "UNIX-RECV:$notify" "OPEN:$work/notified,creat,append"
	wait_until 10 test -S "$notify"
	extra_env=(NOTIFY_SOCKET="$notify")
}
has_said() { grep -q "$1" "$work/notified" 2>/dev/null; }

listen_notify
start_controller
check "says READY=1" wait_until 10 has_said READY=1
debug_curl() { curl -sS --max-time 10 --unix-socket "$work/controller-debug.sock" "http://localhost$1"; }
check_equal "/healthz" "$(debug_curl /healthz)" ok
check_match "/debug/ec2 is JSON" "$(debug_curl /debug/ec2 | python3 -m json.tool)" '[{]'

# A create takes two seconds of simulated EC2 time; the signal comes into it.
ctl --json create drain-1 --size=1GiB --zone="$zone" >"$work/created" 2>"$work/create.err" &
call=$!
in_flight() { debug_curl /debug/ops | grep -q create; }
check "the call is under way" wait_until 10 in_flight
check_match "ebs-csictl ops shows it" "$(ctl --debug-endpoint="$controller_debug" ops)" 'create'
pid=$(pid_of controller)
kill -TERM "$pid"
check "the running call ends well" wait "$call"
check_match "with its volume" "$(cat "$work/created")" '"volume_id": ?"vol-'
stop controller
check_equal "exit status after a drain" "$?" 0
check "says STOPPING=1" has_said STOPPING=1
check "the socket is removed" test ! -e "$work/controller.sock"
check "the debug socket is removed" test ! -e "$work/controller-debug.sock"

# Time runs out: an EC2 that never answers.
check "a fault is ordered" sim_post faults '{"kind":"hang-before","action":"CreateVolume"}'
extra_env=()
start_controller --drain-timeout=500ms
ctl create drain-2 --size=1GiB --zone="$zone" >/dev/null 2>"$work/create.err" &
call=$!
check "a call that hangs" wait_until 10 in_flight
stop controller 30
check_equal "exit status after a drain that ran out of time" "$?" 0
wait "$call"
status=$?
check "the call was ended with a gRPC status" test "$status" -gt 64

# A second signal does not wait.
start_controller --drain-timeout=1h
ctl create drain-3 --size=1GiB --zone="$zone" >/dev/null 2>&1 &
check "a call that hangs" wait_until 10 in_flight
pid=$(pid_of controller)
kill -TERM "$pid"
is_stopping() { [ "$(debug_curl /healthz)" = stopping ]; }
check "/healthz says so" wait_until 10 is_stopping
kill -TERM "$pid"
check "ended by the second signal" wait_until 10 is_zombie_or_gone "$pid"
stop controller
finish
