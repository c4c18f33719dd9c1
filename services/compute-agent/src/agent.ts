/**
 * The agent of one host: hello, then three loops side by side: poll what is wanted, make it so, report what is.
 *
 * Compute away: nothing stops. Guests run on, those that die are started again, metadata is served; polling and
 * reporting go on trying. An agent that starts meanwhile serves metadata from what its predecessor knew, and leaves
 * guests as they are until compute has said what is wanted. Stopping (SIGTERM): nothing new is begun, steps under way
 * finish, guests run on. Superseded (a report was refused, because a newer agent said hello for this host): the same,
 * and it does not come back.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HostFacts, PROTOCOL_VERSION, type WantedReply, type WantedVm } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import { point } from '@caelum/reconcile/crash'
import manifest from '../package.json' with { type: 'json' }
import { answerAsks } from './compute-api/asks.ts'
import type { ComputeApi } from './compute-api/client.ts'
import { Patience } from './compute-api/patience.ts'
import { poll } from './compute-api/poll.ts'
import { Reporter } from './compute-api/reporter.ts'
import type { HypervisorDriver } from './hypervisor/driver.ts'
import { ImageCache } from './image-cache/cache.ts'
import type { Directory } from './metadata/directory.ts'
import type { HostNetwork } from './network/host-network.ts'
import { Slots } from './slots.ts'
import { VmLoop } from './vm/loop.ts'
import { isOn } from './vm/state.ts'
import { WantedFile } from './vm/wanted-file.ts'

export interface AgentOptions {
  api: ComputeApi
  driver: HypervisorDriver
  network: HostNetwork
  /** told who may ask for metadata */
  directory: Directory
  log: Logger
  host: { name: string; ip: string }
  data_dir: string
  image_cache_bytes: number
  grace_ms: number
  /** heavy steps at the same time */
  concurrency: number
  pauseMs?: (tries: number) => number
  lookEveryMs?: number
  reportEveryMs?: number
}

/** How long the hypervisor may take at start before we go on without it, ms. */
const FIRST_CONNECT_MS = 10_000

/** Runs until `signal` is aborted (`'stopped'`) or a newer agent owns the host (`'superseded'`). */
export async function runAgent(
  options: AgentOptions,
  signal: AbortSignal,
): Promise<'stopped' | 'superseded'> {
  const { api, driver, network, directory, log, host } = options
  const superseded = new AbortController()
  const ending = AbortSignal.any([signal, superseded.signal])

  const hostFacts = async (): Promise<HostFacts> => ({
    ...(await driver.facts()),
    hostname: host.name,
    host_ip: host.ip,
    agent_version: manifest.version,
    protocol: PROTOCOL_VERSION,
  })
  const images = new ImageCache({
    dir: join(options.data_dir, 'images'),
    max_bytes: options.image_cache_bytes,
    log,
    download: (id, ended) => api.image(id, ended),
    inUse: () => driver.imagesInUse(),
    wanted: () => vms.wanted.all().flatMap(({ disk, power }) => (power === 'gone' ? [] : (disk.image ?? []))),
  })
  let reporter: Reporter | undefined
  const vms = new VmLoop({
    driver,
    images,
    network,
    log,
    slots: new Slots(options.concurrency),
    graceMs: options.grace_ms,
    onNews: (id, news) => reporter?.tell(id, news),
    ...(options.pauseMs && { pauseMs: options.pauseMs }),
    ...(options.lookEveryMs && { lookEveryMs: options.lookEveryMs }),
  })
  const file = new WantedFile(join(options.data_dir, 'wanted.json'), log)
  const heard = new AbortController()
  const onWanted = (reply: WantedReply) => {
    heard.abort()
    vms.want(reply)
    const here = vms.wanted.all().filter(vm => vm.power !== 'gone')
    directory.fill(here)
    file.keep(here)
  }

  await images.open()
  await network.open()
  await driver.open(FIRST_CONNECT_MS)
  const recalling = recall(options, await file.read(), AbortSignal.any([ending, heard.signal]))
  const hello = await sayHello(api, hostFacts, log, ending)
  if (hello) {
    point('agent.hello.after')
    log.info({ host: host.name, host_id: hello.host_id, epoch: hello.epoch }, 'ready')
    reporter = new Reporter({
      api,
      log,
      epoch: hello.epoch,
      hostFacts,
      source: vms,
      onRefused: () => superseded.abort(),
      ...(options.reportEveryMs && { fullEveryMs: options.reportEveryMs }),
    })
    vms.start()
    const knows = (id: string) => vms.knows(id)
    const onAsks = answerAsks({ api, driver, log, knows }, ending)
    await Promise.all([reporter.run(ending), poll({ api, log, onWanted, onAsks }, ending)])
    await vms.close()
  }
  await Promise.all([recalling, file.close()])
  await Promise.all([network.close(), driver.close(), api.close()])
  return superseded.signal.aborted ? 'superseded' : 'stopped'
}

/** Serves these vms as far as that starts, stops and removes nothing, until `signal`: compute was heard, or the end. */
async function recall(
  { driver, network, directory, log, lookEveryMs = 10_000 }: AgentOptions,
  vms: readonly WantedVm[],
  signal: AbortSignal,
): Promise<void> {
  if (vms.length === 0) return
  directory.fill(vms)
  log.info({ vms: vms.length }, 'metadata is served from memory until compute answers')
  while (!signal.aborted) {
    const domains = await driver.list().catch(() => null)
    const on = (domains ?? []).filter(domain => isOn(domain)).map(domain => domain.id)
    if (domains && !signal.aborted) network.recall(vms, new Set(on))
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** @returns null when it ended before compute answered */
async function sayHello(
  api: ComputeApi,
  hostFacts: () => Promise<HostFacts>,
  log: Logger,
  signal: AbortSignal,
): Promise<{ host_id: string; epoch: number } | null> {
  const patience = new Patience(log, 'hello')
  while (!signal.aborted) {
    try {
      const reply = await api.hello(await hostFacts(), signal)
      patience.succeeded()
      return reply
    } catch (error) {
      await patience.failed(error, signal)
    }
  }
  return null
}
