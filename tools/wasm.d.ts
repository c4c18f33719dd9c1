declare module '@prisma/schema-engine-wasm/schema_engine_bg'

/** The two constructors of WebAssembly that are used here; @types/node leaves them to the DOM's types. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: object)
    readonly exports: Record<string, unknown>
  }
}
