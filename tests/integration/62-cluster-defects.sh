#!/usr/bin/env bash
# The cluster simulation can fail: each deliberate defect is found within a bounded
# number of seeds, and without one the same seeds pass.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"

sim=$EBS_BUILD/tests/cluster/ebs-cluster-sim-defects
if [ -n "${EBS_PLAIN_BUILD:-}" ]; then
	sim=$EBS_PLAIN_BUILD/tests/cluster/ebs-cluster-sim-defects
	make -C "$EBS_PLAIN_BUILD" -s tests/cluster/ebs-cluster-sim-defects \
		>"$work/make.log" 2>&1 ||
		{ cat "$work/make.log"; die "the plain build of ebs-cluster-sim-defects fails"; }
fi
troubled="--seeds 1-500"
crowd="--calm --lives 200 --seeds 1-2"

# A rule that breaks is exit status 1, an assertion of the code a signal.
broken() { # arguments...
	"$sim" "$@" >"$work/out" 2>&1
	[ "$?" = 1 ] || grep -q 'Assertion .* failed' "$work/out"
}

# shellcheck disable=SC2086 # lists of words
{
	check "without a defect these seeds pass" "$sim" $troubled
	check "and so does the crowd" "$sim" $crowd
}
"$sim" --defects >"$work/defects"
check "at least 12 defects are built in" test "$(wc -l <"$work/defects")" -ge 12
while read -r name what; do
	# shellcheck disable=SC2086 # lists of words
	if broken --defect "$name" $troubled || broken --defect "$name" $crowd; then
		ok "$name: $what"
		grep -m1 -E '^seed|Assertion' "$work/out" | sed 's/^/# /'
	else
		not_ok "$name: $what"
	fi
done <"$work/defects"
"$sim" --defect no_such >"$work/out" 2>&1
check_equal "an unknown defect: exit status" "$?" 2
finish
