#!/usr/bin/env bash
# ./dev demo from outside: it comes through, and leaves nothing behind, also when it
# is interrupted, and without root.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/../lib/harness.sh"
demo=$top_srcdir/tests/lib/demo.sh
export TMPDIR=$work EBS_BUILD
RANDOM=${EBS_SEED:-$$}

left_behind() {
	find "$work" -mindepth 1 -maxdepth 1 -name 'ebs-demo.*'
	losetup -nO BACK-FILE 2>/dev/null | grep "^$work/"
	grep -o " $work/ebs-demo[^ ]*" /proc/*/mountinfo 2>/dev/null | head -n 3
	local proc
	for proc in /proc/[0-9]*; do
		grep -qsz "$work/ebs-demo" "$proc/cmdline" && echo "$proc"
	done
	return 0
}

out=$(bash "$demo" --latency=0.1 --states=0.1 2>&1)
check_equal "exit status" "$?" 0
check_match "came to its end" "$out" 'in all$'
if [ "$(id -u)" = 0 ] && losetup -f >/dev/null 2>&1; then
	check_match "with real disks" "$out" 'read back from the other device: the same'
fi
check_equal "left behind" "$(left_behind)" ""

for signal in INT TERM INT; do
	start demo setsid bash "$demo" --states=0.3
	read -rt "$((RANDOM % 6)).$((RANDOM % 900 + 100))" <> <(:) || true
	pid=$(pid_of demo)
	kill -s "$signal" -- "-$pid" 2>/dev/null
	is_over() { is_zombie_or_gone "$pid"; }
	check "interrupted by SIG$signal: ends" wait_until 60 is_over
	check_equal "interrupted by SIG$signal: left behind" "$(left_behind)" ""
done

if [ "$(id -u)" = 0 ] && runuser -u nobody -- test -r "$demo" -a -x "$EBS_BUILD/src/ebs-csid"; then
	out=$(TMPDIR=/tmp runuser -u nobody -- bash "$demo" --latency=0.1 --states=0.1 2>&1)
	check_equal "without root: exit status" "$?" 0
	check_match "without root: says what it leaves out" "$out" 'Not root: .* left out'
	check_match "without root: the rest" "$out" 'no volume is left in EC2'
	check_equal "without root: left behind" "$(find /tmp -maxdepth 1 -user nobody -name 'ebs-demo.*')" ""
fi
finish
