/** Under which the client secret of an identity provider is sealed. */
export const sealName = (id: string): string => `identity-provider:${id}`
