# For sourcing by the integration tests and the demo, in bash. Gives a test a
# private directory $work, a mount namespace of its own where that is possible,
# functions that start simulator, controller and node agent, and a clean-up that
# leaves no process, mount, loop device or file behind, however the test ends.
#
# A test says what it found by ok and not_ok, and ends with finish.
# shellcheck shell=bash

set -u
test_name=$(basename "$0" .sh)
top_srcdir=$(cd "${top_srcdir:-$(dirname "${BASH_SOURCE[0]}")/../..}" && pwd)
EBS_BUILD=$(cd "${EBS_BUILD:-${top_builddir:-$top_srcdir/build}}" && pwd)
export top_srcdir EBS_BUILD
# Nothing here may look for a metadata service off this machine.
export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9
failed=0
passed=0

# ---- results ----

note() { printf '# %s\n' "$*"; }
ok() { passed=$((passed + 1)); printf 'ok - %s\n' "$*"; }
not_ok() { failed=$((failed + 1)); printf 'not ok - %s\n' "$*"; }
# check WHAT COMMAND...: the command's success decides
check() {
	local what=$1
	shift
	if "$@"; then ok "$what"; else not_ok "$what"; fi
}
check_equal() { # what, got, want
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: got \"$2\", want \"$3\""; fi
}
check_match() { # what, text, extended regular expression
	if grep -qE -- "$3" <<<"$2"; then ok "$1"; else not_ok "$1: \"$2\" does not match /$3/"; fi
}
skip() { printf 'skipped: %s\n' "$*"; exit 77; }
die() { printf 'not ok - %s\n' "$*"; exit 1; }
finish() {
	note "$test_name: $passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}

# ---- what the machine has ----

need_root() {
	[ "$(id -u)" = 0 ] || skip "this machine cannot: not root (loop devices and mounts)"
}
need_loop() {
	need_root
	losetup -f >/dev/null 2>&1 || skip "this machine cannot: no loop devices"
}
need_tool() { # program: from the pinned tools or the system
	command -v "$1" >/dev/null || skip "$1 is not there: run this by ./dev check"
}
need_python() {
	[ -n "${EBS_TEST_VENV:-}" ] || skip "no Python environment: run this by ./dev check"
	export python=$EBS_TEST_VENV/bin/python3
}
is_sanitized() { grep -q -- '-fsanitize=address' "$EBS_BUILD/config.status" 2>/dev/null; }
# For what cannot be judged in a build with sanitizers.
use_plain_build() {
	is_sanitized || return 0
	[ -n "${EBS_PLAIN_BUILD:-}" ] || skip "this is a build with sanitizers: run this by ./dev check"
	EBS_BUILD=$EBS_PLAIN_BUILD
}

# A namespace of its own: no mount of the test shows outside or outlives it. To be
# called first, with the script's own arguments.
own_namespace() {
	[ "$(id -u)" = 0 ] && [ -z "${EBS_IN_NAMESPACE:-}" ] || return 0
	unshare --mount true 2>/dev/null || skip "this machine cannot: no mount namespaces"
	rmdir "$work"
	EBS_IN_NAMESPACE=1 exec unshare --mount --propagation private bash "$0" "$@"
}

# ---- beginning and end ----

work=$(mktemp -d "${TMPDIR:-/tmp}/ebs-$test_name.XXXXXX")
declare -A pids=()	# by name
started=()		# names, in order

clean_up() {
	local status=$? i
	trap - EXIT
	trap '' INT TERM
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do stop_now "${started[i]}"; done
	unmount_all
	detach_loops
	if [ "$status" != 0 ] && [ "$status" != 77 ]; then show_logs; fi
	if [ -n "${KEEP:-}" ]; then note "kept: $work"; else rm -rf --one-file-system "$work"; fi
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

show_logs() {
	local log
	for log in "$work"/*.log; do
		[ -s "$log" ] || continue
		note "end of $(basename "$log"):"
		tail -n 25 "$log" | sed 's/^/#   /'
	done
}

unmount_all() {
	local target
	awk -v w="$work/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo | tac |
		while read -r target; do umount "$target" 2>/dev/null || umount -l "$target"; done
}

detach_loops() {
	[ "$(id -u)" = 0 ] || return 0
	local dev file
	while read -r dev file; do
		case $file in "$work"/*) losetup -d "$dev" 2>/dev/null || true ;; esac
	done < <(losetup -nO NAME,BACK-FILE 2>/dev/null)
}

# ---- waiting ----

# wait_until SECONDS COMMAND...: true as soon as the command is
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		read -rt 0.02 <> <(:) || true
	done
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# ---- processes ----

# start NAME COMMAND...: in the background, output into $work/NAME.log
start() {
	local name=$1
	shift
	"$@" >"$work/$name.out" 2>>"$work/$name.log" </dev/null &
	pids[$name]=$!
	started+=("$name")
}
pid_of() { echo "${pids[$1]:-}"; }
running() { [ -n "${pids[$1]:-}" ] && kill -0 "${pids[$1]}" 2>/dev/null; }

# stop NAME [SECONDS]: SIGTERM, and its exit status; 124 if it had to be killed
stop() {
	local pid=${pids[$1]:-} status=0
	[ -n "$pid" ] || return 0
	unset "pids[$1]"
	kill -TERM "$pid" 2>/dev/null
	if wait_until "${2:-60}" is_zombie_or_gone "$pid"; then
		wait "$pid" 2>/dev/null || status=$?
	else
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		status=124
	fi
	return "$status"
}
is_zombie_or_gone() {
	local state
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}
stop_now() { stop "$1" 10 2>/dev/null || true; }
kill_hard() { # name: SIGKILL
	local pid=${pids[$1]:-}
	unset "pids[$1]"
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null || true
}

# ---- simulator, controller, node ----

export zone=us-east-1a
controller=unix://$work/controller.sock
controller_debug=unix://$work/controller-debug.sock
node=unix://$work/node.sock
node_debug=unix://$work/node-debug.sock
csid() { "$EBS_BUILD/src/ebs-csid" "$@"; }
ctl() {
	"$EBS_BUILD/src/ebs-csictl" --endpoint="$controller" --node-endpoint="$node" "$@"
}

is_ready() { grep -q '^ready ' "$work/sim.out" 2>/dev/null || ! running sim; }

# start_sim OPTION...: sets $ec2 (URL), $imds (URL) and $instance
start_sim() {
	local line
	rm -f "$work/sim.out"
	start sim "$EBS_BUILD/ebs-csi-sim" --listen=tcp://127.0.0.1:0 \
		--imds-listen=tcp://127.0.0.1:0 --zones=us-east-1a,us-east-1b,us-east-1c "$@"
	wait_until 30 is_ready || die "the simulator does not start"
	line=$(grep '^ready ' "$work/sim.out") || die "the simulator has ended at its start"
	ec2=$(sed -n 's/.* ec2=tcp:\/\/\([^ ]*\).*/http:\/\/\1/p' <<<"$line")
	imds=$(sed -n 's/.* imds=tcp:\/\/\([^ ]*\).*/http:\/\/\1/p' <<<"$line")
	instance=$(sed -n 's/.* instance=\([^ ]*\).*/\1/p' <<<"$line")
	export ec2 imds instance
}
sim_get() { curl -sS --fail-with-body --max-time 20 "$ec2/_sim/$1"; }
sim_post() { curl -sS --fail-with-body --max-time 20 -X POST --data "$2" "$ec2/_sim/$1"; }

# What the daemon is to know of AWS: the simulator, and nothing of this machine.
aws_environment() {
	printf '%s\n' AWS_REGION=us-east-1 AWS_EC2_ENDPOINT="${ec2:-http://127.0.0.1:9}" \
		AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret \
		AWS_EC2_METADATA_SERVICE_ENDPOINT="${imds:-http://127.0.0.1:9}" \
		AWS_CONFIG_FILE=/nonexistent AWS_SHARED_CREDENTIALS_FILE=/nonexistent
}

times_listening() {
	local n
	n=$(grep -sc "Listening for connections" "$work/$1.log")
	echo "${n:-0}"
}
listens_anew() { [ "$(times_listening "$1")" != "$2" ] || ! running "$1"; }

# start_daemon NAME COMMAND...; waits until it listens
start_daemon() {
	local name=$1 before
	shift
	before=$(times_listening "$name")
	mapfile -t environment < <(aws_environment)
	start "$name" env "${environment[@]}" "$@"
	wait_until 60 listens_anew "$name" "$before"
	running "$name"
}
# start_controller OPTION...; environment by: extra_env=(A=b)
extra_env=()
wrapper=()
start_controller() {
	start_daemon controller "${extra_env[@]}" "${wrapper[@]}" \
		"$EBS_BUILD/src/ebs-csid" controller --endpoint="$controller" \
		--debug-endpoint="$controller_debug" "$@"
}
start_node() {
	start_daemon node "${extra_env[@]}" "${wrapper[@]}" \
		"$EBS_BUILD/src/ebs-csid" node --endpoint="$node" --debug-endpoint="$node_debug" \
		--helper="$EBS_BUILD/ebs-csid-helper" --allow-loop-devices "$@"
}

# Volumes of the simulator that are no root disks and not deleted: leaks.
leaked_volumes() {
	sim_get state | python3 -c '
import json, sys
state = json.load(sys.stdin)
for v in state["volumes"]:
    if not v.get("root") and v["status"] not in ("deleted", "deleting"):
        print(v["id"], v["status"])'
}

# ---- proofs about a process ----

threads_of() { find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l; }
capabilities_of() { # "0000..." when it has none
	awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' "/proc/$1/status" | sort -u | paste -sd ' '
}
rss_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; }
