/* Faults the model can be told to commit.
 *
 * SIM_FAULT(ID, name, stage, HTTP status, EC2 code, text)
 *   stage  ANSWER_BEFORE  the action is not carried out; the answer is this
 *          ANSWER_AFTER   it is carried out; then the answer is this
 *          ACTION         the action itself goes differently (see model.h)
 *   A status of 0 is no answer at all. */
SIM_FAULT(THROTTLE, "throttle", ANSWER_BEFORE, 503, "RequestLimitExceeded",
	  "Request limit exceeded.")
SIM_FAULT(ERROR, "error", ANSWER_BEFORE, 500, "InternalError",
	  "An internal error has occurred")
SIM_FAULT(ERROR_AFTER, "error-after", ANSWER_AFTER, 500, "InternalError",
	  "An internal error has occurred")
SIM_FAULT(UNAVAILABLE, "unavailable", ANSWER_BEFORE, 503, "Unavailable",
	  "The service is unavailable. Please try again shortly.")
SIM_FAULT(AUTH, "auth", ANSWER_BEFORE, 401, "AuthFailure",
	  "AWS was not able to validate the provided access credentials")
SIM_FAULT(EXPIRED, "expired", ANSWER_BEFORE, 400, "RequestExpired",
	  "Request has expired.")
SIM_FAULT(DENIED, "denied", ANSWER_BEFORE, 403, "UnauthorizedOperation",
	  "You are not authorized to perform this operation.")
SIM_FAULT(RESET_BEFORE, "reset-before", ANSWER_BEFORE, 0, NULL, NULL)
SIM_FAULT(RESET_AFTER, "reset-after", ANSWER_AFTER, 0, NULL, NULL)
SIM_FAULT(HANG_BEFORE, "hang-before", ANSWER_BEFORE, 0, NULL, NULL)
SIM_FAULT(HANG_AFTER, "hang-after", ANSWER_AFTER, 0, NULL, NULL)
SIM_FAULT(TRUNCATED, "truncated", ANSWER_AFTER, 200, NULL, NULL)
SIM_FAULT(MALFORMED, "malformed", ANSWER_AFTER, 200, NULL, NULL)
SIM_FAULT(HTML, "html", ANSWER_BEFORE, 503, NULL, NULL)
SIM_FAULT(EMPTY, "empty", ANSWER_BEFORE, 500, NULL, NULL)
SIM_FAULT(SLOW, "slow", ACTION, 0, NULL, NULL)
SIM_FAULT(STALE, "stale", ACTION, 0, NULL, NULL)
SIM_FAULT(INVISIBLE, "invisible", ACTION, 0, NULL, NULL)
SIM_FAULT(CREATE_ERROR, "create-error", ACTION, 0, NULL, NULL)
SIM_FAULT(CREATE_VANISH, "create-vanish", ACTION, 0, NULL, NULL)
SIM_FAULT(ATTACH_STUCK, "attach-stuck", ACTION, 0, NULL, NULL)
SIM_FAULT(DETACH_STUCK, "detach-stuck", ACTION, 0, NULL, NULL)
SIM_FAULT(NAME_TAKEN, "name-taken", ACTION, 0, NULL, NULL)
SIM_FAULT(ATTACH_LIMIT, "attach-limit", ACTION, 0, NULL, NULL)
SIM_FAULT(VOLUME_LIMIT, "volume-limit", ACTION, 0, NULL, NULL)
