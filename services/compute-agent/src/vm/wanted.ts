import type { WantedReply, WantedVm } from '@caelum/agent-protocol'

/** What compute wants on this host, as far as it has told us. It is asked anew at every start. */
export class Wanted {
  #vms = new Map<string, WantedVm>()
  #complete = false

  /** true once a full picture came: only then is an unknown domain a stray */
  get complete(): boolean {
    return this.#complete
  }

  get(id: string): WantedVm | undefined {
    return this.#vms.get(id)
  }

  all(): WantedVm[] {
    return [...this.#vms.values()]
  }

  /**
   * Takes in an answer. A document older than the one held is refused; after a full picture, what it does not name is
   * no longer wanted here.
   * @returns ids whose document is new or changed, and ids that were dropped
   */
  apply(reply: WantedReply): { changed: string[]; dropped: string[] } {
    const changed: string[] = []
    for (const vm of reply.vms) {
      const held = this.#vms.get(vm.id)
      if (held && held.generation > vm.generation) continue
      if (held?.generation === vm.generation && held.revision === vm.revision) continue
      this.#vms.set(vm.id, vm)
      changed.push(vm.id)
    }
    const dropped: string[] = []
    if (reply.full) {
      const named = new Set(reply.vms.map(vm => vm.id))
      for (const id of this.#vms.keys()) if (!named.has(id)) dropped.push(id)
      for (const id of dropped) this.#vms.delete(id)
      this.#complete = true
    }
    return { changed, dropped }
  }

  /** Compute knows that it is gone; nothing is left to remember. */
  forget(id: string): void {
    this.#vms.delete(id)
  }
}
