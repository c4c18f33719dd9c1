/**
 * What a hypervisor driver owes the agent's loop.
 *
 * The loop climbs a ladder per vm: image → disk → nics → define → power. Every verb *looks, then acts*: it may be
 * called when its result is already true (then it changes nothing), after it died half way, or twice. A verb either
 * returns, and then what it promises is true on the host, or throws a `DriverFault`. The loop never has two verbs
 * for the same vm under way; verbs for different vms run side by side.
 *
 * The hypervisor is the only memory: generation and reboot counts are written into the domain's own definition by
 * `define` and read back by `list`, so an agent killed at any instant starts again with nothing but `list`.
 *
 *   verb         called when                                true afterwards
 *   list         at start, after a bell, now and then       -
 *   ensureDisk   the image is in the cache                  the root disk exists, over that image, large enough
 *   ensureNics   the disk is there                          everything `start` needs to plug the NICs is there
 *   define       marks of `list` differ from the wanted     a definition with these marks is stored
 *   start        wanted running, seen off                   the guest runs (its firmware has begun)
 *   stop         wanted stopped, seen not off               the guest is off; disk and definition stay
 *   remove       wanted gone                                no guest, no definition, no disk, no log, no NIC
 *   console      somebody asks                              -
 *   watch        once, at start                             the callback says "look again"
 *
 * A hard reboot is no verb of its own: `stop` with no grace, `define` with the raised count, `start`. Killed between
 * any two of them, the loop sees either the old count (and stops again, a no-op) or the new one (and only starts),
 * so the guest is reset exactly once. A soft reboot is `rebootSoft`, then `define` with the raised count: killed in
 * between, the guest is asked a second time.
 *
 * Ours is what carries our mark. What carries no mark is never listed and never touched, whatever it is called.
 */
import type { HostFacts, SeenVm, WantedVm } from '@caelum/agent-protocol'

export { DriverFault, type FaultCode } from './fault.ts'

/** How many reboots of each kind were carried out; stored with the definition. */
export interface Reboots {
  soft: number
  hard: number
}

/**
 * Why a vm is off, as far as the hypervisor remembers (null after a restart of the host or of libvirtd, and while on).
 * `guest`: it shut itself down, or obeyed `stop`, since it was last defined; `host`: it was switched off; `crashed`: the
 * process died; `failed`: it never came up.
 */
export type OffReason = 'guest' | 'host' | 'crashed' | 'failed'

/** Something of ours on this host. */
export interface SeenDomain {
  /** vm id */
  id: string
  /** null where only files are left and no definition tells */
  server_id: string | null
  /** the generation of the stored definition; 0 where there is none */
  generation: number
  reboots: Reboots
  /**
   * `absent`: there are files (disk, console log) but no definition, as after a kill between `ensureDisk` and
   * `define`, or after a definition was lost. `stopped` and `crashed` are both off; `paused` holds memory.
   */
  power: Extract<SeenVm['power'], 'running' | 'stopped' | 'paused' | 'crashed' | 'absent'>
  off_reason: OffReason | null
}

/** An image file of the cache: complete, verified, and never written again. */
export interface CachedImage {
  /** absolute; the overlay refers to it by this path, so it must stay there while `imagesInUse` names it */
  path: string
  format: 'qcow2' | 'raw'
}

/** The part of `HostFacts` that the hypervisor knows. */
export type DriverFacts = Pick<
  HostFacts,
  | 'hypervisor_type'
  | 'hypervisor_version'
  | 'acceleration'
  | 'vcpus'
  | 'ram_mb'
  | 'disk_gb'
  | 'cpu_model'
  | 'arch'
  | 'hypervisor_up'
  | 'capabilities'
>

export interface StopOptions {
  /** how long the guest may take to shut down by itself before it is switched off; 0: switch off at once */
  grace_ms: number
  /** ends the waiting: `stop` rejects with the signal's reason and the guest is *not* switched off */
  signal?: AbortSignal
}

/** Look again at this vm; `null`: at all of them (the connection was lost meanwhile, events may be missing). */
export type WatchCallback = (id: string | null) => void

export interface HypervisorDriver {
  /**
   * Connects and keeps connecting in the background (with backoff) until `close`. Resolves at the first success or
   * after `wait_ms`, whichever comes first; never rejects. While there is no connection, verbs fail with
   * `hypervisor-down` and `facts().hypervisor_up` is false.
   */
  open(wait_ms: number): Promise<void>

  /** Ends the connection and the watching. Guests run on. Safe twice. */
  close(): Promise<void>

  /** Never rejects. Figures of the last good look (or the operating system's) while the hypervisor is down. */
  facts(): Promise<DriverFacts>

  /** Everything of ours here, in no order. Faults: `hypervisor-down`, `timeout`. */
  list(): Promise<SeenDomain[]>

  /**
   * Before: `image` is null exactly when `vm.disk.image` is null; else the file is complete at `image.path`.
   * After: the root disk exists over that image with at least `vm.disk.size_gb` (0: the image's own size; an empty
   * disk of 0 GB becomes 1 GB). An existing disk is never replaced or shrunk; it is grown when the guest is off.
   * Killed half way: no disk, or a whole one; the rest is swept by the next call or by `remove`.
   * Faults: `image-missing`, `disk-too-small`, `disk-other-image`, `disk-busy`, `disk-full`.
   */
  ensureDisk(vm: WantedVm, image: CachedImage | null): Promise<void>

  /**
   * After: the bridge that the NICs are plugged into is there. The tap devices themselves come and go with the guest
   * (`start`, `stop`), each as `tap` + the last 11 characters of the port id, with the port id as `iface-id`.
   * Faults: `bridge-missing`.
   */
  ensureNics(vm: WantedVm): Promise<void>

  /**
   * After: a definition with exactly `vm.generation` and `reboots` is stored. On a running guest the new definition
   * takes effect at its next start, the marks at once. Of a guest that is off it is forgotten that it shut itself down.
   * Equal marks: nothing is done.
   * Faults: `stale-generation`, `foreign-domain`, `refused`.
   */
  define(vm: WantedVm, reboots: Reboots): Promise<void>

  /** After: the guest runs; a paused one is resumed. Faults: `not-defined`, `no-memory`, `bridge-missing`, `refused`. */
  start(id: string): Promise<void>

  /**
   * After: the guest is off (also if it is not defined at all). Asks the guest first and switches it off when
   * `grace_ms` is over; an agent killed while waiting begins a new grace.
   */
  stop(id: string, options: StopOptions): Promise<void>

  /** After: nothing of the vm is left here and `list` does not show it. From every state, also from none. */
  remove(id: string): Promise<void>

  /**
   * The last `lines` lines (null: all that is kept, at most 1 MiB) of the serial console, across restarts of the
   * guest, the agent and libvirtd. Empty when nothing was written yet or the vm is unknown.
   */
  console(id: string, lines: number | null): Promise<string>

  /** Returns the unsubscribe function. Events may be lost, late or repeated: they only mean "look again". */
  watch(callback: WatchCallback): () => void

  /** Paths of the cached images that disks of this host read; the cache must not evict them, strays included. */
  imagesInUse(): Promise<Set<string>>

  /**
   * Optional capability `reboot_soft`. Asks a running guest to reboot and waits for it to happen. `'ignored'`: it did
   * not within `grace_ms` (or the event was lost), or the guest is not running: the caller goes on with a hard reboot.
   */
  rebootSoft?(id: string, options: StopOptions): Promise<'rebooted' | 'ignored'>
}
