#!/bin/sh
# Mounts the disk for etcd before anything starts.  A blank disk is formatted; one with our label is taken as it is, with
# the data of the server that was here before; anything else is left alone and stops the boot.
set -eu
root=${HAVEN_IAC_ROOT:-}
# shellcheck source=/dev/null
. "$root/etc/haven-iac/bootstrap.env"
label=haven-etcd
target=$DATA/server/db

if mountpoint -q "$root$target"; then
  exit 0
fi

# Which of the names a disk has depends on its bus.
there() {
  for disk in $ETCD_DISK; do
    [ -e "$root$disk" ] && return
  done
  return 1
}

tries=0
until [ -n "$(blkid -L "$label" || true)" ] || there; do
  tries=$((tries + 1))
  if [ "$tries" -gt 60 ]; then
    echo "haven-iac: the disk for etcd is not there: $ETCD_DISK" >&2
    exit 1
  fi
  sleep 2
done

if [ -z "$(blkid -L "$label" || true)" ]; then
  # 2 means: nothing that blkid knows.  Anything it does know is somebody's data.
  found=0
  blkid -p "$root$disk" >/dev/null 2>&1 || found=$?
  if [ "$found" -ne 2 ]; then
    echo "haven-iac: $disk holds something that is not ours; it is not formatted" >&2
    exit 1
  fi
  mkfs.ext4 -q -L "$label" "$root$disk"
fi

mkdir -p "$root$target"
touch "$root/etc/fstab"
if ! grep -q "^LABEL=$label " "$root/etc/fstab"; then
  # nofail: without the disk the machine still boots, so that somebody can look; the unit asks for the mount itself.
  echo "LABEL=$label $target ext4 noatime,nodev,nosuid,noexec,nofail,x-systemd.device-timeout=5min 0 2" >>"$root/etc/fstab"
  systemctl daemon-reload
fi
mount "$root$target"
# With nofail, mount says that all is well when it has not found the disk.
if ! mountpoint -q "$root$target"; then
  echo "haven-iac: the disk for etcd, $label, cannot be mounted" >&2
  exit 1
fi
chmod 0700 "$root$target"
