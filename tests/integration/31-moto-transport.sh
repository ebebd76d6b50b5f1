#!/bin/bash
# The EC2 client against moto: signatures checked, XML written by others.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"
. "$top_srcdir/tests/integration/venv.sh"

exec "$python" "$top_srcdir/tests/integration/moto_transport.py" \
	"$top_builddir/tests/integration/ec2_life"
