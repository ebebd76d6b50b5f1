#!/bin/bash
# ebs-csi-sim with thousands of instances: start, pages, filters, dumps.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"

exec python3 "$top_srcdir/tests/integration/sim_fleet.py" "$top_builddir/ebs-csi-sim"
