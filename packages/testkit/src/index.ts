export * from './database.ts'
export * from './eventually.ts'
export * from './persona.ts'
