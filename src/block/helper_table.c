#include <errno.h>
#include <libmount.h>
#include <string.h>

#include "base/str.h"
#include "block/helper.h"

static struct libmnt_table *read_table(struct child *c)
{
	struct libmnt_table *tb = mnt_new_table();
	int rc;

	if (!tb)
		abort();
	child_note(c, "reading the mount table");
	rc = mnt_table_parse_file(tb, "/proc/self/mountinfo");
	if (rc == 0)
		return tb;
	err_set_errno(&c->err, rc < 0 ? -rc : EIO, "read /proc/self/mountinfo");
	c->err.code = GRPC_INTERNAL;
	mnt_unref_table(tb);
	return NULL;
}

int table_device_at(struct child *c, const char *path, dev_t *ret)
{
	struct libmnt_table *tb = read_table(c);
	struct libmnt_fs *fs;

	if (!tb)
		return -1;
	fs = mnt_table_find_target(tb, path, MNT_ITER_BACKWARD);
	*ret = fs ? mnt_fs_get_devno(fs) : 0;
	mnt_unref_table(tb);
	return 0;
}

int table_count(struct child *c, dev_t devno, char *where, size_t n)
{
	struct libmnt_table *tb = read_table(c);
	struct libmnt_iter *it;
	struct libmnt_fs *fs;
	int count = 0;

	if (!tb)
		return -1;
	it = mnt_new_iter(MNT_ITER_FORWARD);
	if (!it)
		abort();
	while (mnt_table_next_fs(tb, it, &fs) == 0) {
		if (mnt_fs_get_devno(fs) != devno || count++ || !where)
			continue;
		strncpy(where, cstr_or(mnt_fs_get_target(fs), "?"), n - 1);
		where[n - 1] = '\0';
	}
	mnt_free_iter(it);
	mnt_unref_table(tb);
	return count;
}
