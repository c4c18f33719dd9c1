import { z } from 'zod'
import { idText } from '../../collection.ts'

const text = z.string().max(8_192)

export const CreateKeyPair = z.object({ tenant_id: idText })

export const byUser = z.object({ user_id: idText })
export const byAccess = z.object({ user_id: idText, access: idText })

export const KeyPairReply = z.object({
  credential: z.object({
    access: z.string(),
    secret: z.string().nullable(),
    user_id: z.string(),
    tenant_id: z.string(),
    trust_id: z.string().nullable(),
  }),
})

/** Clients wrap it in any of three names: keystone/api/_shared/EC2_S3_Resource.py, handle_authenticate. */
const wrapped = <Z extends z.ZodType>(inner: Z) =>
  z
    .object({ credentials: inner.optional(), credential: inner.optional(), ec2Credentials: inner.optional() })
    .transform((it, context) => {
      const given = it.credentials ?? it.credential ?? it.ec2Credentials
      if (given !== undefined) return given
      context.addIssue({ code: 'custom', message: 'expecting to find credentials' })
      return z.NEVER
    })

export const SignedAccess = z.object({
  access: text,
  signature: text,
  verb: text.default(''),
  host: text.default(''),
  path: text.default(''),
  params: z.record(z.string(), text).default({}),
  headers: z.record(z.string(), text).default({}),
  body_hash: text.optional(),
})
export type SignedAccess = z.output<typeof SignedAccess>
export const Ec2Token = wrapped(SignedAccess)

/** `token` is the string that was signed, in URL-safe base64. */
export const SignedS3 = z.object({ access: text, token: z.string().max(65_535), signature: text })
export type SignedS3 = z.output<typeof SignedS3>
export const S3Token = wrapped(SignedS3)
