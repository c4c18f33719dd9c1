/**
 * One long-running process that a supervisor keeps alive: it starts `argv` in the foreground, waits until `ready()`
 * says true, starts it again when it ends, and stops it with `stop`. Everything the lab runs is described this way;
 * nothing daemonises itself.
 */
export type ProcessSpec = {
  /** unique within the instance, for logs and status: `ovn-nb`, `host-1` */
  name: string
  /** the first element is the program: absolute, or found in PATH */
  argv: string[]
  /** added to the supervisor's own environment */
  env?: Record<string, string>
  cwd?: string
  /** one cheap look, no waiting inside; true once others may depend on the process. Safe to call at any time. */
  ready(): Promise<boolean>
  /** whether it answers at all, whatever it says; one that did and does no more hangs. Without it nobody can tell. */
  alive?(): Promise<boolean>
  /** the signal that asks it to end; default SIGTERM */
  stop?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'
  /** where stdout and stderr belong; without it the supervisor chooses */
  logFile?: string
}
