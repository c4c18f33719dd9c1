import { z } from 'zod'
import { idText } from '../../collection.ts'

const text = z.string().max(65_535)
const Value = z.union([text, z.number(), z.boolean(), z.null(), z.array(text).max(1_000)])
export type Value = z.output<typeof Value>

const name = z.string().min(1).max(255)
/** group → option → value */
export const Config = z.record(name, z.record(name, Value))
export type Config = z.output<typeof Config>

export const WholeBody = z.object({ config: Config })
/** of one group as `{group: {...}}`; of one option as `{option: value}` */
export const OptionBody = z.object({ config: z.record(name, Value) })

export const InGroup = z.object({ id: idText, group: name })
export const AtOption = z.object({ id: idText, group: name, option: name })
export const DefaultGroup = z.object({ group: name })
export const DefaultOption = z.object({ group: name, option: name })

export const ConfigReply = z.object({ config: z.record(z.string(), z.unknown()) })
