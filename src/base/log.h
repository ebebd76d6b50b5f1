/* Log records to one stream (stderr): an area, a level, a text, and fields.
 * Text form as klog's ("I1123 21:19:03.123456   4711 area.c:12] msg k=v"),
 * JSON form as the Go driver's --logging-format=json (one object a line:
 * ts, level, logger, msg, fields). Values of fields named like a secret and
 * AWS keys inside texts are scrubbed. Never blocks the loop for long: one
 * write(2) a record. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };

enum log_area {
	AREA_MAIN, AREA_REACTOR, AREA_NET, AREA_H2, AREA_AWS, AREA_EC2, AREA_EBS,
	AREA_BLOCK, AREA_CSI, AREA_SIM, AREA_CTL,
	AREA_COUNT
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Process-wide, set once at start. klog verbosity maps: -v 0-3 INFO,
 * 4-5 DEBUG, 6+ TRACE. Default: text, INFO, fd 2. */
void log_setup(enum log_format format, enum log_level level, int fd);
bool log_enabled(enum log_area area, enum log_level level);
/* Tests: every record goes to hook instead (NULL: back to the fd). */
void log_set_hook(void (*hook)(enum log_area, enum log_level, const char *line));

struct log_field {
	const char *key;
	const char *str;	/* used if not NULL */
	int64_t num;
};
#define LOG_S(k, v) { (k), (v) ? (v) : "", 0 }
#define LOG_I(k, v) { (k), NULL, (int64_t)(v) }

void log_write(enum log_area area, enum log_level level, const char *file, int line,
	       const struct log_field *fields, size_t n, const char *fmt, ...) PRINTF_LIKE(7, 8);

#define log_at(area, level, ...) \
	do { \
		if (log_enabled(area, level)) \
			log_write(area, level, __FILE__, __LINE__, NULL, 0, __VA_ARGS__); \
	} while (0)
#define log_error(area, ...) log_at(area, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(area, ...) log_at(area, LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(area, ...) log_at(area, LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(area, ...) log_at(area, LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_trace(area, ...) log_at(area, LOG_LEVEL_TRACE, __VA_ARGS__)

/* log_fields(AREA_CSI, LOG_LEVEL_INFO, "rpc done", LOG_S("method", m), LOG_I("ms", t)); */
#define log_fields(area, level, msg, ...) \
	do { \
		if (log_enabled(area, level)) { \
			const struct log_field log_f_[] = { __VA_ARGS__ }; \
			log_write(area, level, __FILE__, __LINE__, log_f_, \
				  ARRAY_SIZE(log_f_), "%s", msg); \
		} \
	} while (0)

#endif
