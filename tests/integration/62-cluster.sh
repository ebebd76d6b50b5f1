#!/usr/bin/env bash
# Whole clusters in virtual time, from fixed and fresh seeds: every rule holds, and a
# seed gives the same trace in another process and in another build.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"

here=$EBS_BUILD/tests/cluster/ebs-cluster-sim
plain=$here
[ -z "${EBS_PLAIN_BUILD:-}" ] || plain=$EBS_PLAIN_BUILD/tests/cluster/ebs-cluster-sim
# ./dev check builds the plain one's programs, not its tests.
if [ "$plain" != "$here" ]; then
	make -C "$EBS_PLAIN_BUILD" -s tests/cluster/ebs-cluster-sim >"$work/make.log" 2>&1 ||
		{ cat "$work/make.log"; die "the plain build of ebs-cluster-sim fails"; }
fi

run() { # what, program, arguments...
	local what=$1
	shift
	if "$@" >"$work/out" 2>"$work/err"; then
		ok "$what"
		sed 's/^/# /' "$work/out"
	else
		not_ok "$what"
		sed 's/^/# /' "$work/err" "$work/out" | head -n 80
	fi
}

run "fixed seeds, and all that can happen does" "$plain" --report --seeds 1-2000
run "fresh seeds" "$plain" --fresh 300
run "a crowd without faults stays within its budget" "$plain" --calm --lives 1000 --seeds 1-5
run "memory: fixed seeds, in this build" "$here" --seeds 2001-2100
run "memory: fresh seeds, in this build" "$here" --fresh 50

"$here" --hash --seeds 1-60 2>&1 | grep -E '^[0-9]+ [0-9a-f]{16}$' >"$work/one"
"$here" --hash --seeds 1-60 2>&1 | grep -E '^[0-9]+ [0-9a-f]{16}$' >"$work/two"
check_equal "seeds with a trace" "$(wc -l <"$work/one")" 60
check "the same traces in another process" cmp -s "$work/one" "$work/two"
if [ "$plain" != "$here" ]; then
	"$plain" --hash --seeds 1-60 2>&1 | grep -E '^[0-9]+ [0-9a-f]{16}$' >"$work/two"
	check "the same traces in the plain build" cmp -s "$work/one" "$work/two"
else
	note "EBS_PLAIN_BUILD is not set: no other build to compare traces with"
fi

for args in "--seed x" "--seed 0" "--seeds 9-1" "--seeds 0-1" "--for 1y" "--lives 0" "--fresh" "--seeds 1-2 3" --bogus; do
	# shellcheck disable=SC2086 # a list of words
	"$here" $args >"$work/out" 2>"$work/err"
	check_equal "$args: exit status" "$?" 2
	check "$args: says what is wrong" test -s "$work/err"
done
finish
