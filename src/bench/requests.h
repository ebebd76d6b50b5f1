/* CSI requests of the load, encoded. */
#ifndef BENCH_REQUESTS_H
#define BENCH_REQUESTS_H

#include "base/buf.h"
#include "bench/options.h"

void request_create(struct buf *out, const struct bench_options *o, const char *name,
		    const char *zone);
void request_publish(struct buf *out, const char *volume, const char *node);
void request_unpublish(struct buf *out, const char *volume, const char *node);
void request_delete(struct buf *out, const char *volume);
/* The node's share of a volume: context is what ControllerPublishVolume said (its
 * answer, encoded). */
void request_stage(struct buf *out, const char *volume, struct str published,
		   const char *staging);
void request_node_publish(struct buf *out, const char *volume, struct str published,
			  const char *staging, const char *target);
void request_node_unpublish(struct buf *out, const char *volume, const char *target);
void request_unstage(struct buf *out, const char *volume, const char *staging);

/* The volume id of a CreateVolume answer; NULL when there is none. The caller
 * frees. */
char *answer_volume_id(const struct buf *response);

#endif
