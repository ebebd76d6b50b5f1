#!/bin/bash
# The node agent in a guest with hot-plugged NVMe disks: real serials, real kernel
# events, no loop devices.
set -eu

skip() {
	echo "# SKIP $*"
	exit 77
}

src=$(cd "${top_srcdir:-.}" && pwd)
build=$(cd "${top_builddir:-.}" && pwd)
for tool in qemu-system-x86_64 busybox dpkg apt-get mkfs.ext4; do
	command -v "$tool" >/dev/null || skip "$tool is missing (./dev deps installs it)"
done

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ebs-csid/kernel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A Debian cloud kernel has NVMe and ext4 built in; its package is unpacked, not
# installed.
kernel() {
	find "$cache/boot" -name "vmlinuz-*" 2>/dev/null | head -n 1
}
if [ -z "$(kernel)" ]; then
	package=$(apt-cache depends linux-image-cloud-amd64 |
		sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	[ -n "$package" ] || skip "no cloud kernel package is known to apt here"
	(cd "$work" && apt-get -qq download "$package" && dpkg -x ./*.deb unpacked && rm ./*.deb) ||
		skip "the package $package cannot be fetched"
	mkdir -p "$cache"
	cp -r "$work/unpacked/boot" "$cache/"
fi

# Sanitizers need more of the guest than it has; the plain build is what users run.
programs=${EBS_PLAIN_BUILD:-$build}
mkdir "$work/vm"
exec_args=()
for p in src/ebs-csid ebs-csid-helper src/ebs-csictl; do
	exec_args+=(--program "$programs/$p=/bin/${p##*/}")
done
python3 "$src/tests/qemu/vm.py" --kernel "$(kernel)" --init "$src/tests/qemu/nvme-guest.sh" \
	--work "$work/vm" --timeout 180 \
	--program "$(command -v busybox)=/bin/busybox" \
	--program "$(command -v mkfs.ext4)=/sbin/mkfs.ext4" \
	"${exec_args[@]}"
