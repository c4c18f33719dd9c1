/**
 * A client of OVSDB (RFC 7047), the database in which Open vSwitch and OVN keep their configuration and facts.
 *
 *   const nb = new Replica<Tables>({ targets: 'unix:/run/ovn/ovnnb_db.sock', database: 'OVN_Northbound', tables: {...} })
 *   nb.start(); await nb.complete(5_000)
 *   await nb.transact(tx => {
 *     const port = tx.insert('Logical_Switch_Port', { name: 'p1' })
 *     tx.mutate('Logical_Switch', [['name', '==', 'net1']], ['ports', 'insert', port])
 *   })
 *   nb.rows('Logical_Switch_Port')      // already holds p1
 */
export { Connection, ConnectionLost, type ConnectionOptions, RpcError } from './connection.ts'
export { Replica, type ReplicaOptions, type ReplicaState } from './replica.ts'
export type { Change, Selection } from './rows.ts'
export {
  type Atom,
  type DatabaseSchema,
  parseSchema,
  type Ref,
  type Row,
  sameValue,
  type Value,
} from './schema.ts'
export { JsonSplitter, ProtocolError } from './split.ts'
export { parseTargets, type Target, type Tls } from './target.ts'
export {
  type Condition,
  type Mutation,
  type NewRow,
  type OperationResult,
  Transaction,
  TransactionFailed,
  type Where,
} from './transaction.ts'
