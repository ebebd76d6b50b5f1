#!/usr/bin/env bash
# A controller's life cycle under valgrind: no error, nothing lost.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
need_tool valgrind
use_plain_build

start_sim --latency=none --states=none --instances=i-0123456789abcdef0
wrapper=(valgrind --quiet --leak-check=full "--show-leak-kinds=definite,possible"
	--errors-for-leak-kinds=definite --error-exitcode=99 --log-file="$work/valgrind.log")
start_controller
call() { ctl --timeout=60s --json "$@"; }
quiet() { "$@" >/dev/null; }
check "probe" quiet call probe
check "capabilities" quiet call --node-endpoint="$controller" capabilities
volume=$(call create valgrind --size=1GiB --type=gp3 --zone="$zone" |
	sed -n 's/.*"volume_id":"\([^"]*\)".*/\1/p')
check_match "create" "$volume" '^vol-'
check "validate" quiet call validate "$volume"
check "publish" quiet call publish "$volume" i-0123456789abcdef0
check "unpublish" quiet call unpublish "$volume" i-0123456789abcdef0
check "delete" quiet call delete "$volume"
call publish vol-0000000000000dead i-0123456789abcdef0 2>/dev/null
check_equal "an error" "$?" 69
stop controller 120
check_equal "exit status" "$?" 0
check_equal "valgrind's findings" "$(cat "$work/valgrind.log")" ""
finish
