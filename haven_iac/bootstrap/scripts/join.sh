#!/bin/sh
# Installs the distribution and starts it; variables are written above by the renderer.
# The first server looks whether its cluster exists already: a rebuilt one joins, and never starts a second cluster.
set -eu

sysctl --system >/dev/null
getent passwd etcd >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin etcd

if [ "$FIRST" = yes ]; then
  tries=0
  while [ "$tries" -lt 24 ]; do
    if curl --silent --insecure --max-time 5 "$JOIN/cacerts" | cmp -s - "$AUTHORITY"; then
      mkdir -p "$SETTINGS/config.yaml.d"
      printf '{"server": "%s"}\n' "$JOIN" >"$SETTINGS/config.yaml.d/join.yaml"
      break
    fi
    tries=$((tries + 1))
    sleep 5
  done
fi

curl --silent --show-error --fail --location --retry 5 "$INSTALLER" -o /run/install-kubernetes.sh
if [ "$DISTRIBUTION" = rke2 ]; then
  INSTALL_RKE2_CHANNEL="$CHANNEL" INSTALL_RKE2_TYPE="$TYPE" sh /run/install-kubernetes.sh
else
  INSTALL_K3S_CHANNEL="$CHANNEL" INSTALL_K3S_SKIP_START=true sh /run/install-kubernetes.sh "$TYPE"
fi
systemctl enable "$UNIT"
systemctl start --no-block "$UNIT"
