/* A crowd of volumes living their lives (create, attach, detach, delete) against
 * one world, each with a caller that gives up at its deadline and asks again as
 * the sidecars do. */
#ifndef TESTS_LIB_CROWD_H
#define TESTS_LIB_CROWD_H

#include "tests/lib/ebs_world.h"

enum stage { CREATE, ATTACH, DETACH, DELETE, DONE };

struct crowd;

struct life {
	struct crowd *crowd;
	enum stage stage;
	char name[40];
	char volume[32];
	char last[512];		/* why the last try failed */
	const char *node;
	struct ec2_tag tag;
	int64_t began;		/* of the stage */
	int64_t backoff;
	struct timer again;
	struct ebs_create_volume create;
	struct ebs_attach attach;
	struct ebs_detach detach;
	struct ebs_delete_volume del;
};

struct crowd {
	struct world *w;
	struct life *lives;
	size_t n, done;
	bool ended;
	uint64_t timeouts, errors;
	int64_t longest[DONE];
	/* Is told of each stage that has ended well. NULL: nobody. */
	void (*check)(struct life *l);
	int64_t ended_at;
	int64_t *took[DONE];	/* of each life */
	int64_t *late[DONE];	/* from EC2's end of it to ours */
};

/* On nodes of its own, PER_NODE volumes each; begins at once. */
struct crowd *crowd_new(struct world *w, size_t n);
/* Not at once but one after the other, Poisson. Right after crowd_new. */
void crowd_spread(struct crowd *c, double per_second);
void crowd_free(struct crowd *c);

#endif
