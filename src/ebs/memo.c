#include "ebs/memo.h"

#include "base/mem.h"

struct memo_entry {
	struct list link;
	int64_t at;
	char *key;
	char *value;
};

void memo_init(struct memo *m, size_t max, int64_t ttl_ms)
{
	map_init(&m->map);
	list_init(&m->order);
	m->n = 0;
	m->max = max;
	m->ttl_ms = ttl_ms;
}

static void drop(struct memo *m, struct memo_entry *e)
{
	list_del(&e->link);
	map_del(&m->map, e->key);
	m->n--;
	free(e->key);
	free(e->value);
	free(e);
}

void memo_fini(struct memo *m)
{
	list_for_each_safe(l, &m->order)
		drop(m, list_entry(l, struct memo_entry, link));
	map_fini(&m->map);
}

void memo_del(struct memo *m, const char *key)
{
	struct memo_entry *e = map_get(&m->map, key);

	if (e)
		drop(m, e);
}

static void expire(struct memo *m, int64_t now)
{
	list_for_each_safe(l, &m->order) {
		struct memo_entry *e = list_entry(l, struct memo_entry, link);

		if (now - e->at <= m->ttl_ms && m->n < m->max)
			return;
		drop(m, e);
	}
}

void memo_put(struct memo *m, const char *key, const char *value, int64_t now)
{
	struct memo_entry *e = xcalloc(1, sizeof(*e));

	e->key = xstrdup(key);
	e->value = xstrdup(value);
	e->at = now;
	memo_del(m, e->key);
	expire(m, now);
	map_put(&m->map, e->key, e);
	list_add_tail(&m->order, &e->link);
	m->n++;
}

int64_t memo_age(const struct memo *m, const char *key, int64_t now)
{
	const struct memo_entry *e = map_get(&m->map, key);

	return e && now - e->at <= m->ttl_ms ? now - e->at : INT64_MAX;
}

const char *memo_get(const struct memo *m, const char *key, int64_t now)
{
	const struct memo_entry *e = map_get(&m->map, key);

	return e && now - e->at <= m->ttl_ms ? e->value : NULL;
}
