# host_pid RUN_DIR MARK: prints the process id, as this machine sees it, of a living host's PID 1; false when it is off.
# The file alone proves nothing (process ids are reused): the process must carry the host's mark.
host_pid() {
  local pid
  read -r pid 2>/dev/null <"$1/pid" || return 1
  grep -qzx "HOST_MARK=$2" "/proc/$pid/environ" 2>/dev/null || return 1
  echo "$pid"
}
