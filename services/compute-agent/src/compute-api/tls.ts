import { readFile } from 'node:fs/promises'
import { buildConnector } from 'undici'

/** PEM files. */
export interface TlsFiles {
  ca: string
  cert: string
  key: string
}

const CONNECT_MS = 5_000

/**
 * Connects with what the files hold at that moment, so that a renewed certificate is used from the next connection on.
 * A file that cannot be read fails that connection only.
 */
export function connectWith(files: TlsFiles): buildConnector.connector {
  let read = ''
  let connector: buildConnector.connector | undefined
  const current = async () => {
    const [ca, cert, key] = await Promise.all(
      [files.ca, files.cert, files.key].map(file => readFile(file, 'utf8')),
    )
    const now = [ca, cert, key].join()
    if (now !== read) connector = buildConnector({ ca, cert, key, timeout: CONNECT_MS } as object)
    read = now
    return connector!
  }
  return (options, callback) => {
    current().then(
      connect => connect(options, callback),
      error => callback(error, null),
    )
  }
}
