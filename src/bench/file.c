#include "bench/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

static int read_all(int fd, const char *path, struct buf *ret, struct err *err)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, errno, "%s: cannot read it", path);
		if (buf_add(ret, chunk, (size_t)n) < 0)
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "%s: larger than the %zu MiB a result may have", path,
				       ret->max >> 20);
	}
	return 0;
}

int bench_file_read(const char *path, struct buf *ret, struct err *err)
{
	auto_close int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", ret, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, errno, "%s: cannot open it", path);
	return read_all(fd, path, ret, err);
}

static int write_all(int fd, const struct buf *text)
{
	size_t at = 0;
	ssize_t n;

	while (at < text->len) {
		n = write(fd, text->data + at, text->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

/* A descriptor that is no file of ours to replace. */
static int write_through(const char *path, const struct buf *text, struct err *err)
{
	bool to_stdout = strcmp(path, "-") == 0;
	auto_close int opened = to_stdout ? -1 : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int fd = to_stdout ? STDOUT_FILENO : opened;

	if (fd < 0 || write_all(fd, text) < 0)
		return err_set_errno(err, errno, "%s: cannot write it",
				     to_stdout ? "standard output" : path);
	return 0;
}

static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int fill_beside(int fd, const struct buf *text, const char *beside, const char *path)
{
	if (fchmod(fd, usual_mode()) < 0 || write_all(fd, text) < 0 || fsync(fd) < 0)
		return -1;
	return rename(beside, path);
}

static int replace(const char *path, const struct buf *text, struct err *err)
{
	auto_free char *beside = xasprintf("%s.XXXXXX", path);
	auto_close int fd = mkostemp(beside, O_CLOEXEC);
	int why;

	if (fd < 0)
		return err_set_errno(err, errno, "%s: cannot create a file in its folder", path);
	if (fill_beside(fd, text, beside, path) == 0)
		return 0;
	why = errno;
	unlink(beside);
	return err_set_errno(err, why, "%s: cannot write it, nothing of it was kept", path);
}

int bench_file_write(const char *path, const struct buf *text, struct err *err)
{
	auto_free char *real = NULL;
	struct stat st;

	if (text->overflow)
		return err_set(err, GRPC_RESOURCE_EXHAUSTED,
			       "%s: the report is larger than %zu MiB, nothing was written", path,
			       text->max >> 20);
	if (strcmp(path, "-") == 0)
		return write_through(path, text, err);
	if (stat(path, &st) < 0)
		return replace(path, text, err);
	if (S_ISDIR(st.st_mode))
		return err_set_errno(err, EISDIR, "%s: cannot write it", path);
	if (!S_ISREG(st.st_mode))
		return write_through(path, text, err);
	real = realpath(path, NULL);	/* a link stays a link */
	return replace(real ? real : path, text, err);
}
