/**
 * Does KVM really run guests here? `/dev/kvm` may exist, open and answer every ioctl, while its guests hang for ever
 * (nested virtualisation in software). So a guest is booted: SeaBIOS, then a boot sector of nine bytes that writes to
 * QEMU's exit device. Only its exit status within the time counts as yes; everything else means TCG.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const KVM_DEVICE = '/dev/kvm'
const BOOT_LIMIT_MS = 3_000
/** isa-debug-exit makes QEMU exit with (value << 1) | 1 */
const EXIT_VALUE = 0x10
const BOOTED = (EXIT_VALUE << 1) | 1
const EXIT_PORT = 0xf4

/** mov dx, 0xf4; mov al, 0x10; out dx, al; hlt; jmp $-1 */
const bootSector = (): Buffer => {
  const sector = Buffer.alloc(512)
  Buffer.from([0xba, EXIT_PORT, 0x00, 0xb0, EXIT_VALUE, 0xee, 0xf4, 0xeb, 0xfd]).copy(sector)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

export interface AccelerationProbe {
  acceleration: 'kvm' | 'tcg'
  /** for an operator's eyes */
  why: string
}

export interface ProbeOptions {
  qemu?: string
  limitMs?: number
}

/** Boots the tiny guest under `accelerator`; never takes longer than `limitMs`, never rejects. */
export const bootsUnder = async (
  accelerator: 'kvm' | 'tcg',
  { qemu = 'qemu-system-x86_64', limitMs = BOOT_LIMIT_MS }: ProbeOptions = {},
): Promise<{ boots: boolean; why: string }> => {
  const dir = await mkdtemp(join(tmpdir(), 'caelum-probe-'))
  const disk = join(dir, 'boot.img')
  const started = performance.now()
  try {
    await writeFile(disk, bootSector())
    const child = spawn(
      qemu,
      [
        ...[
          '-accel',
          accelerator,
          '-machine',
          'pc',
          '-m',
          '16',
          '-nodefaults',
          '-display',
          'none',
          '-no-reboot',
        ],
        ...['-device', `isa-debug-exit,iobase=${EXIT_PORT},iosize=4`],
        ...['-drive', `file=${disk},format=raw,if=ide`],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' },
    )
    let words = ''
    child.stderr.on('data', (chunk: Buffer) => {
      words += chunk
    })
    const code = await new Promise<number | string | null>(resolve => {
      child.once('error', error => resolve(error.message))
      child.once('exit', resolve)
    })
    const took = Math.round(performance.now() - started)
    if (code === BOOTED) return { boots: true, why: `a guest booted under ${accelerator} in ${took} ms` }
    if (code === null) return { boots: false, why: `a guest under ${accelerator} hung for ${took} ms` }
    return {
      boots: false,
      why: `QEMU under ${accelerator} ended with ${code}: ${words.trim().slice(0, 300)}`,
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Asks again every time; takes up to `limitMs` (3 s) where KVM is broken, no time where there is none. */
export const probeAcceleration = async (options: ProbeOptions = {}): Promise<AccelerationProbe> => {
  if (!(await stat(KVM_DEVICE).catch(() => null))) return { acceleration: 'tcg', why: `no ${KVM_DEVICE}` }
  const { boots, why } = await bootsUnder('kvm', options)
  return { acceleration: boots ? 'kvm' : 'tcg', why }
}

/**
 * The answer remembered in `cacheFile` for as long as this boot of the machine lasts and `/dev/kvm` stays the same
 * device; a cache that cannot be read or written only costs the time.
 */
export const cachedAcceleration = async (
  cacheFile: string,
  options: ProbeOptions = {},
): Promise<AccelerationProbe> => {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const device = await stat(KVM_DEVICE).catch(() => null)
  const key = `${bootId.trim()} ${device ? `${device.rdev} ${device.ctimeMs}` : 'none'}`
  const cached = await readFile(cacheFile, 'utf8')
    .then(text => JSON.parse(text) as AccelerationProbe & { key: string })
    .catch(() => null)
  if (cached?.key === key) return { acceleration: cached.acceleration, why: cached.why }
  const probe = await probeAcceleration(options)
  const draft = `${cacheFile}.${process.pid}`
  await writeFile(draft, JSON.stringify({ key, ...probe }))
    .then(() => rename(draft, cacheFile))
    .catch(() => undefined)
  return probe
}
