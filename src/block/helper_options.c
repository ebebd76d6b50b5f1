/* Mount options: libmount cuts the text (quotes and all), the table decides. */
#include <libmount.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>

#include "base/buf.h"
#include "block/helper.h"

#define OPTIONS_MAX 8192

enum option_class { OPTION_ATTR, OPTION_SKIP, OPTION_DENY };

static const struct option {
	const char *word;
	enum option_class cls;
	uint64_t set, clear;
	const char *why;
} options[] = {
#define ATTR(word, set, clear) { word, OPTION_ATTR, set, clear, NULL },
#define SKIP(word) { word, OPTION_SKIP, 0, 0, NULL },
#define DENY(word, why) { word, OPTION_DENY, 0, 0, why },
#include "block/mount_options.tbl.h"
#undef ATTR
#undef SKIP
#undef DENY
};

static const struct option *look_up(struct str name)
{
	static const struct option skip = { "x-", OPTION_SKIP, 0, 0, NULL };
	static const struct option deny = { "X-mount", OPTION_DENY, 0, 0,
					    "no work is done beside the mount" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (str_eq_c(name, options[i].word))
			return &options[i];
	if (str_starts(name, "X-mount"))
		return &deny;
	return str_starts(name, "x-") || str_starts(name, "X-") ? &skip : NULL;
}

static bool is_selinux(struct str name)
{
	return str_eq_c(name, "context") || str_eq_c(name, "fscontext") ||
	       str_eq_c(name, "defcontext") || str_eq_c(name, "rootcontext");
}

static int take(struct mount_options *m, struct buf *fs, struct str name, struct str value,
		struct err *err)
{
	const struct option *o = look_up(name);

	if (!o) {
		/* Superblock labels mean nothing where SELinux is off. */
		if (is_selinux(name) && access("/sys/fs/selinux", F_OK) < 0)
			return 0;
		buf_printf(fs, "%s%.*s%s%.*s", fs->len ? "," : "", STR(name),
			   value.p ? "=" : "", STR(value));
		return 0;
	}
	if (o->cls == OPTION_DENY)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "mount option \"%.*s\" is not allowed: %s", STR(name), o->why);
	if (o->cls == OPTION_SKIP)
		return 0;
	m->attr_set = (m->attr_set & ~o->clear) | o->set;
	m->attr_clear |= o->clear;
	if (str_eq_c(name, "ro") || str_eq_c(name, "rw")) {
		m->ro = str_eq_c(name, "ro");
		m->rw = !m->ro;
	}
	return 0;
}

int mount_options_parse(const char *text, struct mount_options *ret, struct err *err)
{
	char *rest = (char *)(uintptr_t)text, *name, *value;	/* only read */
	size_t n, value_n;
	struct buf fs;
	int rc = 0;

	memset(ret, 0, sizeof(*ret));
	buf_init(&fs, OPTIONS_MAX);
	while (rest && *rest && rc == 0) {
		rc = mnt_optstr_next_option(&rest, &name, &n, &value, &value_n);
		if (rc != 0) {	/* 1, as at the end, for an open quote too */
			rc = err_set(err, GRPC_INVALID_ARGUMENT,
				     "mount options \"%s\" cannot be read (an open quote?)",
				     text);
			break;
		}
		rc = take(ret, &fs, str_n(name, n), str_n(value, value ? value_n : 0), err);
	}
	if (rc >= 0 && fs.overflow)
		rc = err_set(err, GRPC_INVALID_ARGUMENT, "mount options are longer than %d",
			     OPTIONS_MAX);
	if (rc >= 0 && fs.len)
		ret->fs = buf_take(&fs);
	buf_fini(&fs);
	return rc < 0 ? -1 : 0;
}

void mount_options_fini(struct mount_options *m)
{
	free(m->fs);
	m->fs = NULL;
}
