/** Kinds of rows that OVN must know of, as `removals` names them. */
export const KINDS = ['network', 'subnet', 'port', 'group'] as const
export type Kind = (typeof KINDS)[number]

/** Says "look at this row": a hint, whatever became of the row. May be lost; the sweep finds what it missed. */
export type Ring = (kind: Kind, id: string) => void
