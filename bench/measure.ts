/** Rates and times for benches: several rounds, medians, and the CPU that the cloud spent per operation. */

export const median = (values: readonly number[]): number => percentile(values, 0.5)

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN
}

/** Keeps `concurrency` calls under way for `seconds`. @returns calls per second and the time of each, in ms */
export async function load(
  work: () => Promise<unknown>,
  { concurrency, seconds }: { concurrency: number; seconds: number },
): Promise<{ perSecond: number; ms: number[] }> {
  const ms: number[] = []
  const begun = performance.now()
  const end = begun + seconds * 1000
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < end) {
        const t = performance.now()
        await work()
        ms.push(performance.now() - t)
      }
    }),
  )
  return { perSecond: (ms.length / (performance.now() - begun)) * 1000, ms }
}

/** The median of `rounds` measurements of the same thing. */
export async function rounds(count: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = []
  for (let i = 0; i < count; i++) values.push(await measure())
  return median(values)
}

export interface Figure {
  claim: string
  value: string
  goal: string
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })
export const number = (value: number): string => (value >= 100 ? whole : short).format(value)

export function table(figures: readonly Figure[]): string {
  const rows = [{ claim: 'what', value: 'median', goal: 'goal' }, ...figures]
  const width = (key: keyof Figure) => Math.max(...rows.map(row => row[key].length))
  const [a, b] = [width('claim'), width('value')]
  return rows.map(row => `${row.claim.padEnd(a)}  ${row.value.padStart(b)}  ${row.goal}`).join('\n')
}
