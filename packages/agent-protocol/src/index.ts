/**
 * What the compute service and the agent on a host say to each other.
 *
 * The agent always calls, over TLS with its own host certificate; the certificate's common name *is* the host.
 * Three calls carry everything:
 *
 *   hello   once per agent start: facts about the host in, a new `epoch` out. Reports of older epochs are refused,
 *           so a forgotten second agent process can do no harm.
 *   wanted  long poll: every vm of this host whose row changed after `since`, and questions (console output).
 *           `since=0` gives the whole picture. A vm leaves the list only after the agent reported it `gone`.
 *   report  whole facts per vm with `(epoch, seq)`; newer wins. Repeating or losing a report is harmless.
 *
 * The schemas are additive: a reader ignores fields it does not know, and a new field has a default.
 */
export * from './report.ts'
export * from './wanted.ts'

/** Version of the whole protocol, sent by the agent in `hello`. Raised only when an old peer would misbehave. */
export const PROTOCOL_VERSION = 1
