export * from './blob-store.ts'
export * from './file-store.ts'
export * from './range.ts'
