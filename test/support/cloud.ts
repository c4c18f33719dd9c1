/**
 * A cloud of a test's own, brought up by the command a person would use, in a folder of its own, on ports of its
 * own, beside whatever runs already; and removed with everything in it.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInstance } from '@caelum/lab'
import { eventually } from '../../packages/cli/src/client/eventually.ts'
import { Session } from '../../packages/cli/src/client/session.ts'
import { adminSession } from '../../packages/cli/src/instance/admin-session.ts'
import { ADMIN_PASSWORD } from '../../packages/cli/src/instance/credentials.ts'
import { type Location, locate } from '../../packages/cli/src/instance/location.ts'
import { readSecret } from '../../packages/cli/src/instance/secrets.ts'
import { askSupervisor, supervisorStatus } from '../../packages/cli/src/supervisor/control-client.ts'
import type { ControlRequest } from '../../packages/cli/src/supervisor/control-protocol.ts'
import { markedProcesses, signal } from '../../packages/cli/src/supervisor/process-table.ts'
import type { UnitStatus } from '../../packages/cli/src/supervisor/unit.ts'

const CAELUM = new URL('../../caelum', import.meta.url).pathname

export interface Cloud {
  dataDir: string
  location: Location
  admin: Session
  adminPassword: string
  /** a crash point armed by writing its name here kills the first process that passes it */
  crashFile: string
  /** a project of its own with one user, role member, and a quota that is no limit */
  tenant(name: string): Promise<Session>
  control(request: ControlRequest): Promise<void>
  /** what the supervisor says of everything it runs */
  units(): Promise<UnitStatus[]>
  /** pid of a running unit of the supervisor */
  pidOf(unit: string): Promise<number>
  /** SIGKILL to a running unit; resolves when the supervisor knows, which then starts it again */
  kill(unit: string): Promise<void>
  /** SIGKILL to the supervisor alone; what it runs goes on */
  killSupervisor(): Promise<void>
  /** SIGKILL to everything at once; what was written stays */
  losePower(): void
  /** `caelum up` once more */
  up(): Promise<void>
  down(): Promise<void>
}

export interface CloudOptions {
  hypervisor: 'sim' | 'libvirt'
  hosts?: number
  /** of its services */
  settings?: Record<string, string>
}

/** @throws with the output of `caelum up` when that fails */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const dataDir = mkdtempSync(join(tmpdir(), 'caelum-cloud-'))
  const crashFile = join(dataDir, 'crash')
  const flags = ['--data', dataDir, '--other-ports', '--hosts', String(options.hosts ?? 2)]
  if (options.hypervisor === 'sim') flags.push('--sim')
  // should we be killed, the next test run finds and removes what is left of it
  await openInstance(dataDir, { ephemeral: true })
  const settings = Object.entries(options.settings ?? {})
  writeFileSync(join(dataDir, 'caelum.env'), settings.map(([name, value]) => `${name}=${value}\n`).join(''))
  const down = async () => {
    await caelum(['down', '--purge', '--data', dataDir])
    rmSync(dataDir, { recursive: true, force: true })
  }
  const up = async () => {
    await caelum(['up', ...flags], { CAELUM_CRASH_FILE: crashFile })
  }
  await up().catch(async error => {
    await down()
    throw error
  })
  const location = locate(dataDir)
  const admin = await adminSession(location)
  const units = async () => (await supervisorStatus(location.controlSocket))?.units ?? []
  const pidOf = async (name: string): Promise<number> => {
    const unit = (await units()).find(one => one.name === name)
    if (!unit?.pid) throw new Error(`unit ${name} does not run`)
    return unit.pid
  }
  return {
    dataDir,
    location,
    admin,
    adminPassword: readSecret(location, ADMIN_PASSWORD) ?? '',
    crashFile,
    tenant: name => makeTenant(admin, name),
    async control(request) {
      const answer = await askSupervisor(location.controlSocket, request)
      if (!answer?.ok)
        throw new Error(`the supervisor refused ${request.op}: ${answer?.error ?? 'no answer'}`)
    },
    units,
    pidOf,
    async kill(name) {
      const pid = await pidOf(name)
      process.kill(pid, 'SIGKILL')
      await eventually(`the supervisor to notice that ${name} was killed`, 10_000, async () =>
        (await units()).some(unit => unit.name === name && unit.pid === pid) ? undefined : true,
      )
    },
    async killSupervisor() {
      const status = await supervisorStatus(location.controlSocket)
      if (!status) throw new Error('no supervisor runs')
      process.kill(status.pid, 'SIGKILL')
    },
    losePower() {
      // the supervisor first, or it would start again what ends
      const all = markedProcesses(location.id).sort((a, b) => rank(a) - rank(b))
      for (const one of all) signal(one, 'SIGKILL')
    },
    up,
    down,
  }
}

const rank = ({ unit }: { unit: string }): number => (unit === 'supervisor' ? 0 : 1)

/** Runs the command line as a person would. @returns its standard output */
export function caelum(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  return run(CAELUM, args, env)
}

export function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let all = ''
    child.stdout.on('data', data => {
      out += data
      all += data
    })
    child.stderr.on('data', data => {
      all += data
    })
    child.on('error', reject)
    child.on('close', code =>
      code === 0
        ? resolve(out)
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${all}`)),
    )
  })
}

async function makeTenant(admin: Session, name: string): Promise<Session> {
  const password = `${name}-secret-1`
  const { project } = await admin.call<{ project: { id: string } }>('identity', 'POST', '/projects', {
    project: { name },
  })
  const { user } = await admin.call<{ user: { id: string } }>('identity', 'POST', '/users', {
    user: { name, password, default_project_id: project.id },
  })
  const { roles } = await admin.call<{ roles: { id: string }[] }>('identity', 'GET', '/roles?name=member')
  await admin.send('identity', 'PUT', `/projects/${project.id}/users/${user.id}/roles/${roles[0]?.id}`)
  await admin.call('network', 'PUT', `/v2.0/quotas/${project.id}`, { quota: { port: -1 } })
  await admin.call('compute', 'PUT', `/os-quota-sets/${project.id}`, {
    quota_set: { instances: -1, cores: -1, ram: -1 },
  })
  return Session.open({ authUrl: admin.urlOf('identity'), user: name, password, project: name })
}

/** What a service wrote to its log so far. */
export const logOf = (cloud: Cloud, unit: string): string =>
  readFileSync(join(cloud.dataDir, 'log', `${unit}.log`), 'utf8')
