/* Checks of what a caller asks for, before anything starts; the helper repeats
 * them, since it believes nobody. */
#include <limits.h>
#include <string.h>

#include "block/block.h"

int block_check_path(const char *field, const char *path, struct err *err)
{
	struct str rest = str_c(path), part;

	if (cstr_empty(path))
		return err_set(err, GRPC_INVALID_ARGUMENT, "%s is missing", field);
	if (path[0] != '/')
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s \"%s\" is not an absolute path", field, path);
	if (rest.n >= PATH_MAX)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s is %zu bytes long, the limit is %d", field, rest.n,
			       PATH_MAX - 1);
	while (rest.p) {
		part = str_cut(&rest, '/');
		if (str_eq_c(part, ".."))
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "%s \"%s\" has a \"..\" in it", field, path);
	}
	if (strspn(path, "/") == strlen(path))
		return err_set(err, GRPC_INVALID_ARGUMENT, "%s is the root directory", field);
	return 0;
}

enum { EXT3 = 1, EXT4 = 2, XFS = 4, EXT = EXT3 | EXT4 };

static int fs_bit(const char *fs_type)
{
	if (cstr_eq(fs_type, "ext3"))
		return EXT3;
	if (cstr_eq(fs_type, "ext4"))
		return EXT4;
	return cstr_eq(fs_type, "xfs") ? XFS : 0;
}

static int check_value(const char *fs_type, const char *name, const char *value,
		       int allowed, struct err *err)
{
	static const char alnum[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (cstr_empty(value))
		return 0;
	if (strspn(value, alnum) != strlen(value) || strlen(value) > 31)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s: \"%s\" is not a number with an optional unit "
			       "(letters and digits, at most 31)", name, value);
	if (!(fs_bit(fs_type) & allowed))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s cannot be used with file system type %s", name, fs_type);
	return 0;
}

int block_check_format(const char *fs_type, const struct block_mkfs *m, struct err *err)
{
	if (!fs_bit(fs_type))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "file system type \"%s\" is not one of ext3, ext4, xfs",
			       cstr_or(fs_type, ""));
	if (check_value(fs_type, "blocksize", m->block_size, EXT | XFS, err) < 0 ||
	    check_value(fs_type, "inodesize", m->inode_size, EXT | XFS, err) < 0 ||
	    check_value(fs_type, "bytesperinode", m->bytes_per_inode, EXT, err) < 0 ||
	    check_value(fs_type, "numberofinodes", m->number_of_inodes, EXT, err) < 0 ||
	    check_value(fs_type, "ext4bigalloc", m->bigalloc ? "true" : NULL, EXT4, err) < 0 ||
	    check_value(fs_type, "ext4clustersize", m->cluster_size, EXT4, err) < 0 ||
	    check_value(fs_type, "ext4encryptionsupport", m->encryption ? "true" : NULL,
			EXT4, err) < 0)
		return -1;
	return 0;
}
