import { type Call, RemoteError, type Session } from './session.ts'

export interface Image {
  id: string
  name: string | null
  status: string
  visibility: string
  owner: string
  size: number | null
  virtual_size: number | null
  disk_format: string | null
  os_hash_algo: string | null
  os_hash_value: string | null
  /** GiB */
  min_disk: number
  /** MiB */
  min_ram: number
}

export type ImageClient = ReturnType<typeof imageClient>

export const imageClient = (session: Session) => ({
  /** null: there is none, or the token may not see it */
  async image(id: string, as: Pick<Call, 'token' | 'requestId'>): Promise<Image | null> {
    try {
      return await session.call<Image>('image', { path: `/v2/images/${id}`, ...as })
    } catch (error) {
      if (error instanceof RemoteError && (error.status === 404 || error.status === 403)) return null
      throw error
    }
  },
  file: (id: string, requestId?: string) =>
    session.stream('image', { path: `/v2/images/${id}/file`, requestId }),
})
