export * from './image.ts'
export * from './network.ts'
export * from './session.ts'
