import { type Command, parseOptions } from '../command.ts'
import { guestImage } from '../setup/guest-image.ts'
import { ensureSystemPackages, PACKAGES_FOR } from '../setup/system-packages.ts'
import { say, seconds } from '../setup/terminal.ts'

export const image: Command = async args => {
  const { values } = parseOptions('image', args, { options: { json: { type: 'boolean' } } })
  await ensureSystemPackages(PACKAGES_FOR.image)
  const began = performance.now()
  const guest = await guestImage()
  if (guest.built) say(`  ✓ guest image built from Debian packages (${seconds(performance.now() - began)})`)
  console.log(
    values.json
      ? JSON.stringify(
          {
            path: guest.path,
            disk_format: guest.format,
            min_ram_mb: guest.minRamMb,
            min_disk_gb: guest.minDiskGb,
            user: guest.user,
          },
          null,
          2,
        )
      : guest.path,
  )
  return 0
}
