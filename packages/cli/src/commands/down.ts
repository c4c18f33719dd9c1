import { type Command, parseOptions } from '../command.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import { purge, takeDown } from '../instance/take-down.ts'

export const down: Command = async args => {
  const { values } = parseOptions('down', args, { options: { ...DATA_OPTION, purge: { type: 'boolean' } } })
  const location = locationFrom(values.data)
  const ran = await takeDown(location)
  if (values.purge) purge(location)
  const rest = values.purge ? 'its data is removed' : `its data is kept in ${location.dataDir}`
  console.log(ran ? `The cloud is down; ${rest}.` : `Nothing was running; ${rest}.`)
  return 0
}
