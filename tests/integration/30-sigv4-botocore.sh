#!/bin/bash
# The signer against botocore's, on some hundred generated requests.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"
. "$top_srcdir/tests/integration/venv.sh"

exec "$python" "$top_srcdir/tests/integration/sigv4_botocore.py" \
	"$top_builddir/tests/integration/sigv4_sign"
