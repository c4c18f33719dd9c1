import { problem } from '@caelum/kernel'

/** Everything the image API refuses; the words follow Glance where clients show or match them. */
export const errors = {
  imageNotFound: problem(404, 'ImageNotFound', (id: string) => `No image found with ID ${id}`),
  memberNotFound: problem(
    404,
    'MemberNotFound',
    (member: string, id: string) => `${member} not found in the member list of the image ${id}.`,
  ),
  tagNotFound: problem(404, 'TagNotFound', (tag: string) => `The image has no tag ${tag}.`),
  badRequest: problem(400, 'BadRequest', (why: string) => why),
  doesNotMatchSchema: problem(
    400,
    'InvalidObject',
    (why: string) => `Provided object does not match schema 'image': ${why}`,
  ),
  markerNotFound: problem(400, 'BadRequest', (id: string) => `Marker ${id} could not be found.`),
  readOnly: problem(403, 'ReadonlyProperty', (name: string) => `Attribute '${name}' is read-only.`),
  reserved: problem(403, 'ReservedProperty', (name: string) => `Attribute '${name}' is reserved.`),
  notRemovable: problem(403, 'Forbidden', (name: string) => `Property ${name} may not be removed.`),
  propertyMissing: problem(409, 'Conflict', (name: string) => `Property ${name} does not exist.`),
  propertyPresent: problem(409, 'Conflict', (name: string) => `Property ${name} already present.`),
  formatFixed: problem(
    403,
    'Forbidden',
    (name: string) => `Attribute ${name} can be only replaced for a queued image.`,
  ),
  locationsHidden: problem(
    403,
    'Forbidden',
    () => `It's not allowed to update locations: this cloud does not show them.`,
  ),
  notPermitted: problem(
    403,
    'Forbidden',
    (what: string, id: string) =>
      `You are not permitted to ${what} image ${id}: it belongs to another project.`,
  ),
  forbidden: problem(403, 'Forbidden', (why: string) => why),
  onlyPublicByAdmin: problem(403, 'Forbidden', () => 'Only an administrator may make an image public.'),
  protectedImage: problem(
    403,
    'Forbidden',
    (id: string) =>
      `Image ${id} is protected and cannot be deleted. Set its property protected to false first.`,
  ),
  idTaken: problem(409, 'Duplicate', (id: string) => `Image ID ${id} already exists!`),
  memberExists: problem(
    409,
    'Duplicate',
    (member: string, id: string) => `Member ${member} is duplicated for image ${id}`,
  ),
  uploadNotAllowed: problem(
    409,
    'InvalidImageStatusTransition',
    (status: string) => `Image status transition from ${status} to saving is not allowed`,
  ),
  wrongStatus: problem(
    403,
    'Forbidden',
    (what: string, status: string) => `Not allowed to ${what} image in status '${status}'`,
  ),
  deactivated: problem(
    403,
    'Forbidden',
    () => 'The requested image has been deactivated. Image data download is forbidden.',
  ),
  goneDuringUpload: problem(
    410,
    'Gone',
    (id: string) =>
      `Image ${id} could not be found after upload. The image may have been deleted during the upload.`,
  ),
  unsupportedType: problem(415, 'UnsupportedMediaType', (why: string) => why),
  formatMismatch: problem(415, 'InvalidImageData', (why: string) => `Image data does not fit: ${why}`),
  tooLarge: problem(
    413,
    'ImageSizeLimitExceeded',
    (limit: number) => `The image is larger than ${limit} bytes.`,
  ),
  storageFull: problem(413, 'StorageFull', () => 'Image storage media is full.'),
  quota: problem(
    413,
    'LimitExceeded',
    (what: string, limit: number) => `The quota of this project is exceeded: ${what}, the limit is ${limit}.`,
  ),
  uploadIdle: problem(408, 'RequestTimeout', () => 'No data came for too long; the upload was given up.'),
  rangeUnsatisfiable: problem(416, 'RangeNotSatisfiable', (size: number) => `The image has ${size} bytes.`),
  bytesMissing: problem(
    503,
    'StoreUnavailable',
    (id: string) => `The data of image ${id} cannot be read just now.`,
  ),
}
