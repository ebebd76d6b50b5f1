#!/usr/bin/env bash
# What a volume's life costs in instructions and allocations, counted by callgrind over
# fixed runs of the cluster simulation: the same on every run, so that more than 10 %
# above tests/perf/baseline.tsv is a regression. ACCEPT=1 (./dev baseline) writes a new
# baseline.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"

use_plain_build
need_tool valgrind
need_tool python3
baseline=$top_srcdir/tests/perf/baseline.tsv

# The figures are those of one compiler with one set of options.
options=$(sed -n 's/^S\["CFLAGS"\]="\(.*\)"$/\1/p' "$EBS_BUILD/config.status")
case " $options " in
" -g -O2 " | " -O2 -g ") ;;
*) skip "this build has CFLAGS=\"$options\", the baseline \"-g -O2\": run this by ./dev check" ;;
esac
compiler=$(sed -n 's/^S\["CC"\]="\(.*\)"$/\1/p' "$EBS_BUILD/config.status")
# shellcheck disable=SC2086 # a command with arguments
compiler="$($compiler -dumpmachine), $($compiler --version | head -n 1 | sed 's/ (.*) / /; s/\..*//')"

program=$EBS_BUILD/tests/cluster/ebs-cluster-sim
make -C "$EBS_BUILD" -s tests/cluster/ebs-cluster-sim >"$work/make.log" 2>&1 ||
	{ cat "$work/make.log"; die "the build of ebs-cluster-sim fails"; }

# count NAME LIVES ARGUMENTS...
count() {
	local name=$1 lives=$2
	shift 2
	env -i PATH="$PATH" timeout 300 valgrind --tool=callgrind --error-exitcode=9 \
		--callgrind-out-file="$work/$name.callgrind" "$program" "$@" \
		>"$work/$name.out" 2>&1 || { cat "$work/$name.out"; die "$name: the run failed"; }
	counted+=("$name=$lives:$work/$name.callgrind")
}
counted=()
count structs 400 --calm --lives 400 --seeds 1-1
count bytes 200 --calm --bytes --lives 200 --seeds 1-1
count faults 180 --seeds 1-3

python3 "$top_srcdir/tests/perf/instructions.py" ${ACCEPT:+--accept} --compiler="$compiler" \
	"$baseline" "${counted[@]}"
status=$?
[ "$status" != 77 ] || exit 77
check_equal "no figure is far above its baseline" "$status" 0
[ "$status" = 0 ] || note "find what costs more (callgrind_annotate, KEEP=1 keeps the" \
	"counts), or, if it is meant to: ./dev baseline, and commit $baseline"
finish
