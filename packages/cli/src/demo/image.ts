import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { GuestImage } from '@caelum/lab'
import type { Session } from '../client/session.ts'
import { CommandError } from '../command.ts'

type Image = {
  id: string
  status: string
  size: number
  checksum: string
  os_hash_algo: string
  os_hash_value: string
}

/**
 * Uploads the image, and compares what the service says it stored with the file here.
 *
 * @returns the image's id
 * @throws CommandError when size or any hash differs
 */
export async function uploadImage(tenant: Session, name: string, guest: GuestImage): Promise<string> {
  const { id } = await tenant.call<Image>('image', 'POST', '/v2/images', {
    name,
    disk_format: guest.format,
    container_format: 'bare',
    min_ram: guest.minRamMb,
    min_disk: guest.minDiskGb,
  })
  const answer = await tenant.send('image', 'PUT', `/v2/images/${id}/file`, {
    body: Readable.toWeb(createReadStream(guest.path)) as ReadableStream,
    headers: { 'content-type': 'application/octet-stream' },
    duplex: 'half',
    signal: AbortSignal.timeout(300_000),
  } as RequestInit)
  await answer.body?.cancel()
  const stored = await tenant.call<Image>('image', 'GET', `/v2/images/${id}`)
  const [md5, sha512] = [createHash('md5'), createHash('sha512')]
  await pipeline(createReadStream(guest.path), async chunks => {
    for await (const chunk of chunks) {
      md5.update(chunk)
      sha512.update(chunk)
    }
  })
  const expected = {
    status: 'active',
    size: (await stat(guest.path)).size,
    checksum: md5.digest('hex'),
    os_hash_algo: 'sha512',
    os_hash_value: sha512.digest('hex'),
  }
  for (const [key, value] of Object.entries(expected))
    if (stored[key as keyof Image] !== value)
      throw new CommandError(
        `the image's ${key} is ${stored[key as keyof Image]}, but the file's is ${value}`,
      )
  return id
}
