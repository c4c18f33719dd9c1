import { describeContract } from './contract.ts'
import { makeLibvirtWorld } from './libvirt-world.ts'

describeContract('libvirt', makeLibvirtWorld)
