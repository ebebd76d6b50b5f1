#include "block/helper_probe.h"

#include <blkid.h>
#include <errno.h>
#include <string.h>

/* All superblocks that Linux mounts begin in here (btrfs: 64 KiB + 4 KiB). */
#define HEAD (128u << 10)
#define BLANK_AREA (1u << 20)
#define CHUNK (64u << 10)

/* Reads [at, end) in full. 0, an errno, or -1 for a short read; *failed = where.
 * *data = first byte that is not zero, UINT64_MAX when there is none so far. */
static int read_area(int fd, uint64_t at, uint64_t end, uint64_t *failed, uint64_t *data)
{
	static uint8_t chunk[CHUNK];

	while (at < end) {
		size_t want = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
		ssize_t n = pread(fd, chunk, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		*failed = at;
		if (n != (ssize_t)want)
			return n < 0 ? errno : -1;
		for (size_t i = 0; *data == UINT64_MAX && i < want; i++)
			if (chunk[i])
				*data = at + i;
		at += want;
	}
	return 0;
}

static void copy_value(blkid_probe pr, const char *name, char ret[32])
{
	const char *s;

	ret[0] = '\0';
	if (blkid_probe_lookup_value(pr, name, &s, NULL) < 0)
		return;
	strncpy(ret, s, 31);
	ret[31] = '\0';
}

static int run_blkid(struct child *c, const struct device *d, struct probe *p)
{
	blkid_probe pr = blkid_new_probe();
	int rc;

	if (!pr || blkid_probe_set_device(pr, d->fd, 0, 0) < 0) {
		blkid_free_probe(pr);
		return err_set(&c->err, GRPC_INTERNAL, "%s: libblkid cannot probe it", d->path);
	}
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
					      BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(pr, 1);
	rc = blkid_do_safeprobe(pr);
	if (rc == PROBE_FOUND) {
		copy_value(pr, "TYPE", p->type);
		copy_value(pr, "PTTYPE", p->pttype);
		copy_value(pr, "USAGE", p->usage);
		p->facts.bad_checksum = blkid_probe_has_value(pr, "SBBADCSUM");
	}
	blkid_free_probe(pr);
	return rc < PROBE_AMBIVALENT ? PROBE_ERROR : rc;
}

static int check_blank(struct child *c, const struct device *d, struct probe *p)
{
	struct probe_facts *f = &p->facts;
	uint64_t head = d->bytes < BLANK_AREA ? d->bytes : BLANK_AREA;
	uint64_t data = UINT64_MAX;
	struct probe again = { 0 };

	child_note(c, "reading %s to be sure that it is blank", d->path);
	f->blank_checked = true;
	f->blank_errno = read_area(d->fd, 0, head, &f->blank_at, &data);
	if (f->blank_errno == 0)
		f->blank_errno = read_area(d->fd, d->bytes - head, d->bytes, &f->blank_at,
					   &data);
	f->all_zero = data == UINT64_MAX;
	f->data_at = data;
	f->second_rc = run_blkid(c, d, &again);
	return err_is_set(&c->err) ? -1 : 0;
}

int probe_device(struct child *c, const struct device *d, struct probe *p)
{
	struct probe_facts *f = &p->facts;
	uint64_t data = 0;

	f->device = d->path;
	f->bytes = d->bytes;
	f->read_only = d->ro;
	f->type = p->type;
	f->pttype = p->pttype;
	f->usage = p->usage;
	child_note(c, "probing %s", d->path);
	f->head_errno = read_area(d->fd, 0, d->bytes < HEAD ? d->bytes : HEAD, &f->head_at,
				  &data);
	if (f->head_errno || d->bytes == 0)
		return 0;
	f->rc = run_blkid(c, d, p);
	if (err_is_set(&c->err))
		return -1;
	return f->rc == PROBE_NONE ? check_blank(c, d, p) : 0;
}
