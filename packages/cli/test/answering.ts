/** A process for tests of the supervisor: `answering.ts FOLDER NAME` counts its starts and answers on a socket. */
import { appendFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const [folder = '', name = ''] = process.argv.slice(2)
const path = join(folder, `${name}.sock`)
rmSync(path, { force: true })
createServer(socket => {
  socket.on('error', () => undefined)
  socket.end('here')
}).listen(path, () => appendFileSync(join(folder, `${name}.starts`), `${process.pid}\n`))
