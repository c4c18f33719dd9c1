import { isoSeconds } from '@caelum/kernel'
import { STORE } from './schema.ts'
import type { Image } from './store.ts'

const number = (value: bigint | null) => (value === null ? null : Number(value))

/** glance/api/v2/images.py, class ResponseSerializer; free-form properties are at the top level. */
export const viewImage = (image: Image) => ({
  ...image.properties,
  id: image.id,
  name: image.name,
  status: image.status,
  visibility: image.visibility,
  owner: image.owner,
  protected: image.is_protected,
  os_hidden: image.is_hidden,
  container_format: image.container_format,
  disk_format: image.disk_format,
  min_disk: image.min_disk_gb,
  min_ram: image.min_ram_mb,
  size: number(image.size_bytes),
  virtual_size: number(image.virtual_size_bytes),
  checksum: image.md5,
  os_hash_algo: image.sha512 === null ? null : 'sha512',
  os_hash_value: image.sha512,
  tags: image.tags,
  created_at: isoSeconds(image.created_at),
  updated_at: isoSeconds(image.updated_at),
  self: `/v2/images/${image.id}`,
  file: `/v2/images/${image.id}/file`,
  schema: '/v2/schemas/image',
  ...(image.blob_id ? { stores: STORE } : {}),
})

/** `next` is there when the page is full; links repeat the query of the request. */
export function viewImages(images: readonly Image[], limit: number, url: string) {
  const query = new URLSearchParams(url.split('?')[1] ?? '')
  query.delete('marker')
  const path = (search: URLSearchParams) => (search.size > 0 ? `/v2/images?${search}` : '/v2/images')
  const first = path(query)
  const last = images.length === limit ? images.at(-1) : undefined
  if (last) query.set('marker', last.id)
  return {
    images: images.map(viewImage),
    first,
    ...(last ? { next: path(query) } : {}),
    schema: '/v2/schemas/images',
  }
}
