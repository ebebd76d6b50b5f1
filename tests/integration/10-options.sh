#!/usr/bin/env bash
# The command line from outside: what it prints and how it exits.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"

export AWS_REGION=us-east-1

# refused WHAT PATTERN ARGUMENT...: exit status 1 and one line that says why
refused() {
	local what=$1 pattern=$2 out status
	shift 2
	out=$(timeout 20 "$EBS_BUILD/src/ebs-csid" "$@" 2>&1)
	status=$?
	check_equal "$what: exit status" "$status" 1
	check_match "$what: says why" "$(grep '^ebs-csid: ' <<<"$out")" "$pattern"
	check_equal "$what: in one line" "$(grep -c '^ebs-csid: ' <<<"$out")" 1
}

check "--version is JSON with the Go driver's keys" python3 -c '
import json, sys
v = json.loads(sys.argv[1])
assert set(v) == {"driverVersion", "gitCommit", "buildDate", "goVersion", "compiler", "platform"}
' "$(csid --version)"
check_match "--help lists options" "$(csid --help)" '--volume-attach-limit=N'
check_equal "--help exits with" "$(csid controller --help >/dev/null; echo $?)" 0

refused "unknown option" 'unknown option "--bogus"' controller --bogus
refused "bad value" '--v: "x" is not a number' controller --v=x
refused "unknown mode" 'unknown mode "conductor"' conductor
refused "option of another mode" 'does not exist in mode controller' controller --legacy-xfs
refused "what is not built" '--http-endpoint: this version does not have it' all --http-endpoint=:1
refused "bad endpoint" '--endpoint' controller --endpoint=http://localhost:1
refused "debug endpoint for the network" '--debug-endpoint: .*not on this machine' controller \
	"--endpoint=$controller" --debug-endpoint=tcp://0.0.0.0:0
refused "unknown user" 'no user "nobody-here"' controller "--endpoint=$controller" --user=nobody-here
refused "reserved tag" 'CSIVolumeName' controller "--endpoint=$controller" \
	--extra-tags=CSIVolumeName=x
refused "missing helper" '/nonexistent/helper' node "--endpoint=$node" --helper=/nonexistent/helper
printf 'v = 1\nbogus = 1\n' >"$work/bad.conf"
refused "bad file" 'bad.conf, line 2: unknown option "bogus"' controller --config "$work/bad.conf"
check "nothing is left of the failed starts" test ! -e "$work/controller.sock"

out=$("$EBS_BUILD/src/ebs-csictl" --bogus 2>&1)
check_equal "ebs-csictl: wrong usage" "$?" 1
check_match "ebs-csictl: says why" "$out" 'unknown option "--bogus"'
out=$(ctl probe 2>&1)
check_equal "ebs-csictl: nobody listens" "$?" 2
check_match "ebs-csictl: says where" "$out" "$work/controller.sock"
finish
