#!/bin/bash
# in-host.sh RUN_DIR MARK COMMAND...: runs a command inside a lab host, in the foreground. TERM and INT reach the
# command; whatever kills this script kills the command too, and so does the end of the host.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/host-pid.sh"
host=$(host_pid "$1" "$2") || { echo "in-host: $2 is off" >&2; exit 75; }
shift 2

setpriv --pdeathsig KILL nsenter --target "$host" --mount --uts --ipc --net --pid --cgroup --wd="$PWD" \
  setpriv --pdeathsig KILL -- "$@" <&0 &
entered=$!
forward() { # nsenter's one child is the command
  local command=
  read -r command <"/proc/$entered/task/$entered/children" || true # that file ends without a newline
  [ -z "$command" ] || kill -"$1" "$command"
}
trap 'forward TERM' TERM
trap 'forward INT' INT

status=0
while :; do
  wait $entered && status=0 || status=$?
  kill -0 $entered 2>/dev/null || exit $status # else: only a signal interrupted the wait
done
