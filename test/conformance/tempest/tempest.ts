/**
 * Tempest, OpenStack's own suite of tests, from Debian: a workspace of its own for one cloud, and what each of its tests
 * said. Tempest makes users and projects for itself with the administrator's account that it is given.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cloud } from '../../support/cloud.ts'

export interface Verdict {
  /** of a test, or `setUpClass (<class>)` */
  name: string
  result: 'ok' | 'FAILED' | 'SKIPPED'
  /** of a skip */
  reason: string
}

export interface TempestRun {
  verdicts: Verdict[]
  /** everything it printed, for a person who asks why */
  output: string
}

/** What Tempest tries of [security_compliance], short enough to be waited for. */
const COMPLIANCE = { lockoutAttempts: 3, lockoutSeconds: 5, lastPasswords: 2 }

/** For the services of the cloud that is tried. */
export const SETTINGS: Record<string, string> = {
  CAELUM_LOCKOUT_FAILURE_ATTEMPTS: String(COMPLIANCE.lockoutAttempts),
  CAELUM_LOCKOUT_DURATION: String(COMPLIANCE.lockoutSeconds),
  CAELUM_UNIQUE_LAST_PASSWORD_COUNT: String(COMPLIANCE.lastPasswords),
}

const CONCURRENCY = 2
const LONGEST_MS = 900_000

/**
 * @param select regular expression of test names
 * @param exclude file of regular expressions, one a line, each with its reason behind a `#`
 */
export async function tempest(cloud: Cloud, select: string, exclude: string): Promise<TempestRun> {
  const home = mkdtempSync(join(tmpdir(), 'caelum-tempest-'))
  const workspace = join(home, 'workspace')
  try {
    await command(['init', workspace], home)
    writeFileSync(join(workspace, 'etc', 'tempest.conf'), configOf(cloud, workspace), { mode: 0o600 })
    const args = ['run', '--regex', select, '--exclude-list', exclude, '--concurrency', String(CONCURRENCY)]
    // it ends with 1 when a test failed
    const output = await command(args, workspace, 1)
    return { verdicts: verdictsOf(output), output }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const VERDICT = /^\{\d+\} (.+?) \[[\d.]+s\] \.\.\. (ok|FAILED|SKIPPED)(?:: (.*))?$/

const verdictsOf = (output: string): Verdict[] =>
  output.split('\n').flatMap(line => {
    const [, name = '', result, reason = ''] = VERDICT.exec(line) ?? []
    return result ? [{ name: name.replace(/\[.*\]$/, ''), result: result as Verdict['result'], reason }] : []
  })

/** What this cloud is, and which of its abilities Tempest is to try (tempest/config.py). */
const configOf = (cloud: Cloud, workspace: string): string => `[DEFAULT]
log_file = tempest.log
[oslo_concurrency]
lock_path = ${join(workspace, 'lock')}
[auth]
use_dynamic_credentials = true
admin_username = admin
admin_password = ${cloud.adminPassword}
admin_project_name = admin
admin_domain_name = Default
tempest_roles = member
[identity]
auth_version = v3
uri_v3 = ${cloud.admin.urlOf('identity')}
region = RegionOne
user_lockout_failure_attempts = ${COMPLIANCE.lockoutAttempts}
user_lockout_duration = ${COMPLIANCE.lockoutSeconds}
user_unique_last_password_count = ${COMPLIANCE.lastPasswords}
[identity-feature-enabled]
api_v2 = false
api_v2_admin = false
trust = true
security_compliance = true
application_credentials = true
access_rules = true
[network]
[service_available]
cinder = false
neutron = true
glance = true
swift = true
nova = true
`

function command(args: string[], cwd: string, highestCode = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('tempest', args, {
      cwd,
      env: { HOME: cwd, PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_MS,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        output += text
      })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code !== null && code <= highestCode) resolve(output)
      else reject(new Error(`tempest ${args[0]} ended with ${signal ?? code}:\n${output.slice(-4_000)}`))
    })
  })
}
