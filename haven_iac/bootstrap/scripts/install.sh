#!/bin/sh
# Fetches one exact release, checks it, and unpacks it.  Nothing from the network is run before its checksum fits.
set -eu
root=${HAVEN_IAC_ROOT:-}
# shellcheck source=/dev/null
. "$root/etc/haven-iac/bootstrap.env"
stamp=$root/etc/haven-iac/installed
work=$root/var/lib/haven-iac

if [ -x "$root/usr/local/bin/$DISTRIBUTION" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$RELEASE" ]; then
  exit 0
fi

case $(uname -m) in
  x86_64) arch=amd64 expected=$SUM_AMD64 ;;
  aarch64 | arm64) arch=arm64 expected=$SUM_ARM64 ;;
  *)
    echo "haven-iac: $DISTRIBUTION has no release for $(uname -m)" >&2
    exit 1
    ;;
esac
case $DISTRIBUTION-$arch in
  rke2-*) file=rke2.linux-$arch.tar.gz ;;
  k3s-amd64) file=k3s ;;
  *) file=k3s-$arch ;;
esac

# fetch URL FILE: tries for about five minutes; the unit then starts over.
fetch() {
  tries=0
  until curl --silent --show-error --fail --location --proto '=https' --connect-timeout 10 --max-time 900 \
    --output "$2.part" "$1"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ]; then
      echo "haven-iac: $1 cannot be fetched" >&2
      exit 1
    fi
    sleep 10
  done
  mv "$2.part" "$2"
}

mkdir -p "$work"
chmod 0700 "$work"
if [ -z "$expected" ]; then
  fetch "$SOURCE/sha256sum-$arch.txt" "$work/sums"
  while read -r sum name; do
    if [ "${name#\*}" = "$file" ]; then
      expected=$sum
    fi
  done <"$work/sums"
  if [ -z "$expected" ]; then
    echo "haven-iac: $SOURCE/sha256sum-$arch.txt does not name $file" >&2
    exit 1
  fi
fi
fetch "$SOURCE/$file" "$work/$file"
if ! echo "$expected  $work/$file" | sha256sum -c - >/dev/null 2>&1; then
  rm -f "$work/$file" "$work/sums"
  echo "haven-iac: $SOURCE/$file does not have the checksum $expected; nothing was installed" >&2
  exit 1
fi

mkdir -p "$root/usr/local/bin"
if [ "$DISTRIBUTION" = rke2 ]; then
  tar -xzf "$work/$file" -C "$root/usr/local"
else
  cp "$work/$file" "$root/usr/local/bin/k3s.new"
  chmod 0755 "$root/usr/local/bin/k3s.new"
  mv "$root/usr/local/bin/k3s.new" "$root/usr/local/bin/k3s"
fi
rm -rf "$work"
systemctl daemon-reload
echo "$RELEASE" >"$stamp"
echo "haven-iac: installed $DISTRIBUTION $RELEASE"
