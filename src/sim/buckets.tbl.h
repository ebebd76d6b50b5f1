/* EC2's request token buckets, default size and refill a second.
 *
 * SIM_BUCKET(ID, name, burst, rate) */
SIM_BUCKET(CREATE_VOLUME, "CreateVolume", 100, 5)
SIM_BUCKET(DELETE_VOLUME, "DeleteVolume", 100, 5)
SIM_BUCKET(MUTATING, "mutating", 50, 5)
SIM_BUCKET(DESCRIBE, "describe", 100, 20)
SIM_BUCKET(DESCRIBE_ALL, "describe-unfiltered", 50, 10)
SIM_BUCKET(CREATE_TAGS, "CreateTags", 100, 10)
SIM_BUCKET(DELETE_TAGS, "DeleteTags", 100, 10)
