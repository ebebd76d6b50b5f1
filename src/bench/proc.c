#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "bench/driver.h"

#define STATUS_MAX 8192

static int read_proc(pid_t pid, const char *file, char *ret, size_t size)
{
	auto_free char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return -1;
	n = fread(ret, 1, size - 1, f);
	fclose(f);
	ret[n] = '\0';
	return n > 0 ? 0 : -1;
}

/* The number after "Name:" in /proc/PID/status; 0 when it is missing. */
static uint64_t status_value(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* Fields 14-17 of /proc/PID/stat; the name before may hold anything but the last ')'. */
static int read_cpu(pid_t pid, struct proc_sample *s)
{
	double tick = (double)sysconf(_SC_CLK_TCK);
	unsigned long long user, system;
	long long cuser, csystem;
	char text[1024], *at;

	if (read_proc(pid, "stat", text, sizeof(text)) < 0)
		return -1;
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %lld %lld",
			  &user, &system, &cuser, &csystem) != 4)
		return -1;
	s->user_s = (double)user / tick;
	s->system_s = (double)system / tick;
	s->children_s = (double)(cuser + csystem) / tick;
	return 0;
}

static uint64_t count_descriptors(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	uint64_t n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n > 2 ? n - 2 : 0;	/* "." and ".." */
}

int proc_sample(pid_t pid, bool count_fds, struct proc_sample *ret)
{
	char status[STATUS_MAX];

	*ret = (struct proc_sample){0};
	if (read_proc(pid, "status", status, sizeof(status)) < 0 || read_cpu(pid, ret) < 0)
		return -1;
	ret->rss = status_value(status, "VmRSS:") << 10;
	ret->anon = status_value(status, "RssAnon:") << 10;
	ret->threads = status_value(status, "Threads:");
	ret->switches = status_value(status, "\nvoluntary_ctxt_switches:");
	ret->fds = count_fds ? count_descriptors(pid) : 0;
	return 0;
}
