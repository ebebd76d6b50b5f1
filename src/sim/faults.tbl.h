/* Faults the model can be told to commit.
 *
 * SIM_FAULT(ID, name, actions, stage, HTTP status, EC2 code, text)
 *   actions  those it can happen to: EVERY, READS (of what changes), CREATES,
 *            ATTACHES, DETACHES
 *   stage  ANSWER_BEFORE  the action is not carried out; the answer is this
 *          ANSWER_AFTER   it is carried out; then the answer is this
 *          ACTION         the action itself goes differently (see model.h)
 *   A status of 0 is no answer at all. */
SIM_FAULT(THROTTLE, "throttle", EVERY, ANSWER_BEFORE, 503, "RequestLimitExceeded",
	  "Request limit exceeded.")
SIM_FAULT(ERROR, "error", EVERY, ANSWER_BEFORE, 500, "InternalError",
	  "An internal error has occurred")
SIM_FAULT(ERROR_AFTER, "error-after", EVERY, ANSWER_AFTER, 500, "InternalError",
	  "An internal error has occurred")
SIM_FAULT(UNAVAILABLE, "unavailable", EVERY, ANSWER_BEFORE, 503, "Unavailable",
	  "The service is unavailable. Please try again shortly.")
SIM_FAULT(AUTH, "auth", EVERY, ANSWER_BEFORE, 401, "AuthFailure",
	  "AWS was not able to validate the provided access credentials")
SIM_FAULT(EXPIRED, "expired", EVERY, ANSWER_BEFORE, 400, "RequestExpired",
	  "Request has expired.")
SIM_FAULT(DENIED, "denied", EVERY, ANSWER_BEFORE, 403, "UnauthorizedOperation",
	  "You are not authorized to perform this operation.")
SIM_FAULT(RESET_BEFORE, "reset-before", EVERY, ANSWER_BEFORE, 0, NULL, NULL)
SIM_FAULT(RESET_AFTER, "reset-after", EVERY, ANSWER_AFTER, 0, NULL, NULL)
SIM_FAULT(HANG_BEFORE, "hang-before", EVERY, ANSWER_BEFORE, 0, NULL, NULL)
SIM_FAULT(HANG_AFTER, "hang-after", EVERY, ANSWER_AFTER, 0, NULL, NULL)
SIM_FAULT(TRUNCATED, "truncated", EVERY, ANSWER_AFTER, 200, NULL, NULL)
SIM_FAULT(MALFORMED, "malformed", EVERY, ANSWER_AFTER, 200, NULL, NULL)
SIM_FAULT(HTML, "html", EVERY, ANSWER_BEFORE, 503, NULL, NULL)
SIM_FAULT(EMPTY, "empty", EVERY, ANSWER_BEFORE, 500, NULL, NULL)
SIM_FAULT(SLOW, "slow", EVERY, ACTION, 0, NULL, NULL)
SIM_FAULT(STALE, "stale", READS, ACTION, 0, NULL, NULL)
SIM_FAULT(INVISIBLE, "invisible", CREATES, ACTION, 0, NULL, NULL)
SIM_FAULT(CREATE_ERROR, "create-error", CREATES, ACTION, 0, NULL, NULL)
SIM_FAULT(CREATE_VANISH, "create-vanish", CREATES, ACTION, 0, NULL, NULL)
SIM_FAULT(ATTACH_STUCK, "attach-stuck", ATTACHES, ACTION, 0, NULL, NULL)
SIM_FAULT(DETACH_STUCK, "detach-stuck", DETACHES, ACTION, 0, NULL, NULL)
SIM_FAULT(NAME_TAKEN, "name-taken", ATTACHES, ACTION, 0, NULL, NULL)
SIM_FAULT(ATTACH_LIMIT, "attach-limit", ATTACHES, ACTION, 0, NULL, NULL)
SIM_FAULT(VOLUME_LIMIT, "volume-limit", CREATES, ACTION, 0, NULL, NULL)
