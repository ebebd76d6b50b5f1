#!/usr/bin/env bash
# EC2 out of reach, credentials missing, refused or expired, no instance metadata:
# each call gets a status that says so, soon; the daemon serves on.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"

# fails WHAT CODE PATTERN COMMAND...: exit status 64+CODE and the text
fails() {
	local what=$1 code=$2 pattern=$3 out status
	shift 3
	out=$("$@" 2>&1)
	status=$?
	check_equal "$what: gRPC code" "$((status - 64))" "$code"
	check_match "$what: says why" "$out" "$pattern"
}
create() { ctl --timeout="${timeout:-20s}" create trouble --size=1GiB --zone="$zone"; }
calls() { sim_get calls | python3 -c '
import json, sys
print(sum(a["calls"] for a in json.load(sys.stdin)["actions"].values()))'; }

# Nothing listens at port 9 of this machine.
start_controller
check_equal "starts and answers a probe without EC2" "$(ctl probe; echo $?)" 0
timeout=6s
out=$(create 2>&1); status=$?
check_match "EC2 unreachable: gRPC code (DeadlineExceeded or Aborted)" "$((status - 64))" "^(4|10)\$"
check_match "EC2 unreachable: says what" "$out" "CreateVolume"
check_equal "serves on" "$(ctl probe; echo $?)" 0
stop controller

start_sim --access-key=AKIDEXAMPLE --secret-key=secret --latency=none
timeout=20s
extra_env=(AWS_SECRET_ACCESS_KEY=wrong)
start_controller
# Aborted, not Unauthenticated: whether an earlier try of the same name made the
# volume is open, and only Aborted keeps the provisioner from forgetting it.
fails "wrong secret" 10 'SignatureDoesNotMatch|AuthFailure' create
check "no retry storm" test "$(calls)" -le 3
stop controller

extra_env=(AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= AWS_EC2_METADATA_DISABLED=true)
start_controller
fails "no credentials" 10 'credentials' create
stop controller

# The role's credentials come from the metadata service.
extra_env=(AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=)
start_controller
check_match "credentials of the instance's role" "$(create)" "vol-"
stop controller
stop sim

start_sim --access-key=AKIDEXAMPLE --secret-key=secret --latency=none \
	--session-token=fresh
extra_env=(AWS_SESSION_TOKEN=stale)
start_controller
fails "expired session token" 10 'ExpiredToken|RequestExpired|AuthFailure|InvalidClientTokenId' create
check_equal "serves on" "$(ctl probe; echo $?)" 0
stop controller
finish
