#!/bin/busybox sh
# shellcheck shell=dash
# First program of the guest: the node agent against NVMe disks that come and go
# as on an EC2 instance. Wishes to the host go to the console, see vm.py.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs tmp /tmp
/bin/busybox --install -s /bin
export PATH=/bin:/sbin

A=vol-0123456789abcdef0
B=vol-0fedcba9876543210
SOCK=unix:///tmp/csi.sock
IMAGES=$(sed 's/.*images=\([^ ]*\).*/\1/' /proc/cmdline)
passed=0

stty -F /dev/ttyS1 raw -echo
exec 3<>/dev/ttyS1

finish() {
	echo "HOST done $1"
	poweroff -f
}
fail() {
	echo "not ok: $*"
	cat /tmp/node.log
	finish 1
}
ok() {
	passed=$((passed + 1))
	echo "ok $passed - $*"
}
wish() {
	echo "HOST $*"
	read -r answer <&3
	[ "$answer" = ok ] || fail "wish $*: $answer"
}
serial() { echo "$1" | tr -d -; }
plug() { wish plug "$1" "$(serial "$2")" "$IMAGES/$2" 67108864; }
ctl() { ebs-csictl --endpoint="$SOCK" --timeout=60s "$@"; }
stage() { ctl stage "$1" "/tmp/stage-$1" --fs=ext4 --device="$2"; }
wait_gone() { while [ -b "$1" ]; do usleep 20000; done; }

AWS_INSTANCE_ID=i-0123456789abcdef0 AWS_INSTANCE_TYPE=m5.large \
AWS_AVAILABILITY_ZONE=us-east-1a AWS_REGION=us-east-1 \
AWS_EC2_METADATA_DISABLED=true \
	ebs-csid node --endpoint="$SOCK" --metadata-sources=env -v=4 >/tmp/node.log 2>&1 &
until ctl probe >/dev/null 2>&1; do usleep 50000; done
ctl info || fail "info"
ok "the node agent serves"

# The call comes before the disk: its arrival is a kernel event.
stage $A /dev/xvdba >/tmp/stage.out 2>&1 &
waiter=$!
plug d1 $A
wait $waiter || fail "stage while the disk arrives: $(cat /tmp/stage.out)"
mkdir -p /tmp/pods
ctl publish-node $A /tmp/stage-$A /tmp/pods/a --fs=ext4 --device=/dev/xvdba || fail "publish"
grep -q '^/dev/nvme0n1 /tmp/pods/a ext4' /proc/mounts || fail "mounted: $(cat /proc/mounts)"
ok "stage waits for a disk that is hot-plugged, and takes it by its serial"

echo "kept on the volume" >/tmp/pods/a/file
sync
ctl stats $A /tmp/pods/a || fail "stats"
ctl unpublish-node $A /tmp/pods/a || fail "unpublish"
ctl unstage $A /tmp/stage-$A || fail "unstage"
wish unplug d1
wait_gone /dev/nvme0n1

# Another volume takes the name the first one had; its own disk comes second.
plug d2 $B
until [ -b /dev/nvme0n1 ]; do usleep 20000; done
plug d3 $A
until [ -b /dev/nvme1n1 ]; do usleep 20000; done
stage $A /dev/nvme0n1 || fail "stage behind another name"
grep -q "^/dev/nvme1n1 /tmp/stage-$A ext4" /proc/mounts || fail "mounted: $(cat /proc/mounts)"
[ "$(cat /tmp/stage-$A/file)" = "kept on the volume" ] || fail "the file has changed"
ok "a volume is found at another name than the one it is said to have"

cmp -n 1048576 /dev/nvme0n1 /dev/zero || fail "the other volume was written to"
ok "the volume behind the given name was not touched"

wish unplug d3
wait_gone /dev/nvme1n1
ctl unstage $A /tmp/stage-$A || fail "unstage of a mount whose disk is gone"
grep -q /tmp/stage- /proc/mounts && fail "still mounted: $(cat /proc/mounts)"
ok "a mount whose disk was pulled can be unstaged"

[ "$(ls /proc/"$(pidof ebs-csid)"/task | wc -l)" = 1 ] || fail "more than one thread"
ok "one thread"
finish 0
