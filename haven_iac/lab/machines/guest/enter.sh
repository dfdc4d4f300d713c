#!/bin/sh
# Runs a command in a scratch root: enter.sh ROOT TEMPLATE VOLUMES COMMAND...; started in new mount, process and network
# namespaces.  The system's programs and libraries are there read-only; kernel settings and devices are out of reach.
set -eu
root=$1 template=$2 volumes=$3
shift 3
mount --make-rprivate /

# place SOURCE TARGET: read-only, below the root.
place() {
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro,nosuid "$root$2" 2>/dev/null || mount -o remount,bind,ro "$root$2"
}

mount --bind "$root" "$root"
place /usr /.host/usr
for folder in lib lib32 lib64 libexec share; do
  [ ! -d "/usr/$folder" ] || place "/usr/$folder" "/usr/$folder"
done
place "$template" /.lab
mount --bind "$volumes" "$root/.volumes"
place "$template/bin" /usr/bin
place "$template/sbin" /usr/sbin
for device in null zero full random urandom tty; do
  [ ! -e "/dev/$device" ] || mount --bind "/dev/$device" "$root/dev/$device"
done
if mount -t proc proc "$root/proc" 2>/dev/null; then
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
  [ ! -e "$root/proc/sysrq-trigger" ] || mount --bind /dev/null "$root/proc/sysrq-trigger"
fi
ip link set lo up 2>/dev/null || true

keep=+chown,+dac_override,+fowner,+fsetid,+setgid,+setuid,+kill
exec chroot "$root" /.host/usr/bin/setpriv --bounding-set="-all,$keep" --inh-caps=-all -- \
  /.host/usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
