/* Rules that go beyond one value's type and range. */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "config.h"

static int check_logging_format(struct config *c, struct err *err)
{
	if (!strcmp(c->logging_format, "text") || !strcmp(c->logging_format, "json"))
		return 0;
	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "--logging-format: \"%s\" is neither text nor json", c->logging_format);
}

static int check_limits(struct config *c, struct err *err)
{
	if (c->volume_attach_limit == -1 || c->reserved_volume_attachments == -1)
		return 0;
	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "--volume-attach-limit and --reserved-volume-attachments exclude each other");
}

/* One list from here on; the CSI layer reads it. */
static void join_tags(struct config *c)
{
	if (cstr_empty(c->extra_tags))
		c->extra_tags = c->extra_volume_tags;
	else if (!cstr_empty(c->extra_volume_tags))
		c->extra_tags = arena_printf(&c->arena, "%s,%s", c->extra_volume_tags,
					     c->extra_tags);
}

static bool is_source(struct str s, const char *name)
{
	return s.n == strlen(name) && !strncasecmp(s.p, name, s.n);
}

/* Leaves the sources that this version has. The others are what the Go driver's
 * charts name beside imds, to be tried later; the environment stands in for them.
 * Alone they are a wish that cannot be met. */
static int check_metadata_sources(struct config *c, struct err *err)
{
	struct str rest = str_c(c->metadata_sources);
	const char *kept = "";
	bool other = false;

	while (rest.p) {
		struct str s = str_trim(str_cut(&rest, ','));

		if (is_source(s, "imds") || is_source(s, "env"))
			kept = arena_printf(&c->arena, "%s%s%s", kept, *kept ? "," : "",
					    is_source(s, "env") ? "env" : "imds");
		else if (is_source(s, "kubernetes") || is_source(s, "metadata-labeler"))
			other = true;
		else if (s.n)
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "--metadata-sources: \"%.*s\" is none of imds, env, kubernetes, metadata-labeler",
				       STR(s));
	}
	if (!*kept)
		return err_set(err, GRPC_UNIMPLEMENTED,
			       "--metadata-sources: this version has imds and env; name one of them");
	c->metadata_sources = other && !strstr(kept, "env")
		? arena_printf(&c->arena, "%s,env", kept) : kept;
	return 0;
}

int config_check(struct config *c, struct err *err)
{
	join_tags(c);
	if (check_logging_format(c, err) < 0 || check_limits(c, err) < 0)
		return -1;
	return c->mode & CONFIG_NODE ? check_metadata_sources(c, err) : 0;
}
