import { type Route, route } from '@caelum/http'
import { imageSchema, imagesSchema, memberSchema, membersSchema } from './documents.ts'

const documents = {
  image: imageSchema,
  images: imagesSchema,
  member: memberSchema,
  members: membersSchema,
}

/** python-glanceclient reads these before it creates or changes an image. */
export const schemaRoutes: Route[] = Object.entries(documents).map(([name, document]) =>
  route({
    operation: `image:schemas:${name}`,
    method: 'GET',
    path: `/v2/schemas/${name}`,
    summary: `JSON schema of ${name}`,
    handle: () => document,
  }),
)
