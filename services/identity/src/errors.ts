import { Problem, problem, problems } from '@caelum/kernel'

const conflict = (why: string) => new Problem('Conflict', 409, `Conflict occurred: ${why}`)

/** Words of keystone/exception.py where a client may look at them. */
export const errors = {
  /** the one answer to every refused login */
  unauthenticated: () => problems.unauthorized('The request you have made requires authentication.'),
  unsupportedMethod: () => problems.unauthorized('Attempted to authenticate with an unsupported method.'),
  scopeIsLent: () => problems.unauthorized('Lent rights have their own scope; ask for none.'),
  systemStays: problem(
    403,
    'ForbiddenAction',
    () => 'Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed.',
  ),
  tokenNotFound: problem(404, 'TokenNotFound', () => 'This is not a recognized token.'),
  tooManyRoles: problem(
    403,
    'Forbidden',
    (count: number) => `The ${count} roles held there do not fit into a token; take some away.`,
  ),
  tooManyLogins: () => problems.unavailable('Too many logins are waiting; please try again.', 1),
  tooManyFailures: (retryAfterS: number) =>
    new Problem('TooManyRequests', 429, 'Too many logins failed; please try again later.', {
      'retry-after': String(retryAfterS),
    }),
  /** only whoever knows the password gets to see it: keystone/exception.py, PasswordExpired */
  passwordExpired: (userId: string) =>
    problems.unauthorized(`The password is expired and needs to be changed for user: ${userId}.`),
  weakPassword: problem(
    400,
    'PasswordRequirementsValidationError',
    (what: string) => `The password does not match the requirements: ${what}.`,
  ),
  passwordUsedBefore: problem(
    400,
    'PasswordHistoryValidationError',
    (count: number) =>
      `The new password cannot be identical to a previous password. The total number which includes the new password must be unique is ${count}.`,
  ),
  passwordTooYoung: problem(
    400,
    'PasswordAgeValidationError',
    (minimum: number, left: number) =>
      `You cannot change your password at this time due to the minimum password age. Once you change your password, it must be used for ${minimum} day(s) before it can be changed. Please try again in ${left} day(s) or contact your administrator to reset your password.`,
  ),
  passwordLocked: problem(
    400,
    'PasswordSelfServiceDisabled',
    () =>
      'You cannot change your password at this time due to password policy disallowing password changes. Please contact your administrator to reset your password.',
  ),
  notFound: problem(404, 'NotFound', (kind: string, id: string) => `Could not find ${kind}: ${id}.`),
  nameTaken: (kind: string, name: string) =>
    conflict(`there is already a ${kind} called ${name} in this place; choose another name.`),
  domainEnabled: problem(
    403,
    'ForbiddenAction',
    () => 'Cannot delete a domain that is enabled, please disable it first.',
  ),
  defaultDomain: problem(403, 'ForbiddenAction', () => 'The default domain cannot be deleted or disabled.'),
  immutable: problem(
    403,
    'ResourceUpdateForbidden',
    (kind: string, id: string) =>
      `Unable to change or delete immutable ${kind} ${id}. Set its option immutable to false first.`,
  ),
  tooDeep: problem(
    403,
    'ForbiddenAction',
    (deepest: number) => `The project tree may be ${deepest} levels deep at most.`,
  ),
  hasChildren: problem(
    403,
    'ForbiddenAction',
    (id: string) => `Cannot delete project ${id} since it is not a leaf in the hierarchy.`,
  ),
  childEnabled: problem(
    403,
    'ForbiddenAction',
    (id: string) => `Cannot disable project ${id} since its subtree contains enabled projects.`,
  ),
  parentDisabled: problem(
    403,
    'ForbiddenAction',
    (id: string) => `Project ${id} cannot be enabled below a disabled project.`,
  ),
  cannotChange: problem(400, 'ValidationError', (field: string) => `The ${field} cannot be changed.`),
  parentElsewhere: problem(
    400,
    'ValidationError',
    () => 'The parent project is in another domain; create the project in its parent’s domain.',
  ),
  regionInUse: problem(
    403,
    'RegionDeletionError',
    (id: string) =>
      `Unable to delete region ${id} because it or its child regions have associated endpoints.`,
  ),
  regionInItself: problem(400, 'ValidationError', (id: string) => `Region ${id} cannot be below itself.`),
  noSuchPlace: problem(400, 'ValidationError', () => 'There is no such service or region; create it first.'),
  catalogNeedsProject: problem(
    403,
    'Forbidden',
    () => 'A project-scoped token is required to produce a service catalog.',
  ),
  limitTaken: (kind: string) => conflict(`there is already such a ${kind}; change that one.`),
  notRegistered: problem(
    403,
    'NoLimitReference',
    () => 'Unable to create a limit that has no corresponding registered limit.',
  ),
  registeredLimitInUse: problem(
    403,
    'RegisteredLimitError',
    (id: string) =>
      `Unable to update or delete registered limit ${id} because there are project limits associated with it.`,
  ),
  limitBreaksTree: problem(
    403,
    'InvalidLimit',
    () => 'Invalid resource limit: the limit of a project would be above that of its domain.',
  ),
  associatedAlready: (kind: string, id: string) =>
    conflict(`${kind} ${id} is associated with this project already.`),
  noPolicyAssociation: problem(404, 'NotFound', () => 'Could not find policy association.'),
  unknownDomainConfig: problem(
    403,
    'InvalidDomainConfig',
    (what: string) =>
      `Invalid domain specific configuration: ${what} is not supported for domain specific configurations.`,
  ),
  otherDomainConfig: problem(
    403,
    'InvalidDomainConfig',
    (name: string) =>
      `Invalid domain specific configuration: ${name}, and only that, must be in the configuration.`,
  ),
  emptyDomainConfig: problem(
    403,
    'InvalidDomainConfig',
    () => 'Invalid domain specific configuration: No options specified.',
  ),
  noDomainConfig: problem(
    404,
    'DomainConfigNotFound',
    ({
      domainId,
      group,
      name,
    }: {
      domainId: string
      group?: string | undefined
      name?: string | undefined
    }) =>
      `Could not find ${name ? `option ${name} in group ${group}` : group ? `group ${group}` : 'any options'} in domain configuration for domain ${domainId}.`,
  ),
  roleOfOtherDomain: problem(
    403,
    'DomainSpecificRoleMismatch',
    (kind: string, id: string, role: string) =>
      `The ${kind} ${id} must be in the same domain as the role ${role} being assigned.`,
  ),
  roleOnSystem: problem(
    400,
    'ValidationError',
    (role: string) => `Role ${role} is a domain-specific role and cannot be assigned on the system.`,
  ),
  notToBeImplied: problem(403, 'InvalidImpliedRole', (role: string) => `${role} cannot be an implied role.`),
  globalImpliesDomains: problem(
    403,
    'InvalidImpliedRole',
    () => 'A global role cannot imply a domain-specific role.',
  ),
  impliesItself: problem(
    403,
    'InvalidImpliedRole',
    (role: string) => `Role ${role} cannot be an implied role of itself, directly or by others.`,
  ),
  readOnlyDirectory: problem(
    403,
    'Forbidden',
    () =>
      'The people and groups of this domain are in a directory (LDAP), which is only read; change them there.',
  ),
  providerTaken: (id: string) =>
    conflict(`there is already an identity provider ${id}, or one with such a remote id; choose others.`),
  noSuchLogin: () =>
    problems.unauthorized('No such login was begun in this browser, or too long ago; please begin again.'),
  notADashboard: (origin: string) => problems.unauthorized(`${origin} is not a trusted dashboard host`),
  providerDisabled: problem(403, 'Forbidden', (id: string) => `Identity Provider ${id} is disabled`),
  providerNotAsked: problem(
    403,
    'Forbidden',
    (id: string) => `Identity Provider ${id} has no x_oidc: this service asks no other kind of provider.`,
  ),
  notAProvider: problem(
    400,
    'ValidationError',
    (issuer: string, why: string) => `${issuer} does not answer as an OpenID provider: ${why}`,
  ),
  noProtocol: problem(
    404,
    'NotFound',
    (provider: string, id: string) =>
      `Could not find federated protocol ${id} for Identity Provider: ${provider}.`,
  ),
  accessTaken: () => conflict('there is already a credential with this access key; choose another one.'),
  noOwner: problem(404, 'NotFound', () => 'Could not find the user or the project of the credential.'),
  notATime: problem(
    400,
    'ValidationTimeStampError',
    (text: string) => `Timestamp not in expected format: ${text}. It is 2026-01-31T12:00:00Z, in UTC.`,
  ),
  alreadyExpired: problem(400, 'ValidationExpirationError', () => 'The expires_at must not be before now.'),
  lentRights: problem(
    403,
    'ForbiddenAction',
    (what: string) =>
      `A token by lent rights (a restricted application credential, a trust, OAuth) cannot manage ${what}; log in as the user.`,
  ),
  nothingToLend: problem(
    403,
    'ForbiddenAction',
    () => 'An application credential is for the project or the system of the token; this one has neither.',
  ),
  roleNotHeld: problem(
    400,
    'ValidationError',
    (role: string) =>
      `Cannot create an application credential with unassigned role: role ${role} is not held here.`,
  ),
  tooManyAccessRules: problem(
    400,
    'ValidationError',
    (bytes: number, most: number) =>
      `The access rules take ${bytes} bytes, and ${most} fit into a token; use fewer, with * and **.`,
  ),
  trustWithoutRole: problem(403, 'ForbiddenAction', () => 'At least one role should be specified.'),
  redelegationTooDeep: problem(
    403,
    'Forbidden',
    (asked: number, most: number) =>
      `Requested redelegation depth of ${asked} is greater than allowed ${most}.`,
  ),
  redelegationRefused: problem(
    403,
    'Forbidden',
    (why: string) => `The trust of the token cannot be lent on like this: ${why}.`,
  ),
  authorizerWithoutRole: () => problems.unauthorized('The authorizing user does not have a role required.'),
  unsupportedGrantType: problem(
    400,
    'UnsupportedGrantType',
    (type: string) => `The parameter grant_type ${type} is not supported.`,
  ),
  noTokenFromLent: problem(
    403,
    'ForbiddenAction',
    (what: string) => `A token by ${what} makes no other; ask for a new one by ${what}.`,
  ),
  accessRuleInUse: problem(
    403,
    'Forbidden',
    (id: string) => `Access rule ${id} is used by an application credential; delete that first.`,
  ),
  justGone: () => conflict('something that it refers to was deleted meanwhile; please look again.'),
  wrongPassword: () => problems.unauthorized('The password given as the original one is wrong.'),
  badRequest: problems.badRequest,
}
