/* Inside of the scenarios churn and node. */
#ifndef BENCH_LIVES_H
#define BENCH_LIVES_H

#include "bench/load.h"

enum step {
	STEP_CREATE, STEP_PUBLISH, STEP_STAGE, STEP_MOUNT, STEP_UNMOUNT, STEP_UNSTAGE,
	STEP_UNPUBLISH, STEP_DELETE, STEPS,
};

/* What is kept of a life that is over. */
struct record {
	char volume[24];
	const char *node;
	int64_t took_us[STEPS];
};

struct lives {
	struct bench *bench;
	struct arrivals arrivals;
	bool node, phases;
	struct list all;	/* of struct life, those that are not over */
	uint64_t numbers;
	enum step phase;
	struct list todo;	/* of struct life, to begin this phase */
	uint64_t running;
	struct record *records;
	size_t n_records, cap_records;
};

struct life {
	struct op op;
	struct lives *lives;
	struct list link, todo;
	enum step at;
	enum bench_state state;
	char name[96];
	char *volume;		/* NULL: not known yet */
	const char *node;
	char *published;	/* the answer of ControllerPublishVolume, encoded */
	size_t n_published;
	int64_t intended_us;
	int64_t took_us[STEPS];
	struct want want;
	struct op_sleep hold;
};

/* DIR/NAME with what kubelet makes in it. */
/* The directory of all lives: made when its parent is there. */
int lives_check_directory(const char *dir, struct err *err);
int lives_make_directory(const struct life *l, struct err *err);
void lives_remove_directory(const struct life *l);

#endif
