#include "block/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static PRINTF_LIKE(2, 0) int vpath(char path[PATH_MAX], const char *fmt, va_list ap)
{
	int n = vsnprintf(path, PATH_MAX, fmt, ap);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

/* Serials are padded with blanks on either side. */
static void trim(char *s)
{
	size_t n = strcspn(s, "\n"), skip = 0;

	while (n && blank(s[n - 1]))
		n--;
	s[n] = '\0';
	while (blank(s[skip]))
		skip++;
	memmove(s, s + skip, n - skip + 1);
}

static int read_path(char *ret, size_t n, const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got;

	ret[0] = '\0';
	if (fd < 0)
		return -errno;
	got = read(fd, ret, n - 1);
	if (got < 0)
		return -errno;
	ret[got] = '\0';
	if ((size_t)got == n - 1 && !memchr(ret, '\n', (size_t)got)) {
		ret[0] = '\0';
		return -ENAMETOOLONG;
	}
	trim(ret);
	return 0;
}

int sysfs_read(char *ret, size_t n, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vpath(path, fmt, ap);
	va_end(ap);
	ret[0] = '\0';
	return rc < 0 ? rc : read_path(ret, n, path);
}

uint64_t sysfs_number(const char *fmt, ...)
{
	char path[PATH_MAX], text[32];
	va_list ap;
	char *end;
	uint64_t v;
	int rc;

	va_start(ap, fmt);
	rc = vpath(path, fmt, ap);
	va_end(ap);
	if (rc < 0 || read_path(text, sizeof(text), path) < 0)
		return 0;
	errno = 0;
	v = strtoull(text, &end, 10);
	return errno || end == text || *end ? 0 : v;
}

int sysfs_link_name(char *ret, size_t n, const char *fmt, ...)
{
	char path[PATH_MAX], to[PATH_MAX];
	const char *base;
	va_list ap;
	ssize_t got;
	int rc;

	va_start(ap, fmt);
	rc = vpath(path, fmt, ap);
	va_end(ap);
	ret[0] = '\0';
	if (rc < 0)
		return rc;
	got = readlink(path, to, sizeof(to) - 1);
	if (got < 0)
		return -errno;
	to[got] = '\0';
	base = strrchr(to, '/') ? strrchr(to, '/') + 1 : to;
	if (strlen(base) >= n)
		return -ENAMETOOLONG;
	memcpy(ret, base, strlen(base) + 1);
	return 0;
}

bool sysfs_exists(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vpath(path, fmt, ap);
	va_end(ap);
	return rc == 0 && access(path, F_OK) == 0;
}
