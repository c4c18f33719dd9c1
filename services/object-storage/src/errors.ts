import { problem } from '@caelum/kernel'

/** Everything the object storage API refuses. */
export const errors = {
  unauthorized: problem(
    401,
    'Unauthorized',
    () => 'This server could not verify that you are authorized to access the document you requested.',
  ),
  forbidden: problem(403, 'Forbidden', () => 'Access was denied to this resource.'),
  notFound: problem(404, 'NotFound', () => 'The resource could not be found.'),
  badRequest: problem(400, 'BadRequest', (why: string) => why),
  lengthRequired: problem(411, 'LengthRequired', () => 'Missing Content-Length header.'),
  tooLarge: problem(413, 'RequestEntityTooLarge', () => 'Your request is too large.'),
  quota: problem(413, 'RequestEntityTooLarge', () => 'Upload exceeds quota.'),
  precondition: problem(412, 'PreconditionFailed', (why: string) => why),
  notEmpty: problem(
    409,
    'Conflict',
    () => 'There was a conflict when trying to complete your request. The container is not empty.',
  ),
  wrongChecksum: problem(
    422,
    'UnprocessableEntity',
    () => 'Unable to process the contained instructions: the data does not have the ETag it was sent with.',
  ),
  rangeUnsatisfiable: problem(
    416,
    'RequestedRangeNotSatisfiable',
    () => 'The Range requested is not available.',
  ),
  notImplemented: problem(501, 'NotImplemented', (why: string) => why),
  clientDisconnect: problem(499, 'ClientDisconnect', () => 'The upload was broken off.'),
  timeout: problem(408, 'RequestTimeout', () => 'The server has waited too long for the request to be sent.'),
  storageFull: problem(507, 'InsufficientStorage', () => 'There was not enough space to save the resource.'),
  bytesMissing: problem(503, 'ServiceUnavailable', () => 'The data cannot be read just now.'),
}
