#!/bin/sh
# Prepares the machine: no swap, the user that etcd runs as, kernel settings, folders, no second firewall.
set -eu
root=${HAVEN_IAC_ROOT:-}
# shellcheck source=/dev/null
. "$root/etc/haven-iac/bootstrap.env"

swapoff -a || true
if [ -f "$root/etc/fstab" ] && grep -Eq '^[^#][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' "$root/etc/fstab"; then
  sed -E 's/^([^#][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]])/# haven-iac: \1/' "$root/etc/fstab" >"$root/etc/fstab.new"
  cat "$root/etc/fstab.new" >"$root/etc/fstab"
  rm "$root/etc/fstab.new"
fi

if [ "$SERVER" = yes ]; then
  getent group etcd >/dev/null || groupadd --system etcd
  getent passwd etcd >/dev/null || useradd --system --gid etcd --no-create-home --shell /usr/sbin/nologin etcd
  mkdir -p "$root$DATA/server/tls" "$root$AUDIT"
  chmod 0700 "$root$DATA/server" "$root$DATA/server/tls" "$root$AUDIT"
fi

# Written by cloud-init after the boot had loaded the others.
systemctl restart systemd-sysctl.service

if systemctl is-active --quiet ufw.service; then
  systemctl disable --now ufw.service
fi
command -v apparmor_parser >/dev/null || echo "haven-iac: no apparmor_parser here: pods run without AppArmor"

# Pods never reach the metadata service, whose user data hold a token; pods on the host's own network do.
if command -v iptables >/dev/null; then
  iptables -w -t raw -C PREROUTING -s "$PODS" -d 169.254.169.254/32 -j DROP 2>/dev/null ||
    iptables -w -t raw -I PREROUTING -s "$PODS" -d 169.254.169.254/32 -j DROP
fi
