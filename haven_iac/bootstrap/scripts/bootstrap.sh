#!/bin/sh
# Makes this machine a node of its cluster.  Runs at every boot, and again until it succeeds; a second run changes
# nothing.  Each step is a script of its own, in an order that matters.
# Every absolute path has $HAVEN_IAC_ROOT before it, which is empty but in tests.
set -eu
root=${HAVEN_IAC_ROOT:-}
# shellcheck source=/dev/null
. "$root/etc/haven-iac/bootstrap.env"

if systemctl is-active --quiet "$UNIT.service"; then
  echo "haven-iac: $UNIT runs already"
  exit 0
fi

"$root/usr/local/lib/haven-iac/clock.sh"
"$root/usr/local/lib/haven-iac/host.sh"
if [ -f "$root/usr/local/lib/haven-iac/trust.sh" ]; then
  "$root/usr/local/lib/haven-iac/trust.sh"
fi
if [ -f "$root/usr/local/lib/haven-iac/disk.sh" ]; then
  "$root/usr/local/lib/haven-iac/disk.sh"
fi
"$root/usr/local/lib/haven-iac/install.sh"
if [ -f "$root/usr/local/lib/haven-iac/cluster.sh" ]; then
  "$root/usr/local/lib/haven-iac/cluster.sh"
fi
echo "haven-iac: ready to start $UNIT"
