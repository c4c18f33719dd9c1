/** A supervisor to be killed by tests: `supervisor-process.ts DATA_DIR FOLDER UNIT...`; each unit depends on the one before. */
import { locate, makeFolders } from '../src/instance/location.ts'
import { Supervisor } from '../src/supervisor/supervisor.ts'
import { dummyUnits } from './dummy-units.ts'

const [dataDir = '', folder = '', ...names] = process.argv.slice(2)
const location = locate(dataDir)
await makeFolders(location)
const supervisor = new Supervisor(location, () => undefined)
await supervisor.apply(dummyUnits(folder, names))
setInterval(() => {
  if (supervisor.status().every(unit => unit.state === 'ready')) process.stdout.write('ready\n')
}, 20)
