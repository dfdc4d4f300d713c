#!/bin/sh
# Puts the mirror's authority into the machine's own list, before anything is fetched.
set -eu
root=${HAVEN_IAC_ROOT:-}
given=$root/etc/haven-iac/mirror-ca.pem

if [ -d "$root/usr/local/share/ca-certificates" ]; then
  target=$root/usr/local/share/ca-certificates/haven-iac-mirror.crt
  update="update-ca-certificates"
else
  target=$root/etc/pki/ca-trust/source/anchors/haven-iac-mirror.crt
  update="update-ca-trust"
fi
if [ -f "$target" ] && cmp -s "$given" "$target"; then
  exit 0
fi
mkdir -p "${target%/*}"
cp "$given" "$target.new"
"$update" >/dev/null 2>&1 || true
mv "$target.new" "$target"
if ! "$update" >/dev/null; then
  rm -f "$target"
  echo "haven-iac: $update failed" >&2
  exit 1
fi
