#!/bin/bash
# grpcurl, knowing no proto file: services, messages and calls by reflection.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"
. "$top_srcdir/tests/integration/h2.sh"

h2_need_tool grpcurl
h2_start
unix=(-plaintext -unix)

expect() { # what, expected text, got
	if [ "$2" != "$3" ]; then
		printf '%s: expected\n%s\ngot\n%s\n' "$1" "$2" "$3"
		exit 1
	fi
	echo "ok: $1"
}

expect "list" "grpc.health.v1.Health
grpc.reflection.v1.ServerReflection
grpc.reflection.v1alpha.ServerReflection
test.Echo" "$(h2_tool grpcurl "${unix[@]}" "$h2_socket" list)"
expect "list of a service" "test.Echo.Big
test.Echo.Chat
test.Echo.Fail
test.Echo.Say
test.Echo.Sleep" "$(h2_tool grpcurl "${unix[@]}" "$h2_socket" list test.Echo)"
h2_tool grpcurl "${unix[@]}" "$h2_socket" describe test.Nap | grep -q 'bool shielded = 2;'
h2_tool grpcurl "${unix[@]}" "$h2_socket" describe grpc.health.v1.HealthListResponse |
	grep -q 'map<string, .grpc.health.v1.HealthCheckResponse> statuses = 1;'
echo "ok: describe"

expect "unary call" '{"text":"hällo"}' "$(h2_tool grpcurl "${unix[@]}" \
	-d '{"text":"hällo"}' "$h2_socket" test.Echo/Say | tr -d ' \n')"
expect "over TCP" '{"text":"tcp"}' "$(h2_tool grpcurl -plaintext \
	-d '{"text":"tcp"}' "127.0.0.1:$h2_port" test.Echo/Say | tr -d ' \n')"
expect "health" '{"status":"SERVING"}' "$(h2_tool grpcurl "${unix[@]}" \
	-d '{"service":"test.Echo"}' "$h2_socket" grpc.health.v1.Health/Check | tr -d ' \n')"
expect "streaming" '{"text":"a"}{"text":"b"}' "$(h2_tool grpcurl "${unix[@]}" \
	-d '{"text":"a"} {"text":"b"}' "$h2_socket" test.Echo/Chat | tr -d ' \n')"

rc=0
out=$(h2_tool grpcurl "${unix[@]}" -d '{"code":9,"message":"50% of vol-1"}' "$h2_socket" \
	test.Echo/Fail 2>&1) || rc=$?
echo "$out"
echo "$out" | grep -q 'Code: FailedPrecondition' && echo "$out" | grep -q 'Message: 50% of vol-1'
expect "exit status of an error" $((64 + 9)) "$rc"
rc=0
h2_tool grpcurl "${unix[@]}" -max-time 0.2 -d '{"ms":60000}' "$h2_socket" \
	test.Echo/Sleep >/dev/null 2>&1 || rc=$?
expect "exit status at the deadline" $((64 + 4)) "$rc"
h2_stop
