import { KINDS, type Kind } from './ring.ts'

/** A set of rows, by kind. */
export class Marks {
  readonly network = new Set<string>()
  readonly subnet = new Set<string>()
  readonly port = new Set<string>()
  readonly group = new Set<string>()

  get size(): number {
    return this.network.size + this.subnet.size + this.port.size + this.group.size
  }

  add(kind: Kind, id: string): void {
    this[kind].add(id)
  }

  addAll(other: Marks): void {
    for (const [kind, id] of other.entries()) this.add(kind, id)
  }

  *entries(): Iterable<[Kind, string]> {
    for (const kind of KINDS) for (const id of this[kind]) yield [kind, id]
  }

  /** Takes out up to `limit` rows, those marked first of each kind first. */
  take(limit: number): Marks {
    const taken = new Marks()
    for (const [kind, id] of this.entries()) {
      if (taken.size >= limit) break
      taken.add(kind, id)
    }
    for (const [kind, id] of taken.entries()) this[kind].delete(id)
    return taken
  }

  halves(): [Marks, Marks] {
    const rest = new Marks()
    rest.addAll(this)
    const first = rest.take(Math.ceil(this.size / 2))
    return [first, rest]
  }
}
