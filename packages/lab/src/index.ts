export type { ProcessSpec } from './process-spec.ts'
