#include "block/blank.h"

#include <inttypes.h>
#include <string.h>

#define HINT_WIPE "; if it may be lost, wipe the volume (blkdiscard -z, or wipefs -a " \
		  "and zeros over its first MiB) and try again"

static enum probe_verdict refuse(struct err *err, enum grpc_code code, const char *reason,
				 const char *device, const char *why)
{
	err_set_reason(err, code, reason, "%s: not formatted and not mounted: %s", device, why);
	return PROBE_REFUSE;
}

static enum probe_verdict refuse_read(const struct probe_facts *f, int e, uint64_t at,
				      struct err *err)
{
	err_set_reason(err, GRPC_INTERNAL, e > 0 ? strerrorname_np(e) : "ShortRead",
		       "%s: not formatted and not mounted: reading at byte %" PRIu64
		       " failed: %s; a disk that cannot be read is never taken for blank",
		       f->device, at, e > 0 ? strerror(e) : "fewer bytes than there must be");
	return PROBE_REFUSE;
}

/* The ext4 driver mounts ext2 and ext3 as they are; nothing else fits another. */
static bool fits(const char *found, const char *wanted)
{
	return strcmp(found, wanted) == 0 ||
	       (strcmp(wanted, "ext4") == 0 &&
		(strcmp(found, "ext3") == 0 || strcmp(found, "ext2") == 0));
}

static enum probe_verdict decide_found(const struct probe_facts *f, const char *fs_type,
				       struct err *err)
{
	if (f->pttype[0]) {
		err_set_reason(err, GRPC_FAILED_PRECONDITION, "NotBlank",
			       "%s: not formatted and not mounted: it holds a partition table "
			       "(%s%s%s), and %s on the whole disk was asked for" HINT_WIPE,
			       f->device, f->pttype, f->type[0] ? ", and a signature of " : "",
			       f->type, fs_type);
		return PROBE_REFUSE;
	}
	if (!f->type[0])
		return refuse(err, GRPC_FAILED_PRECONDITION, "NotBlank", f->device,
			      "it holds a signature of no known type" HINT_WIPE);
	if (!fits(f->type, fs_type)) {
		err_set_reason(err, GRPC_FAILED_PRECONDITION, "OtherFileSystem",
			       "%s: not formatted and not mounted: it holds %s (%s), and %s was "
			       "asked for" HINT_WIPE, f->device, f->type,
			       f->usage[0] ? f->usage : "unknown use", fs_type);
		return PROBE_REFUSE;
	}
	if (f->bad_checksum) {
		err_set_reason(err, GRPC_INTERNAL, "BadChecksum",
			       "%s: not mounted: the checksum of its %s superblock is wrong: "
			       "the file system is damaged", f->device, f->type);
		return PROBE_REFUSE;
	}
	return PROBE_USE;
}

static enum probe_verdict refuse_data(const struct probe_facts *f, struct err *err)
{
	err_set_reason(err, GRPC_FAILED_PRECONDITION, "NotBlank",
		       "%s: not formatted: it has no known signature, but data (first at byte %"
		       PRIu64 "), so it is not blank for certain" HINT_WIPE,
		       f->device, f->data_at);
	return PROBE_REFUSE;
}

static enum probe_verdict decide_none(const struct probe_facts *f, bool ro, struct err *err)
{
	if (!f->blank_checked)
		return refuse(err, GRPC_INTERNAL, "Unchecked", f->device,
			      "that it is blank was not verified");
	if (f->blank_errno)
		return refuse_read(f, f->blank_errno, f->blank_at, err);
	if (!f->all_zero)
		return refuse_data(f, err);
	if (f->second_rc != PROBE_NONE)
		return refuse(err, GRPC_INTERNAL, "Unstable", f->device,
			      "two probes one after the other gave different answers");
	if (f->in_use)
		return refuse(err, GRPC_FAILED_PRECONDITION, "InUse", f->device,
			      "it is blank, but something has it open for itself");
	if (ro || f->read_only)
		return refuse(err, GRPC_FAILED_PRECONDITION, "ReadOnly", f->device,
			      f->read_only ? "it is blank and the device is read-only" :
					     "it is blank and a read-only mount was asked for");
	return PROBE_FORMAT;
}

enum probe_verdict probe_decide(const struct probe_facts *f, const char *fs_type, bool ro,
				struct err *err)
{
	if (f->bytes == 0)
		return refuse(err, GRPC_UNAVAILABLE, "NoSize", f->device,
			      "its size is 0: it is not ready");
	if (f->head_errno)
		return refuse_read(f, f->head_errno, f->head_at, err);
	if (f->rc == PROBE_FOUND)
		return decide_found(f, fs_type, err);
	if (f->rc == PROBE_NONE)
		return decide_none(f, ro, err);
	if (f->rc == PROBE_AMBIVALENT)
		return refuse(err, GRPC_FAILED_PRECONDITION, "Ambivalent", f->device,
			      "it holds signatures of several types" HINT_WIPE);
	return refuse(err, GRPC_INTERNAL, "ProbeError", f->device,
		      "libblkid could not probe it (a read error, or signatures of "
		      "several types)");
}
