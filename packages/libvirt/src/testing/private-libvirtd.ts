/**
 * A real libvirtd for tests, alone in its own mount, network, UTS, IPC and PID namespaces: private /run, /etc/libvirt,
 * /var/lib/libvirt and /dev (without /dev/kvm: a libvirt that sees an unusable one probes QEMU again at every call),
 * virtlogd beside it, optionally Open vSwitch (userspace datapath) with a bridge `br-int`. Everything it leaves lies
 * in `dir`; ending the `unshare` process ends every process inside. Needs root.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const UP_WITHIN_MS = 60_000

const INSIDE = String.raw`
set -eu
mount --make-rprivate /
mount -t sysfs sysfs /sys
mkdir -p "$DIR/dev" "$DIR/socket"
mount -t tmpfs -o mode=755,size=1m dev "$DIR/dev"
for n in null zero full random urandom tty; do cp -a /dev/$n "$DIR/dev/"; done
mkdir -p "$DIR/dev/net" "$DIR/dev/pts" "$DIR/dev/shm"
cp -a /dev/net/tun "$DIR/dev/net/"
ln -s /proc/self/fd "$DIR/dev/fd"; ln -s pts/ptmx "$DIR/dev/ptmx"
mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts "$DIR/dev/pts"
mount --move "$DIR/dev" /dev
for d in /run /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
  mkdir -p $d; mount -t tmpfs -o mode=755 private $d
done
mkdir -p /run/lock /etc/libvirt/qemu
printf '%s\n' 'user = "root"' 'group = "root"' 'dynamic_ownership = 0' 'remember_owner = 0' 'security_driver = "none"' \
  'namespaces = []' 'seccomp_sandbox = 0' 'cgroup_controllers = []' > /etc/libvirt/qemu.conf
printf '%s\n' "unix_sock_dir = \"$DIR/socket\"" 'auth_unix_rw = "none"' 'unix_sock_rw_perms = "0700"' \
  'log_outputs = "3:stderr"' > /etc/libvirt/libvirtd.conf
ip link set lo up
if [ "$OVS" = 1 ]; then
  mkdir -p /run/openvswitch "$DIR/openvswitch"
  mount --bind "$DIR/openvswitch" /run/openvswitch
  ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
  ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile --detach -vconsole:off --no-chdir
  ovs-vsctl --no-wait init
  ovs-vswitchd --pidfile --detach -vconsole:off --no-chdir
  ovs-vsctl add-br br-int -- set bridge br-int datapath_type=netdev
fi
virtlogd -d
trap : CHLD
while :; do
  [ -e "$DIR/hold" ] || { libvirtd >> "$DIR/libvirtd.log" 2>&1 & echo $! > "$DIR/libvirtd.pid"; wait $! || true; }
  sleep 0.05
done
`

export class PrivateLibvirtd {
  readonly dir: string
  readonly socketPath: string
  /** reachable from outside the namespaces too */
  readonly ovsdb: string
  private readonly process: ChildProcess

  private constructor(dir: string, process: ChildProcess) {
    this.dir = dir
    this.socketPath = join(dir, 'socket', 'libvirt-sock')
    this.ovsdb = `unix:${join(dir, 'openvswitch', 'db.sock')}`
    this.process = process
  }

  static async start(options: { ovs?: boolean } = {}): Promise<PrivateLibvirtd> {
    const dir = await mkdtemp(join(tmpdir(), 'caelum-libvirtd-'))
    const flags = ['-n', '-m', '-u', '-i', '-p', '--fork', '--kill-child', '--mount-proc']
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DIR: dir, OVS: options.ovs ? '1' : '0' }
    const child = spawn('unshare', [...flags, 'bash', '-c', INSIDE], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let words = ''
    child.stderr.on('data', (chunk: Buffer) => {
      words += chunk
    })
    const host = new PrivateLibvirtd(dir, child)
    const deadline = Date.now() + UP_WITHIN_MS
    while (!(await host.socketExists())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await host.stop()
        throw new Error(`libvirtd did not come up: ${words}`)
      }
      await delay(20)
    }
    return host
  }

  /** Runs a command inside the namespaces. */
  async exec(command: string, ...args: string[]): Promise<string> {
    const init = (
      await readFile(`/proc/${this.process.pid}/task/${this.process.pid}/children`, 'utf8')
    ).trim()
    const { stdout } = await run('nsenter', [
      '-t',
      init,
      '-m',
      '-n',
      '-u',
      '-i',
      '-p',
      '--',
      command,
      ...args,
    ])
    return stdout
  }

  /** Sends a signal to libvirtd alone; guests run on. After its death it is started again, unless `hold`. */
  async signal(signal: 'KILL' | 'STOP' | 'CONT', hold = false): Promise<void> {
    if (hold) await this.exec('touch', join(this.dir, 'hold'))
    await this.exec('kill', `-${signal}`, (await readFile(join(this.dir, 'libvirtd.pid'), 'utf8')).trim())
  }

  async release(): Promise<void> {
    await rm(join(this.dir, 'hold'), { force: true })
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = new Promise(resolve => this.process.once('exit', resolve))
      this.process.kill('SIGKILL')
      await ended
    }
    await rm(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  private async socketExists(): Promise<boolean> {
    return stat(this.socketPath).then(
      () => true,
      () => false,
    )
  }
}
