/** A supervisor to be killed by tests: `supervisor-process.ts DATA_DIR FOLDER UNIT...`; each unit depends on the one before. */
import { locate } from '../src/instance/location.ts'
import { serve } from '../src/supervisor/serve.ts'
import { dummyUnits } from './dummy-units.ts'

const [dataDir = '', folder = '', ...names] = process.argv.slice(2)
await serve(locate(dataDir), async () => ({ units: dummyUnits(folder, names), hosts: new Map() }))
