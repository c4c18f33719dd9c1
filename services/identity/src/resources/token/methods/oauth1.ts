import { z } from 'zod'
import type { OAuth1Service } from '../../oauth1/service.ts'
import { signedRequest } from '../../oauth1/signed-request.ts'
import type { Method } from './method.ts'

/** All that matters is in the Authorization header. */
export const OAuth1Block = z.object({})

/** keystone/auth/plugins/oauth1.py */
export const oauth1Method = (oauth: Pick<OAuth1Service, 'prove'>): Method<object> => ({
  async prove(_block, { ctx, request }) {
    const { id, user_id, project_id, role_ids, consumer_id, expires_at } = await oauth.prove(
      ctx,
      signedRequest(ctx, request),
    )
    return {
      userId: user_id,
      methods: ['oauth1'],
      delegation: {
        kind: 'oauth1',
        id,
        target: { kind: 'project', ref: { id: project_id } },
        roleIds: role_ids,
        expiresAt: expires_at.getTime(),
        claims: { oa: [id, consumer_id] },
      },
    }
  },
})
