#!/bin/bash
# ebs-csi-sim's state in a file: goes on in the middle of an attach, leaves alone
# what it cannot read, keeps the old file when the new one cannot be written.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"

exec python3 "$top_srcdir/tests/integration/sim_state.py" "$top_builddir/ebs-csi-sim"
