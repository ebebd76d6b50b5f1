#!/bin/bash
# ebs-csi-sim under boto3: every action, pages, waiters, errors, metadata, faults.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"
. "$top_srcdir/tests/integration/venv.sh"

exec "$python" "$top_srcdir/tests/integration/sim_boto3.py" "$top_builddir/ebs-csi-sim"
