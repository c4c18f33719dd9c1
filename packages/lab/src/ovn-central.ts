import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { accepts, askDaemon } from './daemon-probe.ts'
import { INSTANCE_MARK, type Instance } from './instance.ts'
import { type Certificate, caDirOf, ensureCa, ensureCertificate } from './pki.ts'
import type { ProcessSpec } from './process-spec.ts'
import { ensureUnderlay } from './underlay.ts'

/*
 * OVN's central part in this machine's own network: the northbound database (what should be; written by the network
 * service), the southbound database (what every host must know, and what it reports), and northd, which translates.
 *
 * The northbound database listens on a unix socket in a 0700 folder and nowhere else. The southbound one also listens on
 * the underlay for the hosts, over TLS with both sides' certificates, and there a host may only write what is its own
 * (sh/ovn-southbound.sh). The databases are files under the data folder; a
 * missing one is made empty at the next start of its process.
 */

const SCRIPTS = join(import.meta.dirname, '../sh')
const SB_PORT = 6642

export const ovnSouthboundRemote = ({ underlay }: Instance) => `ssl:${underlay.gateway}:${SB_PORT}`

export class OvnCentral {
  /** for CAELUM_OVN_NB and ovn-nbctl --db */
  readonly nb: string
  /** for CAELUM_OVN_SB and ovn-sbctl --db */
  readonly sb: string
  private readonly instance: Instance
  private readonly dir: string
  private readonly runDir: string
  private readonly certificate: Certificate

  constructor(instance: Instance) {
    this.instance = instance
    this.dir = join(instance.dataDir, 'lab', 'ovn')
    this.runDir = join(instance.runDir, 'ovn')
    this.nb = `unix:${this.socket('nb')}`
    this.sb = `unix:${this.socket('sb')}`
    const pki = join(this.dir, 'pki')
    this.certificate = { ca: join(pki, 'ca.pem'), cert: join(pki, 'cert.pem'), key: join(pki, 'key.pem') }
  }

  /** Before the processes start. Safe to repeat. */
  async prepare(): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 })
    await mkdir(this.runDir, { recursive: true, mode: 0o700 })
    await ensureUnderlay(this.instance)
    const names = { commonName: 'ovn-sb', dns: ['ovn-sb'], ips: [this.instance.underlay.gateway] }
    await ensureCertificate(await ensureCa(caDirOf(this.instance.dataDir)), join(this.dir, 'pki'), names)
  }

  /** nb, sb, northd; each may start and restart in any order. */
  processes(): ProcessSpec[] {
    const { ca, cert, key } = this.certificate
    return [
      this.database('nb', ['ovsdb-server.sh', this.file('nb'), '/usr/share/ovn/ovn-nb.ovsschema']),
      this.database('sb', [
        ...['ovn-southbound.sh', this.file('sb'), `pssl:${SB_PORT}:${this.instance.underlay.gateway}`],
        ...[`--ca-cert=${ca}`, `--certificate=${cert}`, `--private-key=${key}`],
      ]),
      {
        name: 'ovn-northd',
        argv: [
          ...[join(SCRIPTS, 'when-present.sh'), this.socket('nb'), this.socket('sb'), '--'],
          ...['ovn-northd', `--ovnnb-db=${this.nb}`, `--ovnsb-db=${this.sb}`, ...this.common('northd')],
        ],
        env: this.env(),
        ready: async () => (await askDaemon(this.control('northd'), 'status'))?.endsWith('active') ?? false,
      },
    ]
  }

  private database(which: 'nb' | 'sb', [script, ...args]: string[]): ProcessSpec {
    return {
      name: `ovn-${which}`,
      argv: [join(SCRIPTS, script!), ...args, `--remote=punix:${this.socket(which)}`, ...this.common(which)],
      env: this.env(),
      ready: () => accepts(this.socket(which)),
    }
  }

  private file(database: 'nb' | 'sb'): string {
    return join(this.dir, `${database}.db`)
  }

  private common(daemon: string): string[] {
    return [`--unixctl=${this.control(daemon)}`, '-vconsole:info', '-vsyslog:off', '-vfile:off']
  }

  private env(): Record<string, string> {
    return { [INSTANCE_MARK]: this.instance.id, OVN_RUNDIR: this.runDir, OVS_RUNDIR: this.runDir }
  }

  private socket(database: 'nb' | 'sb'): string {
    return join(this.runDir, `${database}.sock`)
  }

  private control(daemon: string): string {
    return join(this.runDir, `${daemon}.ctl`)
  }
}
