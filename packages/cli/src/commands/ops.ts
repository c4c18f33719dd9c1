import { serverId } from '../client/server-id.ts'
import { type Command, CommandError, parseOptions } from '../command.ts'
import { adminSession } from '../instance/admin-session.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import { table } from '../setup/terminal.ts'

/** What `GET /v2.1/x/servers/{id}/ops` answers, as far as it is shown here: rows of the compute service's tables. */
type Explained = {
  server: Row
  vm: (Row & { host_name?: string; host_up?: boolean }) | null
  actions: { action: string; request_id: string; message: string | null; started_at: string }[]
  placements: { created_at: string; verdicts: { host: string; refusal: unknown }[]; host_id: string | null }[]
}

type Row = Record<string, unknown>

export const ops: Command = async args => {
  const { values, positionals } = parseOptions('ops', args, {
    allowPositionals: true,
    options: { ...DATA_OPTION, json: { type: 'boolean' } },
  })
  const [noun, verb, id, ...rest] = positionals
  if (noun !== 'server' || verb !== 'show' || !id || rest.length > 0)
    throw new CommandError('the words are: ops server show ID', 'caelum ops --help', 2)
  const admin = await adminSession(locationFrom(values.data))
  const explained = await admin.call<Explained>(
    'compute',
    'GET',
    `/x/servers/${await serverId(admin, id)}/ops`,
  )
  console.log(values.json ? JSON.stringify(explained, null, 2) : render(explained))
  return 0
}

/** Facts that exist on both sides, in the order of a server's life. */
const COMPARED = ['power', 'reboots_soft', 'reboots_hard']
const PROGRESS = [
  'tries',
  'next_try_at',
  'lease_until',
  'last_error',
  'fault',
  'request_id',
  'created_at',
  'updated_at',
]
const AGENT = ['host_name', 'host_up', 'seen_at', 'seen_step', 'seen_fault']

function render({ server, vm, actions, placements }: Explained): string {
  const compared = COMPARED.map(fact => [
    fact,
    show(server[`want_${fact}`]),
    show(vm?.[`want_${fact}`]),
    show(vm?.[`seen_${fact}`]),
  ])
  return [
    `${server['name']}  ${server['id']}  ${server['want_deleted'] ? '(to be deleted)' : ''}`.trimEnd(),
    table([
      ['', 'WANTED BY THE USER', 'WANTED OF THE HOST', 'SEEN BY THE AGENT'],
      ...compared,
      ['generation', show(server['generation']), show(vm?.['generation']), show(vm?.['seen_generation'])],
      ['all true up to', show(server['seen_generation']), '', ''],
    ]),
    table(PROGRESS.map(key => [key, show(server[key])])),
    vm
      ? table([['vm', show(vm['id'])], ...AGENT.map(key => [key, show(vm[key])])])
      : 'no vm: not placed on a host',
    `ports  ${show(server['seen_ports'])}`,
    [
      'PLACEMENTS',
      ...placements.map(({ created_at, verdicts }) => `${created_at}  ${verdicts.map(brief).join(', ')}`),
    ].join('\n'),
    table([
      ['EVENTS', '', '', ''],
      ...actions.map(({ started_at, action, request_id, message }) => [
        started_at,
        action,
        request_id,
        message ?? '',
      ]),
    ]),
  ].join('\n\n')
}

const brief = ({ host, refusal }: { host: string; refusal: unknown }): string =>
  refusal ? `${host} refused: ${show(refusal)}` : `${host} fits`

function show(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
