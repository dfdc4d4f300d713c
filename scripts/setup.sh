# Set-up that ./haven-iac and ./test share; sourced by them. Wants: root (the project's folder), extra ("" or "dev").
# Makes .venv and installs what constraints.txt pins, only when something changed since; interrupted, it starts again.

say() { printf '%s\n' "$*" >&2; }

stop() {
  say "haven-iac: $1"
  [ -z "${2:-}" ] || say "  $2"
  exit 9
}

# What an install depends on: the lists of packages, the place of the project, and the interpreter.
wanted_stamp() {
  { cat "$root/pyproject.toml" "$root/constraints.txt"; printf '%s' "$root"; readlink -f "$root/.venv/bin/python"; } 2>/dev/null | cksum
}

installed() {
  stamp="" && [ -x "$root/.venv/bin/haven-iac" ] && read -r stamp 2>/dev/null <"$root/.venv/.installed${extra:+-$extra}" &&
    [ "$stamp" = "$(wanted_stamp)" ]
}

find_python() {
  set -- python3 python3.11 python3.12 python3.13 python3.14
  [ -z "${HAVEN_PYTHON:-}" ] || set -- "$HAVEN_PYTHON"
  for python; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
  done
  [ -z "${HAVEN_PYTHON:-}" ] || stop "HAVEN_PYTHON is $HAVEN_PYTHON, which is no Python 3.11 or newer" "correct it, or unset it"
  stop "no Python 3.11 or newer was found" "apt-get install python3 python3-venv, or set HAVEN_PYTHON to one"
}

make_venv() {
  find_python
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    stop "$python cannot make virtual environments" "apt-get install python3-venv"
  "$python" -m venv --clear .venv >>"$log" 2>&1 || failed "$python -m venv .venv failed"
}

failed() {
  tail -n 8 "$log" >&2
  stop "$1" "the whole log is $log; check that your package index (pip config list) can be reached, and run again"
}

# Where an environment of ours was made, and with what; a moved one has to be made again.
place() { printf '%s %s\n' "$root" "$(readlink -f .venv/bin/python)"; }

usable() {
  .venv/bin/python -m pip --version >>"$log" 2>&1 && { [ ! -e .venv/.place ] || [ "$(cat .venv/.place)" = "$(place)" ]; }
}

install() (
  cd "$root" || exit 9
  began=$(date +%s)
  # A dev install stays one: ./haven-iac after ./test takes nothing away.
  [ ! -e .venv/.installed-dev ] || extra=dev
  log="$root/.venv.log"
  : >"$log" 2>/dev/null || stop "$root cannot be written" "clone the project into a folder of your own"
  say "haven-iac: installing Python packages into .venv, from your package index; about half a minute, once"
  rm -f .venv/.installed .venv/.installed-dev
  if ! usable; then
    make_venv
    place >.venv/.place
  fi
  # The pins hold for building the project itself too; newer pips read the second name.
  PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
    .venv/bin/python -m pip install --quiet --editable ".[openstack${extra:+,$extra}]" >>"$log" 2>&1 ||
    failed "installing the Python packages failed"
  # pip compiles what it copies, and so not us; a start is a third quicker with it, also where none may be written later.
  .venv/bin/python -m compileall -q haven_iac >>"$log" 2>&1 || :
  stamp=$(wanted_stamp)
  printf '%s\n' "$stamp" >.venv/.installed
  [ -z "$extra" ] || printf '%s\n' "$stamp" >".venv/.installed-$extra"
  rm -f "$log"
  say "haven-iac: installed in $(($(date +%s) - began)) s"
)

if ! installed; then
  # One at a time: the project's folder itself is the lock; it is free again when this process ends or is killed.
  exec 9<"$root"
  if command -v flock >/dev/null && ! flock -n 9; then
    say "haven-iac: another process is installing; waiting for it"
    flock 9
  fi
  installed || install || exit $?
  exec 9<&-
fi
