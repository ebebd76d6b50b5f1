#include "block/identity.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "block/sysfs.h"

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

void identity_serial(const char *volume_id, char *ret, size_t n)
{
	size_t used = 0;

	for (; *volume_id && used + 1 < n; volume_id++)
		if (*volume_id != '-')
			ret[used++] = *volume_id;
	ret[used] = '\0';
}

static int read_loop(const char *sysfs, struct identity *id)
{
	char file[PATH_MAX];
	const char *base;
	int rc = sysfs_read(file, sizeof(file), "%s/block/%s/loop/backing_file", sysfs,
			    id->disk);

	if (rc < 0)
		return -ENOENT;	/* no backing file: not attached */
	base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	if (!*base || strlen(base) >= sizeof(id->name))
		return -ENOENT;
	id->kind = BLOCK_LOOP;
	memcpy(id->name, base, strlen(base) + 1);
	return 0;
}

int identity_of_disk(const char *sysfs, const char *disk, struct identity *ret)
{
	struct identity id = { .kind = BLOCK_XEN };

	if (strlen(disk) >= sizeof(id.disk))
		return -ENOENT;
	memcpy(id.disk, disk, strlen(disk) + 1);
	memcpy(id.node, disk, strlen(disk) + 1);
	if (!sysfs_exists("%s/block/%s/dev", sysfs, disk) ||
	    sysfs_number("%s/block/%s/hidden", sysfs, disk))
		return -ENOENT;
	if (has_prefix(disk, "loop")) {
		if (read_loop(sysfs, &id) < 0)
			return -ENOENT;
	} else if (has_prefix(disk, "nvme")) {
		id.kind = BLOCK_NVME;
		if (sysfs_read(id.name, sizeof(id.name), "%s/block/%s/device/serial",
			       sysfs, disk) < 0 || !id.name[0])
			return -ENOENT;	/* empty for a moment while it arrives */
	} else if (has_prefix(disk, "xvd") || has_prefix(disk, "sd")) {
		memcpy(id.name, id.disk, sizeof(id.disk));
	} else {
		return -ENOENT;
	}
	*ret = id;
	return 0;
}

int identity_of_devno(const char *sysfs, dev_t devno, struct identity *ret)
{
	char node[32], disk[32];
	unsigned int maj = major(devno), min = minor(devno);
	uint64_t part;
	int rc;

	if (sysfs_link_name(node, sizeof(node), "%s/dev/block/%u:%u", sysfs, maj, min) < 0)
		return -ENODEV;
	memcpy(disk, node, sizeof(disk));
	part = sysfs_number("%s/dev/block/%u:%u/partition", sysfs, maj, min);
	if (part) {	/* ".../nvme1n1/nvme1n1p1": its disk is the directory above */
		char up[PATH_MAX], real[PATH_MAX];
		char *slash;

		snprintf(up, sizeof(up), "%s/dev/block/%u:%u/..", sysfs, maj, min);
		if (!realpath(up, real) || !(slash = strrchr(real, '/')) ||
		    strlen(slash + 1) >= sizeof(disk))
			return -ENODEV;
		memcpy(disk, slash + 1, strlen(slash + 1) + 1);
	}
	rc = identity_of_disk(sysfs, disk, ret);
	if (rc < 0)
		return rc;
	memcpy(ret->node, node, sizeof(node));
	ret->partition = (uint32_t)part;
	return 0;
}

/* /dev/sdX and /dev/xvdX are one name to EC2. */
static bool same_xen_name(const char *disk, const char *hint)
{
	const char *base = strrchr(hint, '/') ? strrchr(hint, '/') + 1 : hint;

	disk += has_prefix(disk, "xvd") ? 3 : 2;
	if (has_prefix(base, "xvd"))
		base += 3;
	else if (has_prefix(base, "sd"))
		base += 2;
	else
		return false;
	return *base && strcmp(disk, base) == 0;
}

static bool same_file(const char *name, const char *volume_id)
{
	size_t n = strlen(volume_id);

	return n && strncmp(name, volume_id, n) == 0 && (!name[n] || name[n] == '.');
}

bool identity_is(const struct identity *id, const struct identity_want *want)
{
	char serial[128];

	switch (id->kind) {
	case BLOCK_NVME:
		identity_serial(want->volume_id, serial, sizeof(serial));
		return serial[0] && strcmp(id->name, serial) == 0;
	case BLOCK_XEN:
		return want->hint && same_xen_name(id->name, want->hint);
	case BLOCK_LOOP:
		return want->allow_loop && same_file(id->name, want->volume_id);
	}
	return false;
}

void identity_describe(const struct identity *id, struct buf *out)
{
	static const char *const what[] = {
		[BLOCK_NVME] = "serial ", [BLOCK_XEN] = "Xen name ",
		[BLOCK_LOOP] = "backing file ",
	};

	buf_printf(out, "%s (%s%s)", id->node, what[id->kind], id->name);
}
