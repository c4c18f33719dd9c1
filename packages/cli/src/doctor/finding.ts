/** `good`: as in production; `poorer`: works, with less; `missing`: the cloud cannot run here without it. */
export type Finding = {
  what: string
  verdict: 'good' | 'poorer' | 'missing'
  detail: string
  /** how to better it */
  next?: string
}

export const MARKS: Readonly<Record<Finding['verdict'], string>> = { good: '✓', poorer: '~', missing: '✗' }
