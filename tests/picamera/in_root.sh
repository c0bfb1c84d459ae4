#!/usr/bin/env bash
# in_root.sh ROOT COMMAND...: runs a command in a root made by make_root.sh. Camera buffers need devices that most kernels
# do not have; libcamera only checks that they exist, and virtualcamera.py does without them.
set -euo pipefail
exec unshare --mount bash -c '
set -e
root=$1 && shift
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs tmpfs "$root/dev"
mkdir "$root/dev/dma_heap" "$root/dev/shm"
touch "$root/dev/udmabuf" "$root/dev/dma_heap/linux,cma"
for device in null zero urandom; do touch "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"; done
# Allocations are cleared because the virtual pipeline of libcamera 0.4 leaves the status of its frames uninitialised.
exec chroot "$root" env -i PATH=/usr/bin:/bin HOME=/tmp LANG=C.UTF-8 PYTHONPATH=/opt/site \
	GLIBC_TUNABLES=glibc.malloc.perturb=255:glibc.malloc.tcache_count=0 "$@"
' in_root.sh "$@"
