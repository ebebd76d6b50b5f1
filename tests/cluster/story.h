/* What clients did and saw of one volume, for the reader of a failure: the last
 * events, bounded; a call that gets the same answer again and again is one. */
#ifndef CLUSTER_STORY_H
#define CLUSTER_STORY_H

#include <stdint.h>

#include "base/buf.h"

#define STORY_EVENTS 48

struct story_event {
	int64_t at;
	const char *what;	/* static: "ControllerPublishVolume" */
	const char *node;	/* or NULL; lives as long as the model */
	int code;		/* of an answer; -1: a call or an event */
	char text[100];		/* of an error */
	unsigned int again;	/* an answer: so often more, the last time */
	int64_t until;
};

struct story {
	struct story_event *v;	/* ring of STORY_EVENTS, allocated with the first */
	unsigned int n;		/* ever, without repetitions */
};

struct sim_model;

void story_add(struct story *s, int64_t at, const char *what, const char *node, int code,
	       const char *text);
void story_fini(struct story *s);
/* The events merged by time with what EC2's model tells of the volume (may be "");
 * a line each. */
void story_tell(const struct story *s, const struct sim_model *m, const char *volume,
		struct buf *out);

#endif
