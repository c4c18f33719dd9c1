import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Identity {
  ca: string
  cert: string
  key: string
}

/** A certificate authority in a folder of its own. */
export class Authority {
  readonly dir = mkdtempSync(join(tmpdir(), 'agent-pki-'))

  constructor() {
    this.#issue('ca', ['-subj', '/CN=test CA', '-addext', 'basicConstraints=critical,CA:TRUE'])
  }

  /** For both sides of TLS, valid for 127.0.0.1. */
  issue(commonName: string): Identity {
    const { cert: ca, key: caKey } = this.#files('ca')
    this.#issue(commonName, [
      ...['-CA', ca, '-CAkey', caKey, '-subj', `/CN=${commonName}`],
      ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ])
    return { ca, ...this.#files(commonName) }
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }

  #files(name: string): { cert: string; key: string } {
    return { cert: join(this.dir, `${name}.pem`), key: join(this.dir, `${name}.key`) }
  }

  #issue(name: string, options: string[]): void {
    const { cert, key } = this.#files(name)
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync('openssl', ['req', '-x509', ...ec, '-days', '2', ...options, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    })
  }
}
