#!/bin/bash
# The block layer on real loop devices: what is formatted and, above all, what is
# not; mounts, binds, dead helpers, hung children. Runs in a mount namespace of
# its own and removes the loop devices it made.
set -u
top_builddir=${top_builddir:-.}

if [ "$(id -u)" != 0 ]; then
	echo "skipped: needs root for loop devices and mounts"
	exit 77
fi
if [ -z "${BLOCK_TEST_INSIDE:-}" ]; then
	unshare -m true 2>/dev/null || { echo "skipped: no mount namespaces here"; exit 77; }
	BLOCK_TEST_INSIDE=1 exec unshare -m --propagation private "$BASH" "$0" "$@"
fi

ctl=$(realpath "$top_builddir/tests/block/blockctl")
helper=$(realpath "$top_builddir/ebs-csid-helper")
D=$(mktemp -d /tmp/block-test.XXXXXX)
out=$D/out
loops=""
passed=0 failed=0

clean_up() {
	fsfreeze -u "$D/frozen" 2>/dev/null
	fsfreeze -u "$D/below" 2>/dev/null
	awk -v d="$D/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | tac |
		while read -r m; do umount "$m"; done
	for l in $loops; do
		# a name of ours may be somebody else's by now
		losetup -n -O BACK-FILE "$l" 2>/dev/null | grep -qF "$D/" && losetup -d "$l"
	done
	umount "$D" && rmdir "$D"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
mount -t tmpfs -o size=3G none "$D" || { echo "skipped: no mounts here"; exit 77; }

# attach NAME [losetup options]: prints the device
attach() {
	local name=$1; shift
	losetup -f --show "$@" "$D/img/$name"
}
# volume NAME SIZE: makes and attaches it; its device is in $dev
volume() {
	truncate -s "$2" "$D/img/$1"
	dev=$(attach "$1") && loops="$loops $dev"
}
detach() {
	losetup -d "$1"
	for _ in $(seq 100); do
		losetup "$1" >/dev/null 2>&1 || return 0
		read -rt 0.02 <> <(:)
	done
}
# run [blockctl options]: commands on standard input, results in $out
run() { timeout 40 "$ctl" "$@" "$helper" >"$out" 2>"$D/err"; }
# A session with blockctl, in which the script does its own part between commands:
# begin [options]; tell COMMAND…; heard TEXT (a line that begins so); finish
lock=""	# a descriptor by which the script holds a disk's lock; not for blockctl
begin() {
	: >"$out"
	coproc CTL { [ -z "$lock" ] || exec {lock}<&-; exec timeout 60 "$ctl" "$@" "$helper" 2>"$D/err"; }
	# shellcheck disable=SC2153 # coproc sets it
	ctl_pid=$CTL_PID
	exec {to_ctl}>&"${CTL[1]}" {from_ctl}<&"${CTL[0]}"
	eval "exec ${CTL[1]}>&- ${CTL[0]}<&-"
}
tell() { printf '%s\n' "$@" >&"$to_ctl"; }
heard() {
	local line
	while read -r line <&"$from_ctl"; do
		echo "$line" >>"$out"
		case $line in "$1"*) return 0 ;; never:*) return 1 ;; esac
	done
	return 1
}
finish() {
	exec {to_ctl}>&-
	cat <&"$from_ctl" >>"$out"
	exec {from_ctl}<&-
	wait "$ctl_pid"
}
do1() { printf '%s\n' "$@" wait | run; }
# check "what" PATTERN: a line of $out must match
check() {
	if grep -qE -- "$2" "$out"; then
		passed=$((passed + 1)); echo "ok - $1"
	else
		failed=$((failed + 1)); echo "not ok - $1"
		echo "    wanted: $2"; sed 's/^/    got: /' "$out"; tail -3 "$D/err" | sed 's/^/    /'
	fi
}
# that "what" COMMAND…: must succeed
that() {
	local what=$1; shift
	if "$@" >/dev/null 2>&1; then
		passed=$((passed + 1)); echo "ok - $what"
	else
		failed=$((failed + 1)); echo "not ok - $what: $*"
	fi
}
sum() { sha256sum <"$D/img/$1"; }

mkdir "$D/img"
volume vol-probe 8M 2>/dev/null
[ -n "${dev:-}" ] || { echo "skipped: losetup finds no loop device"; exit 77; }
detach "$dev"
S=$D/stg P=$D/pub

# ---- life of a volume, by file system ----
for fs in ext4 ext3 xfs; do
	volume vol-$fs 320M; first=$dev
	do1 "stage vol-$fs $fs $S"
	check "$fs: blank disk is formatted and mounted" "^stage .* OK .*done=formatted,mounted, fs=$fs"
	do1 "publish vol-$fs $S $P"
	check "$fs: published" '^publish .* OK .*done=mounted'
	echo "hello $fs" >"$P/file"; sync "$P/file"
	do1 "stats vol-$fs $P"
	check "$fs: stats" '^stats .* OK .*device=0 total=[1-9][0-9]* used=[1-9]'
	do1 "unpublish vol-$fs $P"
	check "$fs: unpublished, target removed" 'OK .*done=unmounted,removed'
	do1 "unstage vol-$fs $S"
	check "$fs: unstaged" 'OK .*done=unmounted,removed'
	# another device takes the old name, the volume comes back elsewhere
	detach "$first"; volume vol-other-$fs 8M; other=$dev
	volume vol-$fs 320M; again=$dev
	that "$fs: it has another name now" [ "$again" != "$first" ]
	do1 "stage vol-$fs $fs $S"
	check "$fs: found by identity, not formatted again" "OK .*dev=$again done=mounted, fs=$fs"
	that "$fs: the file is there" grep -q "hello $fs" "$S/file"
	do1 "unstage vol-$fs $S"
	detach "$other"; detach "$again"
done

# ---- raw block ----
volume vol-raw 16M
do1 "publishdev vol-raw $D/a/b/node"
check "raw: bound" '^publishdev .* OK .*done=mounted'
that "raw: it is the device" [ "$(stat -c %t:%T "$D/a/b/node")" = "$(stat -c %t:%T "$dev")" ]
do1 "publishdev vol-raw $D/a/b/node"; check "raw: again" 'OK .*done=already'
do1 "publishdev vol-raw $D/a/b/node ro"; check "raw: ro differs" 'AlreadyExists'
do1 "stats vol-raw $D/a/b/node"; check "raw: size" 'OK .*device=1 total=16777216'
do1 "unpublish vol-raw $D/a/b/node"; check "raw: gone" 'done=unmounted,removed'
that "raw: file removed" [ ! -e "$D/a/b/node" ]
do1 "unpublish vol-raw $D/a/b/node"; check "raw: absent is fine" 'OK .*done=already'
that "raw: nothing was written" cmp -n 16777216 "$D/img/vol-raw" /dev/zero
detach "$dev"

# ---- what must never be formatted ----
# refused NAME WHAT CODE: stage as ext4 and as xfs; not a byte may change
refused() {
	local before after
	before=$(sum "$1")
	do1 "stage $1 ext4 $S"; check "$2: refused for ext4" "^stage $1 $3"
	do1 "stage $1 xfs $S"; check "$2: refused for xfs" "^stage $1 $3"
	after=$(sum "$1")
	that "$2: not a byte changed" [ "$before" = "$after" ]
	detach "$dev"
}
put() { dd of="$D/img/$1" bs=1 seek="$2" conv=notrunc status=none; }

truncate -s 64M "$D/img/vol-mbr"
printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\100\0\0' | put vol-mbr 446; printf '\125\252' | put vol-mbr 510
volume vol-mbr 64M; refused vol-mbr "partition table" "FailedPrecondition .*(partition table|NotBlank)"
truncate -s 64M "$D/img/vol-luks"; printf 'LUKS\272\276\0\001' | put vol-luks 0
volume vol-luks 64M; refused vol-luks "LUKS" FailedPrecondition
truncate -s 64M "$D/img/vol-lvm"; printf 'LABELONE\001\0\0\0\0\0\0\0\0\0\0\0 \0\0\0LVM2 001' | put vol-lvm 512
volume vol-lvm 64M; refused vol-lvm "LVM" FailedPrecondition
truncate -s 64M "$D/img/vol-swap"; mkswap -q "$D/img/vol-swap" 2>/dev/null
volume vol-swap 64M; refused vol-swap "swap" "FailedPrecondition .*OtherFileSystem .*holds swap"
truncate -s 64M "$D/img/vol-zfs"
for i in 0 1 2 3 4 5 6 7; do printf '\014\261\272\0\0\0\0\0' | put vol-zfs $((131072 + i * 1024)); done
volume vol-zfs 64M; refused vol-zfs "zfs member" FailedPrecondition
truncate -s 64M "$D/img/vol-data"; head -c 4096 /dev/urandom | put vol-data 700000
volume vol-data 64M; refused vol-data "data without a signature" "FailedPrecondition .*NotBlank .*first at byte"
truncate -s 64M "$D/img/vol-tail"; printf 'x' | put vol-tail 67108000
volume vol-tail 64M; refused vol-tail "data in the last MiB" "FailedPrecondition .*NotBlank .*67108000"
volume vol-eio 64M; truncate -s 0 "$D/img/vol-eio"
refused vol-eio "every read fails (blank)" "Internal .*reading at byte 0 failed"
that "every read fails: file still empty" [ ! -s "$D/img/vol-eio" ]

# a formatted disk whose reads fail for a while keeps its data
volume vol-pass 32M
do1 "stage vol-pass ext4 $S"; echo precious >"$S/file"; do1 "unstage vol-pass $S"
detach "$dev"; cp --sparse=always "$D/img/vol-pass" "$D/img/copy"
volume vol-pass 32M; truncate -s 0 "$D/img/vol-pass"
do1 "stage vol-pass ext4 $S"; check "passing read error: refused" '^stage .* Internal .*failed'
that "passing read error: nothing written" [ ! -s "$D/img/vol-pass" ]
cat "$D/img/copy" >"$D/img/vol-pass"; rm "$D/img/copy"
do1 "stage vol-pass ext4 $S"; check "passing read error: mounts once it has passed" 'OK .*done=mounted, fs=ext4'
that "passing read error: data is there" grep -q precious "$S/file"
do1 "stage vol-pass xfs $S"; check "mounted with another type" 'AlreadyExists'
do1 "stage vol-pass ext4 $S ro"; check "mounted rw, ro asked for" 'AlreadyExists'
do1 "unstage vol-pass $S"
do1 "stage vol-pass xfs $S"; check "ext4 is not mounted as xfs" 'FailedPrecondition .*OtherFileSystem .*holds ext4'
do1 "stage vol-pass ext3 $S"; check "ext4 is not mounted as ext3" 'FailedPrecondition .*OtherFileSystem'
do1 "stageat vol-else ext4 $S $dev"; check "wrong device behind the name" 'NotFound .*WrongDevice .*not volume vol-else'
do1 "stage vol-pass ext4 $S bogus=1"; check "unknown mount option" 'InvalidArgument .*bogus'
do1 "stage vol-pass ext4 $S loop"; check "forbidden mount option" 'InvalidArgument .*not allowed'
do1 "stage vol-pass ext4 relative/path"; check "relative path" 'InvalidArgument .*not an absolute path'
do1 "stage vol-pass ext4 $D/../etc/x"; check "dots in the path" 'InvalidArgument'
do1 "stage vol-pass ext4 $S noatime,nosuid,discard"; check "mount options taken" 'OK .*done=mounted'
that "mount options are set" findmnt -n -O noatime,nosuid,discard "$S"
detach_later=$dev
volume vol-second 32M
do1 "stage vol-second ext4 $S"; check "another live device at the target" 'FailedPrecondition .*is a mount of loop'
do1 "publish vol-second $S $P"; check "publish of another volume's stage" 'FailedPrecondition .*WrongDevice'
do1 "stats vol-second $S"; check "stats of another volume's mount" 'NotFound'
detach "$dev"

# ---- read-only ----
do1 "publish vol-pass $S $P ro"; check "ro publish" 'OK .*done=mounted'
that "ro publish cannot be written" bash -c "! touch '$P/x'"
do1 "publish vol-pass $S $P ro"; check "ro publish again" 'OK .*done=already'
do1 "publish vol-pass $S $P"; check "rw publish over it" AlreadyExists
(cd "$P" && do1 "unpublish vol-pass $P"); check "busy unmount" 'Internal .*reason=EBUSY'
do1 "unpublish vol-pass $P"; check "no longer busy" 'OK .*done=unmounted,removed'
do1 "unstage vol-pass $S"
do1 "stage vol-pass ext4 $S ro"; check "ro stage" 'OK .*done=mounted'
do1 "publish vol-pass $S $P"; check "publish of an ro stage" 'OK .*done=mounted'
do1 "unpublish vol-pass $P" "wait" "unstage vol-pass $S"
detach "$detach_later"
truncate -s 16M "$D/img/vol-ro"; dev=$(attach vol-ro -r); loops="$loops $dev"
do1 "stage vol-ro ext4 $S"; check "blank read-only device" 'FailedPrecondition .*ReadOnly'
detach "$dev"
volume vol-ro2 16M
do1 "stage vol-ro2 ext4 $S ro"; check "blank and ro asked for" 'FailedPrecondition .*ReadOnly'

# ---- publish without a stage ----
mkdir -p "$S"
do1 "publish vol-ro2 $S $D/new/target"; check "publish without a stage" 'FailedPrecondition .*NotStaged'
that "nothing was made at the target" [ ! -e "$D/new" ]
mkdir "$P"; touch "$P/pod-data"
do1 "unpublish vol-ro2 $P"; check "a directory with files is never removed" 'Internal .*reason=ENOTEMPTY'
that "its file is there" [ -e "$P/pod-data" ]; rm -r "$P"

# ---- a hundred repeats ----
{ for _ in $(seq 100); do echo "stage vol-ro2 ext4 $S"; echo wait; done
  for _ in $(seq 100); do echo "publish vol-ro2 $S $P"; echo wait; done
  for _ in $(seq 100); do echo "unpublish vol-ro2 $P"; echo wait; done
  for _ in $(seq 100); do echo "unstage vol-ro2 $S"; echo wait; done; } | run
that "400 repeats, all OK" [ "$(grep -c ' OK ' "$out")" = 400 ]
that "one of a hundred formatted" [ "$(grep -c formatted "$out")" = 1 ]

# ---- full disk ----
do1 "stage vol-ro2 ext4 $S"
dd if=/dev/zero of="$S/fill" bs=1k status=none 2>/dev/null
do1 "stats vol-ro2 $S"; check "full disk: stats" 'OK .*avail=0'
do1 "unstage vol-ro2 $S" wait "stage vol-ro2 ext4 $S"; check "full disk: stages again" '^stage .* OK'
do1 "unstage vol-ro2 $S"

# ---- in use elsewhere ----
mkdir -p "$D/elsewhere"; mount "$dev" "$D/elsewhere"
do1 "stage vol-ro2 ext4 $S"; check "mounted elsewhere too: no fsck, no mkfs" 'OK .*done=mounted, fs=ext4'
do1 "unstage vol-ro2 $S"; umount "$D/elsewhere"
detach "$dev"; do1 "stage vol-ro2 ext4 $S"; check "loop device deleted" 'NotFound .*no such disk'

# ---- a check when the superblock asks for it, and only then ----
volume vol-fsck 32M
do1 "stage vol-fsck ext4 $S" wait "unstage vol-fsck $S" wait "stage vol-fsck ext4 $S" wait "unstage vol-fsck $S"
that "clean: no fsck" bash -c "! grep -q checked '$out'"
debugfs -w -R "ssv state 3" "$dev" 2>/dev/null; blockdev --flushbufs "$dev"
do1 "stage vol-fsck ext4 $S"; check "errors in the superblock: e2fsck ran" 'OK .*done=checked,mounted'
do1 "unstage vol-fsck $S"

# ---- growing ----
truncate -s 64M "$D/img/vol-fsck"; losetup -c "$dev"
do1 "stage vol-fsck ext4 $S grow"
if capsh --has-p=cap_sys_resource 2>/dev/null; then
	check "ext4 grows" 'OK .*done=.*grown'
else
	check "ext4 without CAP_SYS_RESOURCE says so" '(grown|Internal .*CAP_SYS_RESOURCE)'
fi
do1 "unstage vol-fsck $S"; detach "$dev"
volume vol-grow 320M; do1 "stage vol-grow xfs $S" wait "unstage vol-grow $S"
truncate -s 400M "$D/img/vol-grow"; losetup -c "$dev"
do1 "stage vol-grow xfs $S grow"; check "xfs grows" 'OK .*done=mounted,grown'
# ---- a file system that has shut down ----
xfs_io -x -c shutdown "$S" 2>/dev/null
do1 "stage vol-grow xfs $S"; check "dead mount is replaced" 'OK .*done=mounted,cleaned'
do1 "unstage vol-grow $S"; detach "$dev"

# ---- the caller goes away before mkfs ----
volume vol-gone 64M; gone=$dev
exec {lock}<"$dev"; flock -x "$lock"
begin
tell "stage vol-gone ext4 $S" "until running" cancel dump
heard helper
exec {lock}<&-; lock=""	# now it could format
tell wait
heard "stage vol-gone"
check "cancelled before mkfs" '^stage vol-gone Canceled'
that "cancelled before mkfs: not formatted" cmp -n 67108864 "$D/img/vol-gone" /dev/zero
exec {lock}<"$dev"; flock -x "$lock"
tell "deadline 700" "stage vol-gone ext4 $S" wait
finish
check "deadline before mkfs" '^stage vol-gone DeadlineExceeded'
exec {lock}<&-; lock=""
that "it was not formatted" cmp -n 67108864 "$D/img/vol-gone" /dev/zero

# ---- a running mkfs is let through; what would follow it is not begun ----
# The backing file lies on a file system that can be frozen: reads work, writes wait.
volume vol-below 300M; below=$dev
mkfs.ext4 -q "$below"; mkdir "$D/below"; mount "$below" "$D/below"
truncate -s 64M "$D/below/vol-slow" "$D/below/vol-orphan"; sync -f "$D/below"
slow=$(losetup -f --show "$D/below/vol-slow"); orphan=$(losetup -f --show "$D/below/vol-orphan")
loops="$slow $orphan $loops"
fsfreeze -f "$D/below"
begin
tell "stage vol-slow ext4 $S" "until writes" dump cancel "until running" dump
heard "reached: running"
that "cancelled in mkfs: goes on while mkfs does" heard "running stage"
fsfreeze -u "$D/below"
tell wait "stage vol-slow ext4 $S" wait
finish
check "mkfs was under way" '^running stage .*, writes'
check "cancelled in mkfs: ends when mkfs has ended" '^stage vol-slow Canceled'
check "cancelled in mkfs: was formatted, was not mounted" '^stage vol-slow OK .*done=mounted, fs=ext4'
do1 "unstage vol-slow $S"
# mkfs has the disk once it hangs in a write; it says so to nobody but /proc.
mkfs_hangs() {
	for _ in $(seq 500); do
		mkfs=$(pgrep -f "mkfs.* $orphan\$") && [[ $(cat "/proc/$mkfs/stat") == *") D "* ]] && return 0
		read -rt 0.02 <> <(:)
	done
	return 1
}
fsfreeze -f "$D/below"
begin
tell "stage vol-orphan ext4 $S" "until writes"
heard reached
that "mkfs writes" mkfs_hangs
tell "kill-helper 9" wait "until up" "stage vol-orphan ext4 $S" wait
heard "stage vol-orphan Unavailable" && heard "stage vol-orphan"
fsfreeze -u "$D/below"
tail --pid="$mkfs" -f /dev/null
tell "stage vol-orphan ext4 $S" wait
finish
check "helper killed in mkfs" '^stage vol-orphan Unavailable .*signal 9'
check "mkfs goes on: the disk is in use" '^stage vol-orphan FailedPrecondition .*InUse'
check "and whole once mkfs has ended" '^stage vol-orphan OK .*done=mounted, fs=ext4'
do1 "unstage vol-orphan $S"
that "e2fsck finds nothing" e2fsck -fn "$orphan"
detach "$slow"; detach "$orphan"; umount "$D/below"; detach "$below"; dev=$gone

# ---- the helper dies ----
exec {lock}<"$dev"; flock -x "$lock"
begin
tell "stage vol-gone ext4 $S" "until running" "kill-helper 9" wait
heard "stage vol-gone"
exec {lock}<&-; lock=""
tell "until up" "stage vol-gone ext4 $S" wait
finish
check "helper killed in an act" '^stage vol-gone Unavailable .*signal 9'
check "it was started again" '^stage vol-gone OK .*formatted'
do1 "unstage vol-gone $S"
printf '%s\n' "drop" "find vol-gone" wait "kill-helper 9" "until lost" "stage vol-gone ext4 $S" wait "find vol-gone" wait | run
check "helper killed after privileges were dropped: owner told" '^lost: '
check "acts end at once" '^stage vol-gone Unavailable .*not running'
that "finding works on" [ "$(grep -c '^find vol-gone OK' "$out")" = 2 ]
printf '%s\n' "drop" "stage vol-gone ext4 $S" wait "unstage vol-gone $S" wait | run
that "an unprivileged daemon mounts by its helper" [ "$(grep -c ' OK ' "$out")" = 2 ]

# ---- the helper holds no network descriptor, the daemon one thread ----
begin
tell "until up"; heard reached
daemon=$(pgrep -nf "^$ctl"); child=$(pgrep -P "$daemon" -x ebs-csid-helper)
ls -l "/proc/$child/fd" >"$D/fds"
that "helper: one socket, and it is no network one" bash -c "[ \$(grep -c socket: '$D/fds') = 1 ]"
that "helper: few descriptors" bash -c "[ \$(grep -c -- '->' '$D/fds') -le 6 ]"
that "daemon: one thread" bash -c "[ \$(ls /proc/$daemon/task | wc -l) = 1 ]"
finish

# ---- one hangs, the others go on ----
volume vol-frozen 64M; frozen=$dev
mkfs.ext4 -q "$dev"; mkdir "$D/frozen"; mount "$dev" "$D/frozen"
do1 "stage vol-gone ext4 $S"
volume vol-hang 32M
fsfreeze -f "$D/frozen"
begin
tell "deadline 1000" "stage vol-hang ext4 $D/frozen/below" "deadline 0"
for i in $(seq 100); do tell "publish vol-gone $S $D/p/$i"; done
tell wait
for i in $(seq 100); do tell "unpublish vol-gone $D/p/$i"; done
tell wait "stage vol-hang ext4 $D/other" wait dump "until hung"
heard "reached: hung"
fsfreeze -u "$D/frozen"
tell "until-not hung" "stage vol-hang ext4 $D/other" wait "unstage vol-hang $D/other" wait
finish
that "100 publishes and unpublishes beside it are OK" \
	[ "$(grep -cE '^(un)?publish vol-gone OK' "$out")" = 200 ]
check "the hung act says what hangs" '^stage vol-hang DeadlineExceeded .*in job/stage volume vol-hang on /dev/loop'
check "the volume's next act is refused with it" '^stage vol-hang Aborted .*hangs in "creating directory'
check "the dump names it" '^hung for .*process'
check "after the disk answers again all is well" '^stage vol-hang OK'
umount "$D/frozen"; detach "$frozen"; do1 "unstage vol-gone $S"

# ---- arrival ----
detach "$dev"
begin -f 20000
tell "find vol-hang" "until find_device"
heard reached
loops="$loops $(attach vol-hang)"
tell wait
finish
check "a device is waited for" '^find vol-hang OK'
echo "find vol-hang" | run -l; check "loop devices only where allowed" '^find vol-hang NotFound'

# ---- many at once ----
volumes=24
for i in $(seq $volumes); do volume "vol-m$i" 16M; done
{
	for i in $(seq $volumes); do echo "stage vol-m$i ext4 $D/m/$i"; done; echo wait
	for i in $(seq $volumes); do echo "unstage vol-m$i $D/m/$i"; done; echo wait
} | run
that "$volumes volumes at once" [ "$(grep -c ' OK ' "$out")" = $((2 * volumes)) ]

# ---- nothing is left ----
that "no helper is left" bash -c "! pgrep -P $$ -x ebs-csid-helper"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
