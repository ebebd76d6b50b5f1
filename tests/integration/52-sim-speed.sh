#!/bin/bash
# ebs-csi-sim is never the bottleneck: at least 10,000 simple calls a second on
# one core. A build with sanitizers only has to answer all of them.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"

command -v h2load >/dev/null || { echo "skipped: no h2load here"; exit 77; }
least=10000
! grep -q __asan_init "$top_builddir/ebs-csi-sim" || least=1

exec python3 "$top_srcdir/tests/integration/sim_speed.py" "$top_builddir/ebs-csi-sim" 20000 "$least"
