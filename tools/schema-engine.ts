/**
 * Prisma's schema engine without its downloaded binary: the WebAssembly build over the pg adapter. Two uses:
 * writing the SQL of a new migration, and proving that migrations and schema.prisma agree.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'

const require = createRequire(import.meta.url)

interface Engine {
  diff(params: object): Promise<{ exitCode: number; stdout: string | null }>
}

type Wasm = object & {
  __wbg_set_wasm(exports: object): void
  SchemaEngine: { new: (...args: unknown[]) => Promise<Engine> }
}

/** The adapter refuses PostgreSQL's one-byte "char" (oid 18), which the catalogue is full of: read it as text. */
class CatalogueReader extends PrismaPg {
  override async connect() {
    const adapter = await super.connect()
    const inner = adapter as unknown as {
      performIO(query: unknown): Promise<{ fields: { dataTypeID: number }[] }>
    }
    const read = inner.performIO.bind(adapter)
    const query = adapter.queryRaw.bind(adapter)
    adapter.queryRaw = async statement => {
      const chars: number[] = []
      inner.performIO = async q => {
        const result = await read(q)
        result.fields.forEach((field, index) => {
          if (field.dataTypeID !== 18) return
          chars.push(index)
          field.dataTypeID = 1042
        })
        return result
      }
      const result = await query(statement)
      for (const index of chars) result.columnTypes[index] = ColumnTypeEnum.Character
      return result
    }
    return adapter
  }
}

/** Once per process: the generated glue keeps views of the first instance's memory. */
let loading: Promise<Wasm> | undefined

async function loadWasm(): Promise<Wasm> {
  const wasm: Wasm = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const path = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm')
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), {
    './schema_engine_bg.js': wasm,
  })
  wasm.__wbg_set_wasm(instance.exports)
  ;(instance.exports['__wbindgen_start'] as (() => void) | undefined)?.()
  return wasm
}

/** The SQL that leads from the database at `url` to the schema in `schemaFile`; empty when they agree. */
export async function missingSql(url: string, schemaFile: string, schema: string): Promise<string> {
  loading ??= loadWasm()
  const wasm = await loading
  const adapter = bindMigrationAwareSqlAdapterFactory(
    new CatalogueReader({ connectionString: url }, { schema }),
  )
  const content = readFileSync(schemaFile, 'utf8')
  const files = [{ path: schemaFile, content }]
  const engine: Engine = await wasm.SchemaEngine.new(
    { datamodels: [[schemaFile, content]] },
    () => undefined,
    adapter,
  )
  const { stdout } = await engine.diff({
    from: { tag: 'schemaDatasource', files, configDir: '.' },
    to: { tag: 'schemaDatamodel', files, configDir: '.' },
    script: true,
    shadowDatabaseUrl: null,
    exitCode: null,
    filters: { externalTables: [`${schema}._prisma_migrations`], externalEnums: [] },
  })
  return stdout ?? ''
}

if (import.meta.main) {
  const [url = '', schemaFile = '', schema = ''] = process.argv.slice(2)
  process.stdout.write(await missingSql(url, schemaFile, schema))
  process.exit(0)
}
