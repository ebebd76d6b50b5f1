/* The whole state of a model as text and back: volumes, attachments, tags, client
 * tokens, instances, what is due when, buckets, counters, faults, random numbers.
 * A model that was read back goes on exactly as the one that was written would
 * have; only the stories of volumes and the times of operations begin anew.
 *
 * The text is a line of JSON for each object, the first one naming format and
 * version, the last one a checksum of all before. Its members are no interface;
 * the version changes with them. */
#ifndef SIM_SNAPSHOT_H
#define SIM_SNAPSHOT_H

#include "base/buf.h"
#include "base/str.h"
#include "sim/model.h"

#define SIM_SNAPSHOT_VERSION 1
#define SIM_SNAPSHOT_MAX (1u << 30)	/* bytes */

void sim_snapshot_write(const struct sim_model *m, struct buf *out);

/* A model with delays, buckets and quotas of c, whose region and account must be
 * those of the text; zones, epoch and all else are the text's. NULL and
 * INVALID_ARGUMENT (not such a text, another version, damaged) or
 * FAILED_PRECONDITION (of another region, account or other zones than c's, if
 * it has any). */
struct sim_model *sim_snapshot_read(struct str text, const struct sim_config *c,
				    struct err *err);

/* ---- in a file ---- */

/* Replaces the file as a whole or leaves it alone. Blocks while it writes. */
int sim_snapshot_save(const struct sim_model *m, const char *path, struct err *err);
struct sim_model *sim_snapshot_load(const char *path, const struct sim_config *c,
				    struct err *err);

#endif
