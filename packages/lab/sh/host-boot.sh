#!/bin/bash
# Boots one lab host and stays for as long as it lives: the supervisor's handle on it.
#
# The host is not killed with this script. A supervisor that died leaves its hosts running, as real hosts would be, and
# the next boot of the same host finds it alive and merely waits for its end again. TERM is the power button; every
# stop of a host is a power failure (SIGKILL to its PID 1, and the kernel kills whatever ran in it), so that coming back
# from one is the only way of coming back.
#
# Environment: HOST_MARK (instance/name), HOST_DIR, HOST_RUN_DIR, HOST_CGROUP, and what host-init.sh wants.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/host-pid.sh"
mkdir -p "$HOST_RUN_DIR"

exec 8>"$HOST_RUN_DIR/boot.lock"
flock 8

power_off() {
  local pid
  while pid=$(host_pid "$HOST_RUN_DIR" "$HOST_MARK"); do kill -KILL "$pid" 2>/dev/null || true; sleep 0.02; done
}
trap 'power_off; exit 0' TERM INT

if ! host_pid "$HOST_RUN_DIR" "$HOST_MARK" >/dev/null; then
  rm -f "$HOST_RUN_DIR/pid"
  exec 9</proc/self/ns/net # the way back to this machine's own network, for the host's uplink
  (
    # libvirt names its groups after domains, which would collide between hosts: each host is the root of its own tree.
    for hierarchy in cpu cpuacct cpuset memory devices freezer blkio; do
      group=/sys/fs/cgroup/$hierarchy/$HOST_CGROUP
      mountpoint -q "/sys/fs/cgroup/$hierarchy" || continue
      mkdir -p "$group"
      if [ $hierarchy = cpuset ]; then
        for level in "${group%/*}" "$group"; do
          cat /sys/fs/cgroup/cpuset/cpuset.cpus >"$level/cpuset.cpus"
          cat /sys/fs/cgroup/cpuset/cpuset.mems >"$level/cpuset.mems"
        done
        echo 1 >"$group/cgroup.clone_children"
      fi
      echo "$BASHPID" >"$group/cgroup.procs"
    done
    exec setsid unshare --net --mount --uts --ipc --pid --cgroup --fork "$here/host-init.sh" 8>&-
  ) </dev/null >>"$HOST_DIR/log/init.log" 2>&1 &
  booting=$!
  exec 9<&-
  until host_pid "$HOST_RUN_DIR" "$HOST_MARK" >/dev/null; do
    kill -0 $booting 2>/dev/null || { tail -n 5 "$HOST_DIR/log/init.log" >&2; exit 1; }
    sleep 0.02
  done
fi

if pid=$(host_pid "$HOST_RUN_DIR" "$HOST_MARK"); then
  tail --pid="$pid" --sleep-interval=0.2 -f /dev/null &
  wait $!
fi
echo "host-boot: $HOST_MARK is off" >&2
exit 1
