/** The supervisor of one cloud: `node main.ts DATA_DIR`. `caelum up` starts it and detaches it. */
import { planCloud } from '../cloud/plan.ts'
import { locate } from '../instance/location.ts'
import { readSettings } from '../instance/settings.ts'
import { serve } from './serve.ts'

const location = locate(process.argv[2] ?? '')

await serve(location, async () => {
  const settings = readSettings(location)
  if (!settings) throw new Error(`${location.settingsFile} is missing; run: caelum up`)
  return planCloud(location, settings)
})
