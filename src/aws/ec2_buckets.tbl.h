/* EC2's request-rate buckets as far as our actions draw from them, with the
 * published defaults: what an account has at least, and where learning starts.
 *
 * EC2_BUCKET(ID, tokens when full, refill per second, most calls in flight) */
EC2_BUCKET(CREATE_VOLUME, 100, 5, 64)
EC2_BUCKET(DELETE_VOLUME, 100, 5, 64)
EC2_BUCKET(MUTATING, 50, 5, 64)
EC2_BUCKET(TAGS, 100, 10, 32)
EC2_BUCKET(DESCRIBE, 50, 10, 16)
