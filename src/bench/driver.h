/* The driver under load: started and stopped by us, or only watched. */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include <stdio.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "bench/result.h"
#include "reactor/watch.h"

/* What /proc says of a process at one moment. */
struct proc_sample {
	uint64_t rss, anon;	/* bytes */
	uint64_t threads, fds, switches;	/* voluntary context switches: wake-ups */
	double user_s, system_s, children_s;	/* CPU so far */
};
/* -1: it is gone, or not ours to look at. fds is counted only when asked for. */
int proc_sample(pid_t pid, bool count_fds, struct proc_sample *ret);

struct driver {
	struct reactor *reactor;
	pid_t pid;		/* 0: none */
	bool ours;		/* a child, leader of its process group */
	bool dead;
	int pidfd;
	struct watch *watch;	/* on pidfd */
	FILE *output;		/* what it has printed; no name in the file system */
	void (*on_death)(void *ctx);
	void *ctx;
};

/* Starts `command` by the shell in a process group of its own. on_death comes once,
 * if it ends before driver_stop. */
int driver_start(struct driver *d, struct reactor *r, const char *command,
		 void (*on_death)(void *ctx), void *ctx, struct err *err);
/* Watches one that runs. */
int driver_attach(struct driver *d, struct reactor *r, pid_t pid,
		  void (*on_death)(void *ctx), void *ctx, struct err *err);
/* SIGTERM to the group, SIGKILL after ms; returns when it is gone. One that is not
 * ours stays. No-op without a driver. */
void driver_stop(struct driver *d, int64_t ms);
/* Appends the last lines it printed, each after "  | ". */
void driver_last_words(struct driver *d, struct buf *out);

#endif
