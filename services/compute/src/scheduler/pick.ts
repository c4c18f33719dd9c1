/**
 * Where may a server go, and where best? A pure function from what we know of the hosts to a ranking and, for every
 * host, the reason why not. Claiming the place is the caller's transaction; explaining it is done here, because only
 * here are the numbers known.
 *
 * Filters answer null (fits) or a refusal with the numbers. Ranking obeys the soft wish of the server's group, and
 * then spreads: the host with the largest free share of its memory first, then the one with fewer vms, then by name, so that equal hosts are filled in turn.
 */
export interface Candidate {
  id: string
  name: string
  enabled: boolean
  /** heard of lately, and its hypervisor answers */
  up: boolean
  availabilityZone: string
  vcpus: { total: number; used: number }
  ramMb: { total: number; used: number }
  diskGb: { total: number; used: number }
  vms: number
}

export interface Request {
  vcpus: number
  ramMb: number
  diskGb: number
  /** only this host, by name */
  host: string | null
  availabilityZone: string | null
  /** what its group wants, and how many other members each host holds, by id */
  group: {
    policy: 'affinity' | 'anti-affinity' | 'soft-affinity' | 'soft-anti-affinity'
    maxPerHost: number
    onHost: ReadonlyMap<string, number>
  } | null
}

export type Refusal =
  | { why: 'disabled' }
  | { why: 'down' }
  | { why: 'other-host'; needs: string }
  | { why: 'other-zone'; needs: string }
  | { why: 'group-apart'; most: number }
  | { why: 'group-together' }
  | { why: 'vcpus' | 'ram' | 'disk'; needs: number; free: number }

export interface Verdict {
  host: string
  refusal: Refusal | null
}

export interface Choice {
  /** the best host, or null when none fits */
  best: Candidate | null
  verdicts: Verdict[]
}

const free = (amount: { total: number; used: number }) => amount.total - amount.used

function refusalOf(candidate: Candidate, request: Request): Refusal | null {
  if (request.host && candidate.name !== request.host) return { why: 'other-host', needs: request.host }
  if (!candidate.enabled) return { why: 'disabled' }
  if (!candidate.up) return { why: 'down' }
  if (request.availabilityZone && candidate.availabilityZone !== request.availabilityZone)
    return { why: 'other-zone', needs: request.availabilityZone }
  if (free(candidate.vcpus) < request.vcpus)
    return { why: 'vcpus', needs: request.vcpus, free: free(candidate.vcpus) }
  if (free(candidate.ramMb) < request.ramMb)
    return { why: 'ram', needs: request.ramMb, free: free(candidate.ramMb) }
  if (free(candidate.diskGb) < request.diskGb)
    return { why: 'disk', needs: request.diskGb, free: free(candidate.diskGb) }
  return groupRefusalOf(candidate, request)
}

const membersOn = ({ id }: Candidate, { group }: Request): number => group?.onHost.get(id) ?? 0

/** The first member of an affinity group may go anywhere; the soft policies never refuse. */
function groupRefusalOf(candidate: Candidate, request: Request): Refusal | null {
  const { group } = request
  const members = membersOn(candidate, request)
  if (group?.policy === 'anti-affinity' && members >= group.maxPerHost)
    return { why: 'group-apart', most: group.maxPerHost }
  if (group?.policy === 'affinity' && group.onHost.size > 0 && members === 0) return { why: 'group-together' }
  return null
}

/** More means better: hosts with members under soft affinity, those without under soft anti-affinity. */
const GROUP_WISH = { affinity: 0, 'anti-affinity': 0, 'soft-affinity': 1, 'soft-anti-affinity': -1 }
const groupShare = (candidate: Candidate, request: Request): number =>
  request.group ? membersOn(candidate, request) * GROUP_WISH[request.group.policy] : 0

export function pick(candidates: readonly Candidate[], request: Request): Choice {
  const verdicts = candidates.map(candidate => ({
    host: candidate.name,
    refusal: refusalOf(candidate, request),
  }))
  const fitting = candidates.filter((_, index) => verdicts[index]?.refusal === null)
  const share = (c: Candidate) => free(c.ramMb) / Math.max(1, c.ramMb.total)
  const [best = null] = fitting.sort(
    (a, b) =>
      groupShare(b, request) - groupShare(a, request) ||
      share(b) - share(a) ||
      a.vms - b.vms ||
      (a.name < b.name ? -1 : 1),
  )
  return { best, verdicts }
}

/**
 * One sentence for the owner of the server, without the names of hosts:
 * "2 hosts: 1 too little RAM (needs 4096 MiB, free 1024), 1 disabled".
 */
export function explain(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'no host has registered yet'
  const groups = new Map<string, Refusal[]>()
  for (const { refusal } of verdicts)
    if (refusal) groups.set(refusal.why, [...(groups.get(refusal.why) ?? []), refusal])
  const parts = [...groups.values()].map(refusals => `${refusals.length} ${wordsFor(refusals)}`)
  return `${verdicts.length} host${verdicts.length === 1 ? '' : 's'}: ${parts.join(', ')}`
}

const AMOUNTS = { vcpus: ['vcpus', ''], ram: ['RAM', ' MiB'], disk: ['disk', ' GiB'] } as const

function wordsFor(refusals: readonly Refusal[]): string {
  const [first] = refusals
  switch (first?.why) {
    case 'disabled':
      return 'disabled'
    case 'down':
      return 'down'
    case 'other-host':
      return `not the host asked for`
    case 'other-zone':
      return `not in availability zone ${first.needs}`
    case 'group-apart':
      return `with ${first.most === 1 ? 'a member' : `${first.most} members`} of the server group already (anti-affinity)`
    case 'group-together':
      return 'without the members of the server group (affinity)'
    case 'vcpus':
    case 'ram':
    case 'disk': {
      const [name, unit] = AMOUNTS[first.why]
      const frees = refusals.map(refusal => ('free' in refusal ? refusal.free : 0))
      const [low, high] = [Math.min(...frees), Math.max(...frees)]
      return `too little ${name} (needs ${first.needs}${unit}, free ${low === high ? low : `${low}–${high}`})`
    }
    case undefined:
      return ''
  }
}
