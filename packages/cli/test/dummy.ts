/**
 * A process for tests of the supervisor: `dummy.ts FOLDER NAME [exit-after-ms]`. It counts its starts, and says
 * that it is ready by a file that goes away with it.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder = '', name = '', exitAfter] = process.argv.slice(2)
appendFileSync(join(folder, `${name}.starts`), `${process.pid}\n`)
console.log(`${name} started`)
process.on('SIGTERM', () => {
  appendFileSync(join(folder, 'ends'), `${name}\n`)
  process.exit(0)
})
if (exitAfter) setTimeout(() => process.exit(7), Number(exitAfter))
else setInterval(() => undefined, 60_000)
