export * from './database.ts'
export * from './eventually.ts'
export * from './openstack-client.ts'
export * from './persona.ts'
