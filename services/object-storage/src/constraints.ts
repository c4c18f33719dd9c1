/** swift/common/constraints.py; `GET /info` publishes them. */
export const constraints = {
  max_meta_name_length: 128,
  max_meta_value_length: 256,
  max_meta_count: 90,
  max_meta_overall_size: 4096,
  max_header_size: 8192,
  /** bytes */
  max_object_name_length: 1024,
  container_listing_limit: 10_000,
  account_listing_limit: 10_000,
  /** bytes */
  max_container_name_length: 256,
  max_account_name_length: 256,
  valid_api_versions: ['v1'],
}

/** The one storage policy there is, under the name that Swift gives its first. */
export const STORAGE_POLICY = 'Policy-0'
