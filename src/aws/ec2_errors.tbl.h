/* EC2's error codes: how the client treats them (EC2 notes 4.4) and the gRPC
 * code that fits in general. A code that is not here is REFUSED and INTERNAL,
 * unless the HTTP status says the server failed.
 *
 * EC2_ERROR(code, fault, gRPC code) */

/* Refused by a bucket. */
EC2_ERROR("RequestLimitExceeded", THROTTLED, UNAVAILABLE)
EC2_ERROR("Throttling", THROTTLED, UNAVAILABLE)
EC2_ERROR("ThrottlingException", THROTTLED, UNAVAILABLE)
EC2_ERROR("ThrottledException", THROTTLED, UNAVAILABLE)
EC2_ERROR("RequestThrottledException", THROTTLED, UNAVAILABLE)
EC2_ERROR("RequestThrottled", THROTTLED, UNAVAILABLE)
EC2_ERROR("TooManyRequestsException", THROTTLED, UNAVAILABLE)
EC2_ERROR("ProvisionedThroughputExceededException", THROTTLED, UNAVAILABLE)
EC2_ERROR("TransactionInProgressException", THROTTLED, UNAVAILABLE)
EC2_ERROR("BandwidthLimitExceeded", THROTTLED, UNAVAILABLE)
EC2_ERROR("LimitExceededException", THROTTLED, UNAVAILABLE)
EC2_ERROR("SlowDown", THROTTLED, UNAVAILABLE)
EC2_ERROR("PriorRequestNotComplete", THROTTLED, UNAVAILABLE)
EC2_ERROR("EC2ThrottledException", THROTTLED, UNAVAILABLE)

/* The server failed; the call may have taken effect. */
EC2_ERROR("InternalError", UNKNOWN, UNAVAILABLE)
EC2_ERROR("InternalFailure", UNKNOWN, UNAVAILABLE)
EC2_ERROR("ServerInternal", UNKNOWN, UNAVAILABLE)
EC2_ERROR("Unavailable", UNKNOWN, UNAVAILABLE)
EC2_ERROR("ServiceUnavailable", UNKNOWN, UNAVAILABLE)
EC2_ERROR("RequestTimeout", UNKNOWN, UNAVAILABLE)
EC2_ERROR("RequestTimeoutException", UNKNOWN, UNAVAILABLE)
EC2_ERROR("RetryableError", UNKNOWN, UNAVAILABLE)

/* Credentials and clock. */
EC2_ERROR("AuthFailure", AUTH, UNAUTHENTICATED)
EC2_ERROR("IncompleteSignature", AUTH, UNAUTHENTICATED)
EC2_ERROR("SignatureDoesNotMatch", AUTH, UNAUTHENTICATED)
EC2_ERROR("MissingAuthenticationToken", AUTH, UNAUTHENTICATED)
EC2_ERROR("InvalidClientTokenId", AUTH, UNAUTHENTICATED)
EC2_ERROR("ExpiredToken", AUTH, UNAUTHENTICATED)
EC2_ERROR("RequestExpired", AUTH, UNAUTHENTICATED)
EC2_ERROR("InvalidSecurity.RequestHasExpired", AUTH, UNAUTHENTICATED)
EC2_ERROR("UnauthorizedOperation", REFUSED, INTERNAL)
EC2_ERROR("OptInRequired", REFUSED, PERMISSION_DENIED)
EC2_ERROR("PendingVerification", REFUSED, PERMISSION_DENIED)
EC2_ERROR("Blocked", REFUSED, PERMISSION_DENIED)
EC2_ERROR("TagPolicyViolation", REFUSED, PERMISSION_DENIED)

/* The request. */
EC2_ERROR("InvalidParameter", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("InvalidParameterCombination", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("InvalidParameterDependency", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("InvalidParameterValue", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("UnknownParameter", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("UnknownVolumeType", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("UnsupportedOperation", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("ValidationError", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("InvalidTagKey.Malformed", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("TagLimitExceeded", REFUSED, INVALID_ARGUMENT)
EC2_ERROR("EncryptedVolumesNotSupported", REFUSED, INVALID_ARGUMENT)

/* Objects that do not exist; an id of wrong shape cannot. */
EC2_ERROR("InvalidVolume.NotFound", REFUSED, NOT_FOUND)
EC2_ERROR("InvalidVolumeID.Malformed", REFUSED, NOT_FOUND)
EC2_ERROR("InvalidInstanceID.NotFound", REFUSED, NOT_FOUND)
EC2_ERROR("InvalidInstanceID.Malformed", REFUSED, NOT_FOUND)
EC2_ERROR("InvalidSnapshot.NotFound", REFUSED, NOT_FOUND)
EC2_ERROR("InvalidSnapshotID.Malformed", REFUSED, NOT_FOUND)
EC2_ERROR("InvalidAttachment.NotFound", REFUSED, NOT_FOUND)
EC2_ERROR("InvalidVolumeModification.NotFound", REFUSED, NOT_FOUND)

/* States. */
EC2_ERROR("VolumeInUse", REFUSED, FAILED_PRECONDITION)
EC2_ERROR("IncorrectState", REFUSED, FAILED_PRECONDITION)
EC2_ERROR("InvalidState", REFUSED, FAILED_PRECONDITION)
EC2_ERROR("IncorrectInstanceState", REFUSED, FAILED_PRECONDITION)
EC2_ERROR("InvalidVolume.ZoneMismatch", REFUSED, FAILED_PRECONDITION)
EC2_ERROR("InvalidVolumeID.ZoneMismatch", REFUSED, FAILED_PRECONDITION)
EC2_ERROR("IncorrectModificationState", REFUSED, UNAVAILABLE)
EC2_ERROR("CustomerKeyHasBeenRevoked", REFUSED, FAILED_PRECONDITION)
EC2_ERROR("IdempotentParameterMismatch", REFUSED, ALREADY_EXISTS)

/* Quotas and capacity. */
EC2_ERROR("AttachmentLimitExceeded", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("VolumeLimitExceeded", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("ResourceLimitExceeded", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("MaxIOPSLimitExceeded", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("VolumeIOPSLimit", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("VolumeModificationSizeLimitExceeded", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("SnapshotLimitExceeded", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("InsufficientVolumeCapacity", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("InsufficientCapacity", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("VolumeTypeNotAvailableInZone", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("InvalidZone.NotFound", REFUSED, RESOURCE_EXHAUSTED)
EC2_ERROR("InvalidAvailabilityZone", REFUSED, RESOURCE_EXHAUSTED)
