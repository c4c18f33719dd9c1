import { createHash, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'

/**
 * The MD5 fingerprint `aa:bb:...` of an OpenSSH public key, as Nova shows it; null when the text is not one.
 * The blob repeats the type's name, which must agree with the word before it.
 */
export function sshFingerprint(publicKey: string): string | null {
  const [type, blob] = publicKey.trim().split(/\s+/)
  if (!type || !blob || !/^[A-Za-z0-9+/]+=*$/.test(blob)) return null
  const bytes = Buffer.from(blob, 'base64')
  if (bytes.length < 8) return null
  const length = bytes.readUInt32BE(0)
  if (length > 64 || bytes.subarray(4, 4 + length).toString() !== type) return null
  return colons(createHash('md5').update(bytes).digest('hex'))
}

/** The SHA-1 fingerprint of a PEM certificate; null when the text is not one. */
export function x509Fingerprint(certificate: string): string | null {
  try {
    return new X509Certificate(certificate).fingerprint.toLowerCase()
  } catch {
    return null
  }
}

const colons = (digest: string) => digest.match(/../g)?.join(':') ?? ''

/** A new key pair: the private half as PEM, the public half in OpenSSH's form. */
export function generateSshKey(comment: string): { privateKey: string; publicKey: string } {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: `ssh-rsa ${rsaBlob(pair.publicKey).toString('base64')} ${comment}`,
  }
}

/** RFC 4253, section 6.6: string "ssh-rsa", mpint e, mpint n. */
function rsaBlob(key: KeyObject): Buffer {
  const { e = '', n = '' } = key.export({ format: 'jwk' })
  const mpint = (text: string) => {
    const bytes = Buffer.from(text, 'base64url')
    return bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes
  }
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  return Buffer.concat([field(Buffer.from('ssh-rsa')), field(mpint(e)), field(mpint(n))])
}
