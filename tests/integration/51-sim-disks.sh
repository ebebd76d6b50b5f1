#!/bin/bash
# ebs-csi-sim's loop devices: a volume is a disk while it is attached here, keeps
# its data and changes its name, stays busy while in use; nothing is left behind,
# not even by a simulator that was killed.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"

[ "$(id -u)" = 0 ] || { echo "skipped: loop devices need root"; exit 77; }
[ -e /dev/loop-control ] || { echo "skipped: no loop driver here"; exit 77; }

exec python3 "$top_srcdir/tests/integration/sim_disks.py" "$top_builddir/ebs-csi-sim"
