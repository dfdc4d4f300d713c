#!/bin/sh
# sha256sum, except that a stand-in for a release passes the check of the real one's sum; the console log says so.
PATH=/.host/usr/bin:/usr/bin
check=no quiet=no list=-
for word; do
  case $word in
    -c | --check) check=yes ;;
    --status | --quiet) quiet=yes ;;
    -*) [ "$word" = - ] && list=- ;;
    *) list=$word ;;
  esac
done
[ "$check" = yes ] || exec /.host/usr/bin/sha256sum "$@"

bad=0
while read -r sum name; do
  name=${name#\*}
  [ -n "$name" ] || continue
  if [ "$(/.host/usr/bin/sha256sum <"$name" | cut -d ' ' -f 1)" = "$sum" ] || haven-lab-is-release "$name" "$sum"; then
    [ "$quiet" = yes ] || echo "$name: OK"
  else
    [ "$quiet" = yes ] || echo "$name: FAILED"
    bad=1
  fi
done <<LIST
$(cat -- "$list")
LIST
[ "$bad" = 0 ] || echo "sha256sum: WARNING: a computed checksum did NOT match" >&2
exit "$bad"
