import { describeContract } from './contract.ts'
import { makeSimWorld } from './sim-world.ts'

describeContract('simulated', makeSimWorld)
