/** The API services, as everybody else names them. */
export type ApiService = {
  /** also the folder under services/ and the service user's name */
  name: 'identity' | 'image' | 'compute' | 'network' | 'object-storage'
  /** PostgreSQL schema; the migrations are in the folder called by `name` */
  schema: string
  /** type in the catalog and first path segment behind the gateway */
  catalogType: 'identity' | 'image' | 'compute' | 'network' | 'object-store'
  usualPort: number
  /** what the catalog's URL has after host and port */
  catalogPath: string
}

export const API_SERVICES: readonly ApiService[] = [
  { name: 'identity', schema: 'identity', catalogType: 'identity', usualPort: 5000, catalogPath: '/v3' },
  { name: 'image', schema: 'image', catalogType: 'image', usualPort: 9292, catalogPath: '' },
  { name: 'compute', schema: 'compute', catalogType: 'compute', usualPort: 8774, catalogPath: '/v2.1' },
  { name: 'network', schema: 'network', catalogType: 'network', usualPort: 9696, catalogPath: '' },
  {
    name: 'object-storage',
    schema: 'object_storage',
    catalogType: 'object-store',
    usualPort: 8080,
    catalogPath: '/v1/AUTH_%(project_id)s',
  },
]
