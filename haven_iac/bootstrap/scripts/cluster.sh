#!/bin/sh
# On the first server: does its cluster exist already?  Then it joins; a second cluster with the same authority would not
# be noticed, and the load balancer would mix the two.  Only when nobody answers, and nothing says that the cluster exists,
# it starts one.  Once its etcd has data it is told to join for good, so that no later loss of them starts another one.
#
#   data of etcd on disk                     -> go on, and only join from now on
#   somebody answers with our authority      -> join
#   somebody answers with another authority  -> never start; look again
#   the marker says that the cluster exists  -> never start; look again
#   the marker cannot be read                -> never start; look again
#   the marker says that it does not         -> start
#   no marker, and our authority is young    -> look twice, start
#   no marker, and our authority is old      -> look for PATIENCE seconds, start
set -eu
root=${HAVEN_IAC_ROOT:-}
# shellcheck source=/dev/null
. "$root/etc/haven-iac/bootstrap.env"
own=$root$AUTHORITY
joined=$root$SETTINGS/config.yaml.d/50-haven-iac-join.yaml
answers=$root/run/haven-iac-answers

# join URL: from now on this server only joins.
join() {
  mkdir -p "${joined%/*}"
  (
    umask 077
    printf '"server": "%s"\n"token": "%s"\n' "$1" "$(cat "$root/etc/haven-iac/join-token")" >"$joined.new"
  )
  mv "$joined.new" "$joined"
}

# last_certificate FILE: the root, which stays the same when the authorities below it are renewed.
last_certificate() {
  awk '/-----BEGIN CERTIFICATE-----/ { body = "" } { body = body $0 "\n" } END { printf "%s", body }' "$1"
}

# who URL FILE: prints ours, other or nobody.
who() {
  if ! curl --silent --fail --insecure --noproxy '*' --connect-timeout 3 --max-time 5 --output "$2" "$1/cacerts" ||
    ! grep -q -- '-----BEGIN CERTIFICATE-----' "$2"; then
    echo nobody
  elif [ "$(last_certificate "$2")" = "$(last_certificate "$own")" ]; then
    echo ours
  else
    echo other
  fi
}

# look: asks all addresses at once, because each that does not exist takes seconds to say so.
look() {
  rm -rf "$answers"
  mkdir -p "$answers"
  number=0
  for url in $JOIN; do
    number=$((number + 1))
    who "$url" "$answers/$number.pem" >"$answers/$number" &
  done
  wait
}

# marker: prints exists, new, unknown, or none without a marker.
marker() {
  if [ -z "$MARKER" ]; then
    echo none
    return
  fi
  : >"$answers/marker"
  status=$(curl --silent --noproxy '*' --connect-timeout 3 --max-time 10 --output "$answers/marker" --write-out '%{http_code}' \
    --config "$root$MARKER") || status=000
  if [ "$status" = 200 ] && grep -qF -- "$MARKER_TEXT" "$answers/marker"; then
    echo exists
  elif [ "$status" = 200 ] || [ "$status" = 404 ]; then
    echo new
  else
    echo unknown
  fi
}

# young: whether our authority was made so recently that its cluster must be new.
young() {
  made=$(openssl x509 -noout -startdate -in "$own" 2>/dev/null) || return 1
  made=$(date -d "${made#notBefore=}" +%s 2>/dev/null) || return 1
  [ $(($(date +%s) - made)) -lt "$FRESH" ]
}

if [ -f "$joined" ]; then
  exit 0
fi
if [ -d "$root$DATA/server/db/etcd/member" ]; then
  join "${JOIN%% *}"
  exit 0
fi

limit=$PATIENCE
if young; then
  limit=5
fi
waited=0
while :; do
  other=
  look
  number=0
  for url in $JOIN; do
    number=$((number + 1))
    case $(cat "$answers/$number") in
      ours)
        echo "haven-iac: the cluster answers at $url; joining it"
        join "$url"
        exit 0
        ;;
      other) other=$url ;;
    esac
  done
  known=$(marker)
  if [ -n "$other" ]; then
    why="$other answers with another authority"
  elif [ "$known" = exists ]; then
    why="the cluster exists, but nobody answers"
  elif [ "$known" = unknown ]; then
    why="it cannot be read whether the cluster exists"
  elif [ "$known" = new ] || [ "$waited" -ge "$limit" ]; then
    echo "haven-iac: nobody answers; starting the cluster"
    exit 0
  else
    why=
  fi
  if [ "$waited" -ge "$limit" ]; then
    echo "haven-iac: $why; not starting a second cluster" >&2
    exit 1
  fi
  sleep 5
  waited=$((waited + 5))
done
