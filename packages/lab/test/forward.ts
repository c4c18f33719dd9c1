import { connect } from 'node:net'

/** Joins stdin and stdout with a port of this machine; QEMU starts one per connection of the guest. */
const socket = connect(Number(process.argv[2]), '127.0.0.1')
process.stdin.pipe(socket)
socket.pipe(process.stdout)
socket.once('close', () => process.exit())
