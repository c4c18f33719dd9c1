import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import {
  Answer,
  type Ask,
  HostFacts,
  Report,
  type SeenVm,
  WantedReply,
  type WantedVm,
} from '@caelum/agent-protocol'
import type { Identity } from './certificates.ts'
import { wantedVm } from './factory.ts'

/**
 * Compute's side of the agent API for one host, over real mutual TLS, in memory. It checks what the real one checks:
 * the certificate, the epoch, that seq rises, and the form of everything.
 */
export class FakeCompute {
  readonly host: string
  readonly vms = new Map<string, WantedVm>()
  readonly seen = new Map<string, SeenVm>()
  readonly images = new Map<string, Buffer>()
  readonly answers = new Map<string, Answer>()
  readonly problems: string[] = []
  asks: Ask[] = []
  strays: Report['strays'] = []
  facts: HostFacts | null = null
  epoch = 0
  reports = 0
  polls: number[] = []
  imageRequests = 0
  /** calls with a certificate that is not this host's */
  refused = 0
  /** sends only so many bytes of an image, once, then breaks the connection */
  breakImageAfter: number | null = null
  #seq = 0
  #revision = 0
  #identity: Identity
  #server: Server | null = null
  #port = 0
  #wake = new Set<() => void>()

  constructor(identity: Identity, host: string) {
    this.#identity = identity
    this.host = host
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const { ca, cert, key } = this.#identity
    const [caPem, certPem, keyPem] = [ca, cert, key].map(file => readFileSync(file))
    const tls = { ca: caPem, cert: certPem, key: keyPem, requestCert: true, rejectUnauthorized: true }
    const server = createServer(tls as object, (request, response) => {
      const name = (request.socket as TLSSocket).getPeerCertificate().subject.CN
      const url = new URL(request.url!, this.url)
      if (name !== this.host) {
        this.refused += 1
        response.writeHead(403).end()
        return
      }
      const image = /^\/agent\/v1\/images\/(.+)\/file$/.exec(url.pathname)
      if (image) {
        this.#sendImage(image[1]!, response)
        return
      }
      this.#handle(request, url).then(
        reply => {
          response.writeHead(reply === null ? 204 : 200, { 'content-type': 'application/json' })
          response.end(reply === null ? undefined : JSON.stringify(reply))
        },
        error => {
          this.problems.push(String(error))
          response.writeHead(400).end(String(error))
        },
      )
    })
    await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** As after a kill: connections break. The port stays ours for the next start. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (!server) return
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    this.#ring()
    await closed
  }

  /** A new vm, or a new generation of one that is wanted. */
  want(change: Partial<WantedVm> = {}): WantedVm {
    const had = change.id === undefined ? undefined : this.vms.get(change.id)
    const vm = had
      ? { ...had, generation: had.generation + 1, ...change, revision: ++this.#revision }
      : { ...wantedVm(change), revision: ++this.#revision }
    this.vms.set(vm.id, vm)
    this.#ring()
    return vm
  }

  ask(ask: Ask): void {
    this.asks.push(ask)
    this.#ring()
  }

  addImage(id: string, bytes: Buffer): NonNullable<WantedVm['disk']['image']> {
    this.images.set(id, bytes)
    const sha512 = createHash('sha512').update(bytes).digest('hex')
    return { id, sha512, size_bytes: bytes.length, format: 'qcow2' }
  }

  /** Everything wanted is reported true, or gone and forgotten. */
  isSettled(): boolean {
    return [...this.vms.values()].every(vm => {
      const seen = this.seen.get(vm.id)
      return (
        seen?.generation === vm.generation && seen.step === null && seen.power === vm.power && !seen.fault
      )
    })
  }

  async #handle(request: IncomingMessage, url: URL): Promise<object | null> {
    const body = request.method === 'POST' ? JSON.parse(await text(request)) : null
    const answer = /^\/agent\/v1\/answers\/(.+)$/.exec(url.pathname)
    if (answer) {
      this.answers.set(answer[1]!, Answer.parse(body))
      this.asks = this.asks.filter(ask => ask.id !== answer[1])
      return null
    }
    switch (url.pathname) {
      case '/agent/v1/hello':
        this.facts = HostFacts.parse(body)
        this.#seq = 0
        return { host_id: 'host-1', epoch: ++this.epoch }
      case '/agent/v1/wanted':
        return this.#wanted(Number(url.searchParams.get('since')), Number(url.searchParams.get('wait_s')))
      case '/agent/v1/report':
        return this.#report(Report.parse(body))
      default:
        throw new Error(`no such path: ${url.pathname}`)
    }
  }

  async #wanted(since: number, wait_s: number): Promise<WantedReply> {
    this.polls.push(since)
    const news = () => this.#revision > since || this.asks.length > 0 || !this.#server
    if (since > 0 && !news()) await this.#rung(wait_s)
    return WantedReply.parse({
      revision: this.#revision,
      full: since === 0,
      vms: [...this.vms.values()].filter(vm => vm.revision > since),
      asks: this.asks,
    })
  }

  #report(report: Report): { accepted: boolean } {
    if (report.epoch !== this.epoch) return { accepted: false }
    if (report.seq <= this.#seq) throw new Error(`seq ${report.seq} after ${this.#seq}`)
    this.#seq = report.seq
    this.reports += 1
    if (report.host) {
      this.facts = report.host
      this.strays = report.strays
    }
    for (const vm of report.vms) {
      this.seen.set(vm.id, vm)
      if (vm.power === 'gone' && this.vms.get(vm.id)?.power === 'gone') this.vms.delete(vm.id)
    }
    return { accepted: true }
  }

  #sendImage(id: string, response: import('node:http').ServerResponse): void {
    this.imageRequests += 1
    const bytes = this.images.get(id)
    if (!bytes) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-length': bytes.length })
    if (this.breakImageAfter === null) {
      response.end(bytes)
      return
    }
    response.write(bytes.subarray(0, this.breakImageAfter), () => response.destroy())
    this.breakImageAfter = null
  }

  #rung(wait_s: number): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        clearTimeout(timer)
        this.#wake.delete(done)
        resolve()
      }
      const timer = setTimeout(done, wait_s * 1000)
      this.#wake.add(done)
    })
  }

  #ring(): void {
    for (const wake of [...this.#wake]) wake()
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
