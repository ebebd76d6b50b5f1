#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/scrub.h"

/* Values are cut, so that the sum of a record (even all escaped) always fits. */
#define RECORD_MAX (1u << 20)
#define VALUE_MAX (8u << 10)

static struct {
	enum log_format format;
	enum log_level level;
	int fd;
	void (*hook)(enum log_area, enum log_level, const char *line);
} out = { LOG_FORMAT_TEXT, LOG_LEVEL_INFO, STDERR_FILENO, NULL };

static const char *const area_names[AREA_COUNT] = {
	[AREA_MAIN] = "main", [AREA_REACTOR] = "reactor", [AREA_NET] = "net",
	[AREA_H2] = "h2", [AREA_AWS] = "aws", [AREA_EC2] = "ec2", [AREA_EBS] = "ebs",
	[AREA_BLOCK] = "block", [AREA_CSI] = "csi", [AREA_SIM] = "sim", [AREA_CTL] = "ctl",
};

/* Letter of klog's header; verbosity as klog's "v". */
static const struct {
	char letter;
	int v;
} levels[] = {
	[LOG_LEVEL_ERROR] = { 'E', -1 }, [LOG_LEVEL_WARN] = { 'W', -1 },
	[LOG_LEVEL_INFO] = { 'I', 0 }, [LOG_LEVEL_DEBUG] = { 'I', 4 },
	[LOG_LEVEL_TRACE] = { 'I', 6 },
};

void log_setup(enum log_format format, enum log_level level, int fd)
{
	out.format = format;
	out.level = level;
	out.fd = fd;
}

bool log_enabled(enum log_area area, enum log_level level)
{
	return level <= out.level;
}

void log_set_hook(void (*hook)(enum log_area, enum log_level, const char *line))
{
	out.hook = hook;
}

/* ---- text ---- */

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static void text_header(struct buf *b, enum log_level level, const char *file, int line)
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	buf_printf(b, "%c%02d%02d %02d:%02d:%02d.%06ld %7d %s:%d] ", levels[level].letter,
		   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		   ts.tv_nsec / 1000, (int)getpid(), base_name(file), line);
}

/* klog's form of a value with line breaks. */
static void text_lines(struct buf *b, struct str value)
{
	buf_adds(b, "<\n");
	while (value.p) {
		struct str one = str_cut(&value, '\n');

		buf_printf(b, "\t%.*s\n", STR(one));
	}
	buf_adds(b, " >");
}

static void text_field(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, " %s=", key);
	if (memchr(value.p, '\n', value.n))
		text_lines(b, value);
	else
		encode_json(b, value);	/* near enough to Go's quoting */
}

/* ---- JSON ---- */

static void json_header(struct buf *b, enum log_area area, enum log_level level,
			const char *file, int line, struct str msg)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	buf_printf(b, "{\"ts\":%lld.%06ld,\"caller\":\"%s:%d\",\"msg\":",
		   (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, ts.tv_nsec % 1000000,
		   base_name(file), line);
	encode_json(b, msg);
	if (levels[level].v >= 0)
		buf_printf(b, ",\"v\":%d", levels[level].v);
	else
		buf_printf(b, ",\"level\":\"%s\"", level == LOG_LEVEL_WARN ? "warning" : "error");
	buf_printf(b, ",\"logger\":\"%s\"", area_names[area]);
}

static void json_field(struct buf *b, const char *key, struct str value)
{
	buf_addc(b, ',');
	encode_json(b, str_c(key));
	buf_addc(b, ':');
	encode_json(b, value);
}

/* ---- both ---- */

static void add_field(struct buf *b, const struct log_field *f)
{
	struct buf clean;

	if (!f->str) {
		buf_printf(b, out.format == LOG_FORMAT_JSON ? ",\"%s\":%lld" : " %s=%lld",
			   f->key, (long long)f->num);
		return;
	}
	buf_init(&clean, VALUE_MAX);
	if (scrub_key_is_secret(f->key))
		buf_adds(&clean, *f->str ? "***" : "");
	else
		scrub_text(&clean, str_c(f->str));
	if (out.format == LOG_FORMAT_JSON)
		json_field(b, f->key, buf_view(&clean));
	else
		text_field(b, f->key, buf_view(&clean));
	buf_fini(&clean);
}

static void add_fields(struct buf *b, const struct log_field *fields, size_t n)
{
	/* The error comes first, as klog has it. */
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].key, "err") == 0)
			add_field(b, &fields[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].key, "err") != 0)
			add_field(b, &fields[i]);
	}
}

static void emit(enum log_area area, enum log_level level, struct buf *b)
{
	ssize_t n;

	if (out.hook) {
		out.hook(area, level, buf_cstr(b));
		return;
	}
	buf_addc(b, '\n');
	do {
		n = write(out.fd, b->data, b->len);
	} while (n < 0 && errno == EINTR);
}

void log_write(enum log_area area, enum log_level level, const char *file, int line,
	       const struct log_field *fields, size_t n, const char *fmt, ...)
{
	struct buf raw, msg, b;
	int saved = errno;
	va_list ap;

	buf_init(&raw, VALUE_MAX);
	buf_init(&msg, VALUE_MAX);
	buf_init(&b, RECORD_MAX);
	va_start(ap, fmt);
	if (buf_vprintf(&raw, fmt, ap) < 0) {
		buf_reset(&raw);
		buf_adds(&raw, "(a text over the limit)");
	}
	va_end(ap);
	scrub_text(&msg, buf_view(&raw));
	if (out.format == LOG_FORMAT_JSON) {
		json_header(&b, area, level, file, line, buf_view(&msg));
	} else {
		text_header(&b, level, file, line);
		encode_json(&b, buf_view(&msg));
	}
	add_fields(&b, fields, n);
	if (out.format == LOG_FORMAT_JSON)
		buf_addc(&b, '}');
	emit(area, level, &b);
	buf_fini(&raw);
	buf_fini(&msg);
	buf_fini(&b);
	errno = saved;
}
