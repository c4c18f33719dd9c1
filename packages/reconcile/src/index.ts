export * from './bell.ts'
export * from './crash.ts'
export * from './loop.ts'
export * from './sql-ledger.ts'
