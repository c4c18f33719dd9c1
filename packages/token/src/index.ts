export * from './claims.ts'
export * from './sign.ts'
export * from './trust.ts'
export * from './verify.ts'
