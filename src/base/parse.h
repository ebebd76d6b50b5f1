/* Strict readers of numbers and times. Each returns 0, or -1 and leaves *ret
 * alone: leading or trailing bytes, signs where none belong, and overflow are
 * errors. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

int parse_u64(struct str s, uint64_t *ret);	/* decimal digits only */
int parse_i64(struct str s, int64_t *ret);
int parse_double(struct str s, double *ret);	/* finite, decimal */
/* Go's strconv.ParseBool: 1 t T TRUE true True 0 f F FALSE false False. */
int parse_bool(struct str s, bool *ret);
/* Go's time.ParseDuration: "1h2m3.5s", "300ms", "-1s"; result in ms. */
int parse_duration_ms(struct str s, int64_t *ret);
/* RFC 3339 / ISO 8601 in UTC or with offset; result in ms since 1970. */
int parse_time_ms(struct str s, int64_t *ret);

#endif
