#!/bin/bash
# The HTTP/2 conformance suite against the server's TCP endpoint. What may fail
# stands in tests/h2/h2spec.expected with its reason.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"
. "$top_srcdir/tests/integration/h2.sh"

h2_need_tool h2spec
h2_start
h2_tool h2spec -h 127.0.0.1 -p "$h2_port" -P /test.Echo/Say -o 1 -j "$h2_dir/h2spec.xml" \
	>"$h2_dir/h2spec.log" 2>&1 || true
tail -n 1 "$h2_dir/h2spec.log"

awk -F'"' '
	/<testcase / { at = $2 " " ++n[$2]; name[at] = $4; total++ }
	/<(error|failure)[ >]/ { print at "\t" name[at] }
	END { print "total", total + 0 > "/dev/stderr" }
' "$h2_dir/h2spec.xml" >"$h2_dir/failed" 2>"$h2_dir/total"
grep -qx 'total 145' "$h2_dir/total" || { echo "not all cases ran:"; cat "$h2_dir/total"; exit 1; }

grep -v '^#' "$top_srcdir/tests/h2/h2spec.expected" | cut -f1 >"$h2_dir/expected"
bad=0
while IFS=$'\t' read -r place name; do
	if grep -qxF "$place" "$h2_dir/expected"; then
		echo "expected: $place $name"
	else
		echo "FAILED: $place $name"
		bad=1
	fi
done <"$h2_dir/failed"
[ $bad = 0 ] || { cat "$h2_dir/h2spec.log"; exit 1; }
h2_stop
