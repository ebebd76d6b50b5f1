#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/lives.h"

static char *path_of(const struct life *l, const char *end)
{
	return xasprintf("%s/%s%s", l->lives->bench->opt->dir, l->name, end);
}

static int make(const char *path, struct err *err)
{
	if (mkdir(path, 0750) == 0 || errno == EEXIST)
		return 0;
	return err_set_errno(err, errno, "making %s", path);
}

int lives_check_directory(const char *dir, struct err *err)
{
	if (make(dir, err) < 0)
		return err_prefix(err, "--dir");
	if (access(dir, W_OK | X_OK) < 0)
		return err_set_errno(err, errno, "--dir: %s", dir);
	return 0;
}

int lives_make_directory(const struct life *l, struct err *err)
{
	auto_free char *parent = path_of(l, ""), *staging = path_of(l, "/staging");

	return make(parent, err) < 0 ? -1 : make(staging, err);
}

void lives_remove_directory(const struct life *l)
{
	auto_free char *parent = path_of(l, ""), *staging = path_of(l, "/staging"),
		  *target = path_of(l, "/target");

	rmdir(target);		/* the driver's to remove; harmless if it has */
	rmdir(staging);
	rmdir(parent);
}
