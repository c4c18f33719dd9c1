/** What the API says about one kind of resource; lists, filters, sorting and routes follow from it. */
export interface CollectionKind {
  /** key of one in a body, e.g. `security_group` */
  singular: string
  /** key of many, and of operations, e.g. `security_groups` */
  plural: string
  /** last part of the path, e.g. `security-groups` */
  path: string
  /** by the name in the API */
  attributes: Readonly<Record<string, Attribute>>
  tagged: boolean
}

export interface Attribute {
  /** conditions (Prisma's `where`) of rows that have one of these values; absent: no filter by this attribute */
  where?: (values: string[]) => object
  /** column to sort by; absent: not sortable */
  column?: string
}
