#include "sim/model_impl.h"

#include <string.h>

#define TAGS_MAX 50
#define KEY_MAX 127
#define VALUE_MAX 256
#define RESOURCES_MAX 1000

/* UTF-8 characters, not bytes, count. */
static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static int check_key(struct sim_call *c, const char *key)
{
	if (cstr_empty(key))
		return sim_refuse(c, "InvalidTagKey.Malformed", "A tag key must not be empty");
	if (strncmp(key, "aws:", 4) == 0)
		return sim_refuse(c, "InvalidTagKey.Malformed",
				  "Tag keys starting with 'aws:' are reserved: '%s'", key);
	if (characters(key) > KEY_MAX)
		return sim_refuse(c, "InvalidParameterValue",
				  "Tag key exceeds the maximum length of %d characters: '%s'",
				  KEY_MAX, key);
	return 0;
}

int sim_tags_check(struct sim_call *c, const struct ec2_tags *tags)
{
	if (tags->n > TAGS_MAX)
		return sim_refuse(c, "TagLimitExceeded",
				  "%zu tags exceed the limit of %d tags per resource",
				  tags->n, TAGS_MAX);
	for (size_t i = 0; i < tags->n; i++) {
		const struct ec2_tag *t = &tags->v[i];

		if (check_key(c, t->key) < 0)
			return -1;
		if (t->value && characters(t->value) > VALUE_MAX)
			return sim_refuse(c, "InvalidParameterValue",
					  "Tag value of '%s' exceeds the maximum length of %d characters",
					  t->key, VALUE_MAX);
		for (size_t j = 0; j < i; j++)
			if (strcmp(tags->v[j].key, t->key) == 0)
				return sim_refuse(c, "InvalidParameterValue",
						  "Duplicate tag key '%s' specified.", t->key);
	}
	return 0;
}

static struct sim_tag *find(const struct sim_tags *t, const char *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].key, key) == 0)
			return &t->v[i];
	return NULL;
}

const char *sim_tags_get(const struct sim_tags *t, const char *key)
{
	const struct sim_tag *tag = find(t, key);

	return tag ? tag->value : NULL;
}

void sim_tags_set(struct sim_tags *t, const char *key, const char *value)
{
	struct sim_tag *tag = find(t, key);

	if (!tag) {
		t->v = xrealloc(t->v, (t->n + 1) * sizeof(*t->v));
		tag = &t->v[t->n++];
		tag->key = xstrdup(key);
		tag->value = NULL;
	}
	free(tag->value);
	tag->value = xstrdup(cstr_or(value, ""));
}

void sim_tags_unset(struct sim_tags *t, size_t i)
{
	free(t->v[i].key);
	free(t->v[i].value);
	memmove(&t->v[i], &t->v[i + 1], (--t->n - i) * sizeof(*t->v));
}

void sim_tags_fini(struct sim_tags *t)
{
	while (t->n)
		sim_tags_unset(t, t->n - 1);
	free(t->v);
	t->v = NULL;
}

struct ec2_tags sim_tags_copy(const struct sim_tags *t, struct arena *arena)
{
	struct ec2_tags ret = { NULL, t->n };

	if (!t->n)
		return ret;
	ret.v = arena_array(arena, t->n, sizeof(*ret.v));
	for (size_t i = 0; i < t->n; i++) {
		ret.v[i].key = arena_str(arena, t->v[i].key);
		ret.v[i].value = arena_str(arena, t->v[i].value);
	}
	return ret;
}

/* ---- CreateTags, DeleteTags ---- */

static struct sim_tags *find_tags(struct sim_call *c, const char *id)
{
	if (cstr_empty(id))
		id = "";
	if (strncmp(id, "vol-", 4) == 0) {
		struct sim_volume *v = sim_volume_find(c, id);

		return v ? &v->tags : NULL;
	}
	if (strncmp(id, "i-", 2) == 0) {
		struct sim_instance *i = sim_instance_find(c, id);

		return i ? &i->tags : NULL;
	}
	if (sim_id_good(id, "snap-"))
		sim_refuse(c, "InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id);
	else
		sim_refuse(c, "InvalidID", "The ID '%s' is not valid", id);
	return NULL;
}

/* All or nothing: every resource is looked at before the first is changed. */
static int check_resources(struct sim_call *c, const struct ec2_strings *ids)
{
	if (ids->n == 0)
		return sim_refuse(c, "MissingParameter",
				  "The request must contain the parameter resourceIdSet");
	if (ids->n > RESOURCES_MAX)
		return sim_refuse(c, "InvalidParameterValue",
				  "%zu resources are more than the maximum of %d", ids->n,
				  RESOURCES_MAX);
	for (size_t i = 0; i < ids->n; i++)
		if (!find_tags(c, ids->v[i]))
			return -1;
	return 0;
}

static int check_room(struct sim_call *c, const struct ec2_create_tags *r)
{
	for (size_t i = 0; i < r->resource_ids.n; i++) {
		const struct sim_tags *t = find_tags(c, r->resource_ids.v[i]);
		size_t n = t->n;

		for (size_t j = 0; j < r->tags.n; j++)
			n += !find(t, r->tags.v[j].key);
		if (n > TAGS_MAX)
			return sim_refuse(c, "TagLimitExceeded",
					  "'%s' would have %zu tags; the limit is %d",
					  r->resource_ids.v[i], n, TAGS_MAX);
	}
	return 0;
}

int sim_create_tags(struct sim_call *c)
{
	const struct ec2_create_tags *r = &c->req->create_tags;

	if (r->tags.n == 0)
		return sim_refuse(c, "MissingParameter",
				  "The request must contain the parameter tagSet");
	if (sim_tags_check(c, &r->tags) < 0 || check_resources(c, &r->resource_ids) < 0 ||
	    check_room(c, r) < 0 || sim_dry_run(c, r->dry_run) < 0)
		return -1;
	for (size_t i = 0; i < r->resource_ids.n; i++)
		for (size_t j = 0; j < r->tags.n; j++)
			sim_tags_set(find_tags(c, r->resource_ids.v[i]), r->tags.v[j].key,
				     r->tags.v[j].value);
	c->a->resp.none.result = YES;
	return 0;
}

static bool named(const struct ec2_tags *wanted, const struct sim_tag *tag)
{
	if (wanted->n == 0)
		return strncmp(tag->key, "aws:", 4) != 0;
	for (size_t i = 0; i < wanted->n; i++)
		if (strcmp(wanted->v[i].key, tag->key) == 0 &&
		    (!wanted->v[i].value || strcmp(wanted->v[i].value, tag->value) == 0))
			return true;
	return false;
}

int sim_delete_tags(struct sim_call *c)
{
	const struct ec2_delete_tags *r = &c->req->delete_tags;

	for (size_t i = 0; i < r->tags.n; i++)
		if (check_key(c, r->tags.v[i].key) < 0)
			return -1;
	if (check_resources(c, &r->resource_ids) < 0 || sim_dry_run(c, r->dry_run) < 0)
		return -1;
	for (size_t i = 0; i < r->resource_ids.n; i++) {
		struct sim_tags *t = find_tags(c, r->resource_ids.v[i]);

		for (size_t j = t->n; j-- > 0; )
			if (named(&r->tags, &t->v[j]))
				sim_tags_unset(t, j);
	}
	c->a->resp.none.result = YES;
	return 0;
}
