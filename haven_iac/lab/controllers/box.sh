#!/bin/sh
# Runs a container's program in a root of its own: box.sh ROOT [SOURCE TARGET]... -- COMMAND...; started in a new mount
# namespace.  Each source is seen at its target below the root, as a kubelet's mounts are.
set -eu
PATH=$PATH:/usr/sbin:/sbin
root=$1
shift
mount --make-rprivate /
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  shift 2
done
shift
exec chroot "$root" "$@"
