# For sourcing by the tests of the gRPC server: starts tests/h2/echo_server on a
# unix and a TCP endpoint, and stops it at the end with a look at what it left.
# shellcheck shell=bash
: "${top_srcdir:?}" "${top_builddir:?}"

h2_dir=$(mktemp -d "${TMPDIR:-/tmp}/h2-test.XXXXXX")
h2_socket=$h2_dir/echo.sock
h2_port=
h2_pid=

h2_cleanup() {
	[ -z "$h2_pid" ] || kill "$h2_pid" 2>/dev/null || true
	rm -rf "$h2_dir"
}
trap h2_cleanup EXIT

# Reads what the server says up to the line that tells its port; the rest goes into
# the log by itself.
h2_start() {
	local line
	mkfifo "$h2_dir/says"
	"$top_builddir/tests/h2/echo_server" "unix://$h2_socket" tcp://127.0.0.1:0 \
		>"$h2_dir/says" 2>&1 &
	h2_pid=$!
	exec 7<"$h2_dir/says"
	while [ -z "$h2_port" ] && IFS= read -r -t 30 -u 7 line; do
		echo "$line" >>"$h2_dir/server.log"
		case $line in "ready tcp:"*) h2_port=${line##*:} ;; esac
	done
	cat <&7 >>"$h2_dir/server.log" &
	h2_log_pid=$!
	exec 7<&-
	[ -z "$h2_port" ] || return 0
	cat "$h2_dir/server.log"
	echo "echo_server did not start"
	exit 1
}

# The server drains, ends well and leaves nothing behind.
h2_stop() {
	local rc=0
	kill -TERM "$h2_pid" 2>/dev/null || true	# a test may have done so
	wait "$h2_pid" || rc=$?
	wait "$h2_log_pid"
	h2_pid=
	cat "$h2_dir/server.log"
	[ "$rc" = 0 ] || { echo "echo_server ended with $rc"; return 1; }
	grep -q '^left: calls 0, connections 0, operations 0, naps 0$' "$h2_dir/server.log"
}

# A pinned Go tool of tests/go.mod: one that is there already, else Go builds it.
h2_tool() { # name, arguments...
	local tool=$1 path
	shift
	path=${EBS_TEST_TOOLS:+$EBS_TEST_TOOLS/$tool}
	if [ -n "$path" ] && [ -x "$path" ]; then
		"$path" "$@"
	else
		GOFLAGS=-mod=readonly GOTOOLCHAIN=local go -C "$top_srcdir/tests" tool "$tool" "$@"
	fi
}

h2_need_tool() {
	[ -z "${EBS_TEST_TOOLS:-}" ] || [ ! -x "$EBS_TEST_TOOLS/$1" ] || return 0
	if ! h2_tool "$1" --help >"$h2_dir/tool.log" 2>&1 &&
		grep -qE 'go:|not found|no such tool' "$h2_dir/tool.log"; then
		echo "skipped: this machine cannot build $1: $(tail -n 1 "$h2_dir/tool.log")"
		exit 77
	fi
}
