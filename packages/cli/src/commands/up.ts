import { type Command, CommandError, parseOptions, positiveInteger } from '../command.ts'
import { bringUp } from '../instance/bring-up.ts'
import { baseUrl, identityUrl } from '../instance/credentials.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import { API_SERVICES } from '../instance/services.ts'
import { ensureSystemPackages, PACKAGES_FOR } from '../setup/system-packages.ts'
import { say, seconds } from '../setup/terminal.ts'

export const up: Command = async args => {
  const { values } = parseOptions('up', args, {
    options: {
      ...DATA_OPTION,
      hosts: { type: 'string' },
      sim: { type: 'boolean' },
      json: { type: 'boolean' },
      'other-ports': { type: 'boolean' },
    },
  })
  if (process.getuid?.() !== 0)
    throw new CommandError('the lab network between the hosts needs root', 'sudo ./caelum up')
  const location = locationFrom(values.data)
  await ensureSystemPackages(values.sim ? PACKAGES_FOR.sim : PACKAGES_FOR.libvirt)
  const began = performance.now()
  const { settings, cloudsFile, rcFile } = await bringUp(
    location,
    {
      hypervisor: values.sim ? 'sim' : undefined,
      hosts: values.hosts === undefined ? undefined : positiveInteger(values.hosts, '--hosts', 32),
      usualPorts: !values['other-ports'],
    },
    unit => say(`  ✓ ${unit.name.padEnd(16)} ${seconds(unit.ready_after_ms ?? 0)}`),
  )
  const upMs = Math.round(performance.now() - began)
  const endpoints = Object.fromEntries(API_SERVICES.map(s => [s.catalogType, baseUrl(settings, s.name)]))
  if (values.json)
    console.log(
      JSON.stringify(
        {
          instance: location.id,
          data_dir: location.dataDir,
          auth_url: identityUrl(settings),
          user: 'admin',
          project: 'admin',
          clouds_file: cloudsFile,
          openrc: rcFile,
          gateway: baseUrl(settings, 'gateway'),
          endpoints,
          hosts: settings.hosts,
          hypervisor: settings.hypervisor,
          up_ms: upMs,
        },
        null,
        2,
      ),
    )
  else
    console.log(`The cloud is up (${seconds(upMs)}): ${settings.hosts} ${settings.hypervisor} ${settings.hosts === 1 ? 'host' : 'hosts'}.

  endpoint  ${identityUrl(settings)}  (all services by path: ${baseUrl(settings, 'gateway')})
  user      admin, project admin; password in ${cloudsFile}

  OS_CLIENT_CONFIG_FILE=${cloudsFile} openstack --os-cloud caelum server list
  or: . ${rcFile}`)
  return 0
}
