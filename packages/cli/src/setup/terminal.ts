/** Lines for a person on standard error, so that standard output stays for what was asked. */
export const say = (line = ''): void => {
  process.stderr.write(`${line}\n`)
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export const mebibytes = (bytes: number): string => `${Math.round(bytes / (1 << 20))} MiB`

/** Rows as aligned columns; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((w, row) => row.map((cell, i) => Math.max(w[i] ?? 0, cell.length)), [])
  return rows
    .map(row => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .join('\n')
}
