#include "bench/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/str.h"

#define LAST_WORDS 2000		/* bytes of its output that are shown */

static void on_exit_seen(void *ctx, int events)
{
	struct driver *d = ctx;

	(void)events;
	watch_close(d->watch);
	d->watch = NULL;
	d->dead = true;
	d->on_death(d->ctx);
}

static int follow(struct driver *d, struct reactor *r, pid_t pid,
		  void (*on_death)(void *ctx), void *ctx, struct err *err)
{
	d->reactor = r;
	d->on_death = on_death;
	d->ctx = ctx;
	d->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (d->pidfd < 0)
		return err_set_errno(err, errno, "process %d", (int)pid);
	d->pid = pid;
	d->watch = watch_new(r, d->pidfd, WATCH_READ, on_exit_seen, d);
	return 0;
}

static void run_child(const char *command, int output)
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* With exec the shell becomes the driver: its figures are the driver's. What is more
 * than one command with its words says so by itself where it wants that. */
static char *shell_line(const char *command)
{
	size_t word = strcspn(command, " \t");
	bool plain = !strpbrk(command, ";|&(){}!`\n") && !memchr(command, '=', word);

	return xasprintf("%s%s", plain ? "exec " : "", command);
}

int driver_start(struct driver *d, struct reactor *r, const char *command,
		 void (*on_death)(void *ctx), void *ctx, struct err *err)
{
	auto_free char *line = shell_line(command);
	pid_t pid;

	*d = (struct driver){ .pidfd = -1 };
	d->output = tmpfile();
	if (!d->output)
		return err_set_errno(err, errno, "a file for the output of the driver");
	pid = fork();
	if (pid == 0)
		run_child(line, fileno(d->output));
	if (pid < 0)
		return err_set_errno(err, errno, "fork for the driver");
	setpgid(pid, pid);
	d->ours = true;
	if (follow(d, r, pid, on_death, ctx, err) == 0)
		return 0;
	d->pid = pid;
	driver_stop(d, 0);
	return -1;
}

int driver_attach(struct driver *d, struct reactor *r, pid_t pid,
		  void (*on_death)(void *ctx), void *ctx, struct err *err)
{
	*d = (struct driver){ .pidfd = -1 };
	return follow(d, r, pid, on_death, ctx, err);
}

/* Waits until the pid is gone or ms have passed; true when it is gone. */
static bool reap(struct driver *d, int64_t ms)
{
	int64_t end = reactor_now(d->reactor) + ms;
	bool never = false;

	while (waitpid(d->pid, NULL, WNOHANG) == 0) {
		if (reactor_now(d->reactor) >= end)
			return false;
		reactor_run_until(d->reactor, &never, 10);
	}
	return true;
}

static void end_group(struct driver *d, int64_t ms)
{
	kill(-d->pid, SIGTERM);
	if (!reap(d, ms)) {
		kill(-d->pid, SIGKILL);
		waitpid(d->pid, NULL, 0);
	}
	kill(-d->pid, SIGKILL);		/* what it has left behind */
}

void driver_stop(struct driver *d, int64_t ms)
{
	watch_close(d->watch);
	d->watch = NULL;
	if (d->ours && d->pid > 0)
		end_group(d, ms);
	if (d->pidfd >= 0)
		close(d->pidfd);
	d->pidfd = -1;
	d->pid = 0;
	if (d->output)
		fclose(d->output);
	d->output = NULL;
}

void driver_last_words(struct driver *d, struct buf *out)
{
	char text[LAST_WORDS + 1];
	struct str rest;
	ssize_t n;
	off_t size;

	if (!d->output)
		return;
	size = lseek(fileno(d->output), 0, SEEK_END);
	n = pread(fileno(d->output), text, LAST_WORDS, size > LAST_WORDS ? size - LAST_WORDS : 0);
	rest = str_n(text, n > 0 ? (size_t)n : 0);
	if (size > LAST_WORDS)
		str_cut(&rest, '\n');	/* the line that was cut */
	while (rest.p && rest.n) {
		struct str line = str_cut(&rest, '\n');

		buf_printf(out, "  | %.*s\n", STR(line));
	}
}
