#!/bin/sh
# Sets the clock before the first start: certificates are compared with it, and a server whose files look newer than its
# cluster's does not start.  Waits a minute at most: a network without time servers must not stop a node.
set -eu
command -v timedatectl >/dev/null || exit 0

timedatectl set-ntp true || true
for service in chrony.service systemd-timesyncd.service; do
  if systemctl is-active --quiet "$service"; then
    systemctl restart "$service" || true
    break
  fi
done

tries=0
until [ "$(timedatectl show --property=NTPSynchronized --value)" = yes ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 30 ]; then
    echo "haven-iac: the clock is not synchronised after a minute; going on"
    exit 0
  fi
  sleep 2
done
