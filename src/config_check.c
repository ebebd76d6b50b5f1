/* Rules that go beyond one value's type and range. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
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

/* Keys that the driver sets itself. */
static int check_tag(const struct ec2_tag *tag, struct err *err)
{
	static const char *const names[] = { "CSIVolumeName", "CSIVolumeSnapshotName" };
	static const char *const prefixes[] = { "kubernetes.io", "ebs.csi.aws.com/", "aws:" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(tag->key, names[i]))
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "--extra-tags: the key \"%s\" is reserved", tag->key);
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(str_c(tag->key), prefixes[i]))
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "--extra-tags: \"%s\": keys that begin with \"%s\" are reserved",
				       tag->key, prefixes[i]);
	if (strlen(tag->key) > 128 || strlen(tag->value) > 256)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "--extra-tags: \"%s\": EC2 takes keys of up to 128 and values of up to 256 bytes",
			       tag->key);
	return 0;
}

/* Joins the deprecated list with the present one: one list from here on. */
static int check_tags(struct config *c, struct err *err)
{
	struct ec2_tags *to = &c->extra_tags, *old = &c->extra_volume_tags;
	struct ec2_tag *v = arena_array(&c->arena, to->n + old->n, sizeof(*v));

	if (old->n)
		memcpy(v, old->v, old->n * sizeof(*v));
	if (to->n)
		memcpy(v + old->n, to->v, to->n * sizeof(*v));
	to->v = v;
	to->n += old->n;
	for (size_t i = 0; i < to->n; i++)
		if (check_tag(&to->v[i], err) < 0)
			return -1;
	return 0;
}

static const char *lower(struct arena *a, const char *s)
{
	char *copy = arena_str(a, s);

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

/* "kubernetes" beside imds is what the Go driver's charts say; it would be tried
 * second. Alone it is something this version cannot do. */
static int check_metadata_sources(struct config *c, struct err *err)
{
	bool imds = false;

	if (!(c->mode & CONFIG_NODE))
		return 0;
	for (size_t i = 0; i < c->metadata_sources.n; i++) {
		const char *name = lower(&c->arena, c->metadata_sources.v[i]);

		c->metadata_sources.v[i] = name;
		imds = imds || !strcmp(name, "imds");
		if (strcmp(name, "imds") && strcmp(name, "kubernetes") &&
		    strcmp(name, "metadata-labeler"))
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "--metadata-sources: \"%s\" is none of imds, kubernetes, metadata-labeler",
				       name);
	}
	if (imds)
		return 0;
	return err_set(err, GRPC_UNIMPLEMENTED,
		       "--metadata-sources: this version has imds only; name it");
}

int config_check(struct config *c, struct err *err)
{
	if (check_logging_format(c, err) < 0 || check_limits(c, err) < 0 ||
	    check_tags(c, err) < 0 || check_metadata_sources(c, err) < 0)
		return -1;
	return 0;
}
