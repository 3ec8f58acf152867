#!/usr/bin/env bash
# Runs a command where a real V4L2 driver is: Debian's kernel with `vivid`, a virtual camera, in an emulated machine.
# usage: tools/v4l2_vm.sh COMMAND [ARGUMENT...]
#
# QEMU boots the kernel by emulation (no KVM). The machine's root is this computer's file system, read-only below a
# scratch overlay: environments and checkouts have the same paths, and what the command writes is gone afterwards.
# /dev, /proc, /sys and /run are the machine's own. `vivid` provides /dev/video0 with its metadata node /dev/video1, and
# the multiplanar /dev/video2: Bayer and monochrome formats, YUV, controls, and the controls "Disconnect", "Inject Fatal
# Streaming Error" and "Percentage of Dropped Buffers" that inject faults. The second input of /dev/video0 is HDMI,
# whose signal changes with "DV Timings Signal Mode" and "DV Timings".
#
# The exit status is that of the command; 77 if the machine cannot be had, with the reason; 124 after V4L2_VM_SECONDS.
# Missing packages are installed as root. The kernel's package is downloaded once (70 MB) into V4L2_VM_CACHE.
set -euo pipefail
[ $# -gt 0 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
cache=${V4L2_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/groundglass/v4l2_vm}
seconds=${V4L2_VM_SECONDS:-300}
packages=(qemu-system-x86 busybox-static cpio kmod)
vivid='n_devs=2 node_types=0x20001,0x1 num_inputs=2,1 input_types=0xc,0x0 multiplanar=1,2'

skip() { echo "v4l2_vm: $1" >&2; exit 77; }

has_tools() {
    for tool in qemu-system-x86_64 busybox cpio depmod modprobe dpkg-deb; do
        command -v $tool >/dev/null || return 1
    done
}

install_tools() {
    [ "$(id -u)" -eq 0 ] || skip "needs QEMU: sudo apt-get install --no-install-recommends ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    echo "v4l2_vm: apt-get install ${packages[*]}" >&2
    install() { timeout 60 apt-get install --no-install-recommends -y -qq "${packages[@]}" >/dev/null 2>&1; }
    install || { timeout 40 apt-get update -qq >/dev/null 2>&1 && install; } ||
        skip "apt-get cannot install ${packages[*]}"
    has_tools || skip "the packages ${packages[*]} lack a tool"
}

# The kernel, and a tree of the initial file system with the modules in the order of their dependencies.
download_kernel() {
    local package version module
    mkdir -p "$(dirname "$cache")"
    work=$(mktemp -d "$cache.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    latest() { apt-cache depends linux-image-amd64 2>/dev/null | awk '!found && /Depends: linux-image-[0-9]/ {print $2; found = 1}'; }
    package=$(latest || true)
    [ -n "$package" ] || { timeout 40 apt-get update -qq >/dev/null 2>&1 && package=$(latest); } || true
    [ -n "$package" ] || skip "apt-get knows no kernel; run apt-get update on Debian for x86-64"
    timeout 90 apt-get download -qq "$package" >/dev/null 2>&1 || skip "the kernel $package cannot be downloaded"
    dpkg-deb -x linux-image-*.deb unpacked
    version=$(ls unpacked/lib/modules)
    depmod -b unpacked "$version"
    mkdir -p tree/{bin,proc,sys,dev,ro,rw,newroot,modules}
    cp "$(command -v busybox)" tree/bin/busybox
    for module in virtio_pci 9pnet_virtio 9p overlay vivid; do
        modprobe -d unpacked -S "$version" --show-depends $module | awk '/^insmod/ {print $2}'
    done | awk '!seen[$0]++' > order
    xargs -a order cp -t tree/modules/
    sed 's#.*/##' order > tree/modules/order
    mv unpacked/boot/vmlinuz-* kernel
    rm -rf unpacked linux-image-*.deb
    cd - >/dev/null
    chmod 755 "$work"
    mv -T "$work" "$cache" 2>/dev/null || true # another process was faster
}

[ "$(uname -sm)" = "Linux x86_64" ] || skip "needs Linux on x86-64"
command -v apt-get >/dev/null || skip "needs Debian's packages, through apt-get"
has_tools || install_tools
[ -f "$cache/kernel" ] || download_kernel

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$cache/tree" "$scratch/tree"
printf '%q ' "$@" > "$scratch/tree/command"
printf 'export PATH=%q HOME=%q PYTHONDONTWRITEBYTECODE=1\ncd %q\n' "$PATH" "$HOME" "$PWD" > "$scratch/tree/environment"
printf '%s\n' "$vivid" > "$scratch/tree/vivid"
cat > "$scratch/tree/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do
    [ "$module" = vivid.ko ] && insmod /modules/$module $(cat /vivid) || insmod /modules/$module
done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro root /ro
mount -t tmpfs rw /rw; mkdir -p /rw/upper /rw/work
mount -t overlay -o lowerdir=/ro,upperdir=/rw/upper,workdir=/rw/work overlay /newroot
mount --move /dev /newroot/dev; mount -t proc proc /newroot/proc; mount -t sysfs sys /newroot/sys
mkdir -p /newroot/run /newroot/dev/shm
mount -t tmpfs run /newroot/run; mount -t tmpfs shm /newroot/dev/shm
cp /environment /newroot/run/command; cat /command >> /newroot/run/command
echo; echo "v4l2_vm: begin"
chroot /newroot /bin/sh -c '. /run/command </dev/null'
echo "v4l2_vm: exit $?"
sync; poweroff -f
INIT
chmod +x "$scratch/tree/init"
(cd "$scratch/tree" && find . | cpio -o -H newc --quiet | gzip -1) > "$scratch/initrd"
timeout "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -cpu Nehalem -smp 2 -m "${V4L2_VM_MB:-2048}" \
    -nographic -no-reboot -kernel "$cache/kernel" -initrd "$scratch/initrd" \
    -append "console=ttyS0 quiet loglevel=0 panic=-1 mitigations=off nokaslr audit=0" \
    -virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap </dev/null 2>"$scratch/errors" |
    tr -d '\r' | sed -u '1,/^v4l2_vm: begin$/d' | tee "$scratch/log" | grep -v '^v4l2_vm: exit' || true
[ -s "$scratch/log" ] || skip "the machine did not boot within $seconds s$(sed '1s/^/: /;q' "$scratch/errors")"
status=$(sed -n 's/^v4l2_vm: exit \([0-9]*\)$/\1/p' "$scratch/log" | tail -n 1)
exit "${status:-124}"
