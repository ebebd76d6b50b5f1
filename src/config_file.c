/* The configuration file, read by inih. */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "config_options.h"

struct file {
	struct config_loader *loader;
	FILE *stream;
	int too_long;	/* bytes that fit on a line; 0: all did */
};

/* A line that inih cannot hold would be cut in two and read as something else. */
static char *read_line(char *line, int size, void *user)
{
	struct file *f = user;
	char *got = fgets(line, size, f->stream);
	size_t n = got ? strlen(got) : 0;

	if (n == (size_t)size - 1 && line[n - 1] != '\n')
		f->too_long = size - 2;
	return got;
}

/* The modes a section is for; "" is for all, 0 is no section of ours. */
static int section_modes(const char *section)
{
	static const struct {
		const char *name;
		int modes;
	} sections[] = {
		{ "", 1 << CONFIG_CONTROLLER | 1 << CONFIG_NODE | 1 << CONFIG_ALL },
		{ "controller", 1 << CONFIG_CONTROLLER },
		{ "node", 1 << CONFIG_NODE },
		{ "all", 1 << CONFIG_ALL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (!strcmp(section, sections[i].name))
			return sections[i].modes;
	return 0;
}

static int take_value(struct config_loader *l, const char *section, const char *name,
		      const char *value)
{
	const struct config_option *o = config_find(str_c(name));
	int modes = section_modes(section);
	enum config_mode mode = l->config->mode;

	if (!modes)
		return err_set(l->err, GRPC_INVALID_ARGUMENT,
			       "section [%s] is none of [controller], [node], [all]", section);
	if (!o || o->effect == EFFECT_ONCE)
		return err_set(l->err, GRPC_INVALID_ARGUMENT, "unknown option \"%s\"", name);
	/* One file may serve daemons of several modes. */
	if (!(modes & 1 << mode) || !(o->modes & (int)mode))
		return 0;
	return config_apply(l, o, FROM_FILE, value);
}

/* inih reads on after a 0 and answers the line of the first one. */
static int on_value(void *user, const char *section, const char *name, const char *value)
{
	struct file *f = user;

	if (err_is_set(f->loader->err))
		return 0;
	return take_value(f->loader, section, name, value) == 0;
}

static int parse_file(struct file *f, const char *path)
{
	struct err *err = f->loader->err;
	int line = ini_parse_stream(read_line, f, on_value, f);

	if (f->too_long)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s: a line is longer than %d bytes; lists and tags may be given on several lines",
			       path, f->too_long);
	if (err_is_set(err))
		return err_prefix(err, "%s, line %d", path, line);
	if (line != 0)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s, line %d: neither [section] nor name = value", path, line);
	return 0;
}

int config_apply_file(struct config_loader *l, const char *path, bool must_exist)
{
	struct file f = { .loader = l, .stream = fopen(path, "re") };
	int rc;

	if (!f.stream && errno == ENOENT && !must_exist)
		return 0;
	if (!f.stream)
		return err_set_errno(l->err, errno, "cannot read %s", path);
	rc = parse_file(&f, path);
	fclose(f.stream);
	return rc;
}
