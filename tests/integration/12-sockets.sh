#!/usr/bin/env bash
# Where the daemon listens: a path in use, a stale socket, a file in the way, TCP,
# a socket from the service manager.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
sock=$work/controller.sock

start_controller
check_equal "probe" "$(ctl probe; echo $?)" 0
out=$(env "${environment[@]}" "$EBS_BUILD/src/ebs-csid" controller --endpoint="$controller" 2>&1)
check_equal "a second daemon on the path: exit status" "$?" 1
check_match "says which path" "$out" "ebs-csid: --endpoint: .*$sock"
check_equal "the first one serves on" "$(ctl probe; echo $?)" 0

kill_hard controller
check "a killed daemon leaves its socket" test -S "$sock"
start_controller
check_equal "the next one takes it over" "$(ctl probe; echo $?)" 0
stop controller

echo precious >"$sock"
out=$(env "${environment[@]}" "$EBS_BUILD/src/ebs-csid" controller --endpoint="$controller" 2>&1)
check_equal "a file in the way: exit status" "$?" 1
check_match "says which" "$out" "ebs-csid: --endpoint: .*$sock"
check_equal "and leaves it alone" "$(cat "$sock")" precious
rm "$sock"

out=$(env "${environment[@]}" "$EBS_BUILD/src/ebs-csid" controller \
	--endpoint="unix://$work/none/x.sock" 2>&1)
check_match "no such directory" "$out" "ebs-csid: --endpoint: .*$work/none/x.sock"

# TCP: the address is in the log.
start tcp env "${environment[@]}" "$EBS_BUILD/src/ebs-csid" controller --endpoint=tcp://127.0.0.1:0
address() { sed -n 's/.*Listening for connections.*address="\{0,1\}\(tcp:[^" ]*\).*/\1/p' "$work/tcp.log"; }
has_address() { [ -n "$(address)" ]; }
check "TCP endpoint" wait_until 20 has_address
check_equal "probe by TCP" "$("$EBS_BUILD/src/ebs-csictl" --endpoint="$(address)" probe; echo $?)" 0
stop tcp
check_equal "TCP: exit status" "$?" 0

# The socket of the service manager is used and left where it is.
need_tool systemd-socket-activate
start activated systemd-socket-activate --listen="$sock" "${environment[@]/#/--setenv=}" \
	"$EBS_BUILD/src/ebs-csid" controller --endpoint="$controller"
check "socket activation: the socket" wait_until 20 test -S "$sock"
check_equal "probe starts the daemon" "$(ctl --timeout=30s probe; echo $?)" 0
stop activated
check "the handed-over socket is not removed" test -S "$sock"
finish
