#!/usr/bin/env bash
# The main job, shown: volumes from CreateVolume to a written file system and back,
# on the simulator. Called by ./dev demo. Each step prints its time and what proves
# it; a step that does not hold ends the demo with status 1. Arguments go to the
# simulator: --states=0.1 makes EC2 faster.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/harness.sh"
own_namespace "$@"

began=$EPOCHREALTIME
step_began=$began
ms_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.0f", (b - a) * 1000 }'; }
step() { # title, then lines of proof on standard input
	printf '%6s ms  %s\n' "$(ms_since "$step_began")" "$1"
	sed 's/^/            /'
	step_began=$EPOCHREALTIME
}
give_up() { printf 'FAILED: %s\n' "$*"; exit 1; }

# call VERB...: the answer in $answer
call() {
	answer=$(ctl --json "$@" 2>"$work/call.err") || give_up "$1: $(cat "$work/call.err")"
}
field() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" <<<"$answer"; }

with_disks=yes
if [ "$(id -u)" != 0 ]; then
	with_disks=
	echo "Not root: loop devices, formatting and mounting are left out; the EC2 side runs."
elif ! losetup -f >/dev/null 2>&1; then
	with_disks=
	echo "No loop devices here: formatting and mounting are left out; the EC2 side runs."
fi

me="i-0123456789abcdef0"
start_sim --instances=$me:m5.large:$zone ${with_disks:+--disk-dir="$work/disks"} "$@"
start_controller || give_up "the controller does not start: $(tail -n 1 "$work/controller.log")"
[ -z "$with_disks" ] || start_node ||
	give_up "the node agent does not start: $(tail -n 1 "$work/node.log")"
step "simulator, controller${with_disks:+ and node agent} are up" <<TXT
controller: pid $(pid_of controller), $(threads_of "$(pid_of controller)") thread, capabilities $(capabilities_of "$(pid_of controller)")
${with_disks:+node agent: pid $(pid_of node), $(threads_of "$(pid_of node)") thread, capabilities $(capabilities_of "$(pid_of node)")}
TXT

call create demo-data --size=1GiB --type=gp3 --zone="$zone" --fs=ext4
volume=$(field volume_id)
step "CreateVolume: $volume" <<TXT
EC2: $(sim_get "story/$volume" | tail -n 1)
TXT
call create demo-data --size=1GiB --type=gp3 --zone="$zone" --fs=ext4
[ "$(field volume_id)" = "$volume" ] || give_up "the same name gave another volume"
step "CreateVolume again, same name: the same volume" </dev/null

call publish "$volume" $me
device=$(field devicePath)
step "ControllerPublishVolume: attached to $me as $device" <<TXT
EC2: $(sim_get "story/$volume" | tail -n 1)
TXT

# What holds the staged file system: loop device, its backing file, mount options.
mount_proof() {
	local source file
	source=$(findmnt -no SOURCE --mountpoint "$1")
	file=$(losetup -nO BACK-FILE "$source" | sed 's|.*/||')
	[ "$file" = "$volume" ] || give_up "$source is backed by $file, not by $volume"
	echo "$source, backed by the file $file: $(findmnt -no FSTYPE,OPTIONS --mountpoint "$1" | tr -s ' ')"
}
staging=$work/staging
target=$work/pod/data
mount_it() {
	call stage "$volume" "$staging" --device="$device" --fs=ext4
	step "NodeStageVolume" < <(mount_proof "$staging")
	call publish-node "$volume" "$staging" "$target" --device="$device" --fs=ext4
	step "NodePublishVolume" < <(mount_proof "$target")
}
unmount_it() {
	call unpublish-node "$volume" "$target"
	[ ! -e "$target" ] || give_up "$target is still there"
	call unstage "$volume" "$staging"
	! findmnt --mountpoint "$staging" >/dev/null || give_up "$staging is still mounted"
	step "NodeUnpublishVolume, NodeUnstageVolume" <<<"nothing is mounted below $work"
}
detach_it() { # volume
	call unpublish "$1" $me
	step "ControllerUnpublishVolume: $1" < <(
		echo "EC2: $(sim_get "story/$1" | tail -n 1)"
		[ -z "$with_disks" ] ||
			echo "loop devices of it: $(losetup -nO BACK-FILE | grep -c "/$1\$")"
	)
}

if [ -n "$with_disks" ]; then
	mount_it
	head -c 16M /dev/urandom >"$target/file"
	sync -f "$target/file"
	written=$(sha256sum <"$target/file")
	step "16 MiB written and synced" <<<"sha256 ${written%% *}"
	call stats "$volume" "$target"
	step "NodeGetVolumeStats" < <(ctl stats "$volume" "$target")
	unmount_it
fi
detach_it "$volume"

# Another volume takes the device name meanwhile.
call create demo-other --size=1GiB --zone="$zone"
other=$(field volume_id)
call publish "$other" $me
step "another volume comes: $other as $(field devicePath)" </dev/null
old_device=$device
call publish "$volume" $me
device=$(field devicePath)
[ "$device" != "$old_device" ] || give_up "attached as $device again"
step "ControllerPublishVolume: $volume, now as $device" </dev/null
if [ -n "$with_disks" ]; then
	mount_it
	read_back=$(sha256sum <"$target/file")
	[ "$read_back" = "$written" ] || give_up "read back ${read_back%% *}"
	step "read back from the other device: the same" <<<"sha256 ${read_back%% *}"
	unmount_it
fi

detach_it "$volume"
detach_it "$other"
for v in "$volume" "$other"; do call delete "$v"; done
call delete "$volume"
[ -z "$(leaked_volumes)" ] || give_up "left in EC2: $(leaked_volumes)"
step "DeleteVolume, of one twice" <<<"no volume is left in EC2"

stop controller || give_up "the controller ended with status $?"
[ -z "$with_disks" ] || stop node || give_up "the node agent ended with status $?"
stop sim || true
[ "$(losetup -nO BACK-FILE 2>/dev/null | grep -c "^$work/")" = 0 ] || give_up "loop devices are left"
step "everything stopped, exit status 0" <<<"no process, mount or loop device is left; $work is removed now"
step_began=$began
step "in all" </dev/null
