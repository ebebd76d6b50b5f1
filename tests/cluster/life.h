/* The life of one volume as its users wish it: created, attached to one node after
 * the other while its pod moves, detached, deleted. */
#ifndef CLUSTER_LIFE_H
#define CLUSTER_LIFE_H

#include "sidecar.h"
#include "story.h"

enum place_state { PLACE_FREE, PLACE_COMING, PLACE_HELD, PLACE_LEAVING };

/* Where a pod with the volume is; two at a time while it moves, or with
 * multi-attach. */
struct place {
	struct life *life;
	enum place_state state;
	struct node *node;
	struct want publish, unpublish;
	struct timer leave;
};

enum life_state { LIFE_UNBORN, LIFE_CREATING, LIFE_LIVING, LIFE_DELETING, LIFE_OVER };

struct life {
	struct cluster *cluster;
	size_t number;
	enum life_state state;
	char name[24];
	char volume[32];	/* "" until CreateVolume was answered */
	char made[32];		/* the last one of its name in EC2 */
	int64_t created_at;	/* that answer */
	const char *zone;	/* NULL: anywhere, until it is there */
	int64_t size_gib;

	/* The script, drawn at birth. */
	bool multi;		/* multi-attach, on two nodes at once */
	bool overlap;		/* the next pod starts while the last one leaves */
	bool overtake;		/* DeleteVolume does not wait for the detach */
	bool resigns;		/* gives up after a final error of CreateVolume */
	unsigned int stays;	/* pods still to come */

	bool forgotten;		/* gave up: EC2 must have nothing of it */
	struct want create, remove;
	struct place place[2];
	struct timer birth;
	struct story story;
};

void life_init(struct life *l, struct cluster *c, size_t number);
void life_fini(struct life *l);
/* The node has died: pods on it go elsewhere after a while. */
void life_node_died(struct life *l, const struct node *n);
/* A client wants the volume there, or has not been told yet that it is gone. */
bool life_wants_place(const struct life *l, const char *instance);
/* The client has asked for the deletion, or never heard of the volume. */
bool life_may_be_deleted(const struct life *l);

#endif
