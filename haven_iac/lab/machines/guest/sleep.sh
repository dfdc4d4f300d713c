#!/bin/sh
# Sleeps, by the machine's own quick clock: SPEED is how many seconds pass on it in one.
speed=$(cat /.lab/speed)
# Debian's awk is a link through /etc/alternatives, which leads nowhere in a machine's root.
for awk in /.host/usr/bin/mawk /.host/usr/bin/gawk /.host/usr/bin/awk; do
  [ ! -x "$awk" ] || break
done
exec /.host/usr/bin/sleep "$("$awk" -v speed="$speed" 'BEGIN {
  for (i = 1; i < ARGC; i++) {
    factor["s"] = 1; factor["m"] = 60; factor["h"] = 3600; factor["d"] = 86400
    unit = substr(ARGV[i], length(ARGV[i]))
    total += (unit in factor) ? substr(ARGV[i], 1, length(ARGV[i]) - 1) * factor[unit] : ARGV[i]
  }
  printf "%.3f", total / speed
}' "$@")"
