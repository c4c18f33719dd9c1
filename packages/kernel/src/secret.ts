import { inspect } from 'node:util'

/** A string that prints as `***` wherever it is logged, inspected or serialised; `reveal()` is the only way in. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '***'
  }
  toJSON(): string {
    return '***'
  }
  [inspect.custom](): string {
    return '***'
  }
}
