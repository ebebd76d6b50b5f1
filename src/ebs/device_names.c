#include "ebs/device_names.h"

#include <stdio.h>
#include <string.h>

#include "base/defect.h"
#include "base/mem.h"
#include "base/str.h"

#define FRESH_MS (30 * 60 * 1000)	/* a mapping may be relied on */
#define SETTLE_MS 30000			/* EC2's views may lag behind each other */
#define BAD_MS (60 * 60 * 1000)
#define NODES_MAX 10000

static const struct group {
	const char *prefix;
	char first, last;
} groups[] = {
	{ "/dev/xvda", 'a', 'z' },
	{ "/dev/xvdb", 'a', 'z' },
	{ "/dev/xvdd", 'a', 'x' },
	{ "/dev/xvd", 'b', 'z' },
	{ "/dev/sd", 'b', 'z' },
	{ "/dev/sda", '2', '2' },
};

/* Ranges that are gone through one after the other; next fit inside each. */
static const unsigned int ranges[][2] = {
	{ 0, 52 }, { 52, 76 }, { 76, 101 }, { 101, 126 }, { 126, 127 },
};

struct slot {
	char volume[24];
	char device[DEVICE_NAME_SIZE];
	int64_t since;
	bool held;	/* by an operation that runs */
};

struct bad_name {
	char device[DEVICE_NAME_SIZE];
	int64_t until;
};

struct node {
	struct slot *slots;
	size_t n_slots, cap_slots;
	struct bad_name *bad;
	size_t n_bad;
	int64_t learned_at;
	bool learned;
	uint8_t cursor[ARRAY_SIZE(ranges)];
};

void device_name(unsigned int i, char ret[DEVICE_NAME_SIZE])
{
	ret[0] = '\0';
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		unsigned int n = (unsigned int)(groups[g].last - groups[g].first) + 1;

		if (i < n) {
			snprintf(ret, DEVICE_NAME_SIZE, "%s%c", groups[g].prefix,
				 (char)(groups[g].first + (char)i));
			return;
		}
		i -= n;
	}
}

static const char *bare(const char *device)
{
	if (strncmp(device, "/dev/", 5) == 0)
		device += 5;
	if (strncmp(device, "xvd", 3) == 0)
		return device + 3;
	return strncmp(device, "sd", 2) == 0 ? device + 2 : device;
}

bool device_names_equal(const char *a, const char *b)
{
	return a && b && strcmp(bare(a), bare(b)) == 0;
}

/* ---- nodes and slots ---- */

static void node_free(struct node *n)
{
	free(n->slots);
	free(n->bad);
	free(n);
}

void device_names_init(struct device_names *d)
{
	map_init(&d->nodes);
}

void device_names_fini(struct device_names *d)
{
	struct map_iter it = { 0 };
	const char *id;
	void *n;

	while (map_next(&d->nodes, &it, &id, &n))
		node_free(n);
	map_fini(&d->nodes);
}

static bool node_held(const struct node *n)
{
	for (size_t i = 0; i < n->n_slots; i++)
		if (n->slots[i].held)
			return true;
	return false;
}

/* Room for one more: the longest known that nobody works on goes. */
static void evict(struct device_names *d)
{
	struct map_iter it = { 0 };
	const char *id;
	void *n;

	if (map_count(&d->nodes) < NODES_MAX)
		return;
	while (map_next(&d->nodes, &it, &id, &n)) {
		if (node_held(n))
			continue;
		map_del(&d->nodes, id);
		node_free(n);
		return;
	}
}

static struct node *node_get(struct device_names *d, const char *id)
{
	struct node *n = map_get(&d->nodes, id);

	if (n)
		return n;
	evict(d);
	n = xcalloc(1, sizeof(*n));
	map_put(&d->nodes, id, n);
	return n;
}

static struct slot *find_volume(const struct node *n, const char *volume)
{
	for (size_t i = 0; n && i < n->n_slots; i++)
		if (cstr_eq(n->slots[i].volume, volume))
			return &n->slots[i];
	return NULL;
}

static void drop_slot(struct node *n, struct slot *s)
{
	*s = n->slots[--n->n_slots];
}

static struct slot *add_slot(struct node *n, const char *volume, const char *device,
			     int64_t now)
{
	struct slot *s = find_volume(n, volume);

	if (!s) {
		if (n->n_slots == n->cap_slots) {
			n->cap_slots = n->cap_slots ? 2 * n->cap_slots : 8;
			n->slots = xrealloc(n->slots, n->cap_slots * sizeof(*n->slots));
		}
		s = &n->slots[n->n_slots++];
		memset(s, 0, sizeof(*s));
	}
	snprintf(s->volume, sizeof(s->volume), "%s", volume);
	snprintf(s->device, sizeof(s->device), "%s", device);
	s->since = now;
	return s;
}

/* ---- what is there ---- */

bool device_names_known(const struct device_names *d, const char *node, int64_t now)
{
	const struct node *n = map_get(&d->nodes, node);

	return n && n->learned && now - n->learned_at <= FRESH_MS;
}

static bool is_mapped(const struct ec2_instance *in, const struct slot *s)
{
	for (size_t i = 0; i < in->block_devices.n; i++)
		if (cstr_eq(in->block_devices.v[i].volume_id, s->volume))
			return true;
	return false;
}

void device_names_learn(struct device_names *d, const char *node,
			const struct ec2_instance *instance, int64_t asked_at)
{
	struct node *n = node_get(d, node);

	for (size_t i = n->n_slots; i-- > 0;) {
		struct slot *s = &n->slots[i];

		if (!s->held && s->since < asked_at - SETTLE_MS && !is_mapped(instance, s))
			drop_slot(n, s);
	}
	for (size_t i = 0; i < instance->block_devices.n; i++) {
		const struct ec2_block_device *b = &instance->block_devices.v[i];
		struct slot *s;

		if (cstr_empty(b->device_name))
			continue;
		/* A mapping without a volume takes its name all the same. */
		s = find_volume(n, cstr_or(b->volume_id, b->device_name));
		if (!s || !s->held)
			add_slot(n, cstr_or(b->volume_id, b->device_name),
				 b->device_name, s ? s->since : asked_at - SETTLE_MS);
	}
	n->learned = true;
	n->learned_at = asked_at;
}

const char *device_names_find(const struct device_names *d, const char *node,
			      const char *volume)
{
	const struct slot *s = find_volume(map_get(&d->nodes, node), volume);

	return s ? s->device : NULL;
}

/* ---- choosing ---- */

/* How good a name is: the twin of one in use (only large Nitro instances get
 * that far) after free ones, bad ones last, taken ones never. */
enum fitness { TAKEN, BAD, TWIN, FREE };

static enum fitness fitness(const struct node *n, const char *device, int64_t now)
{
	enum fitness fit = FREE;

	for (size_t i = 0; i < n->n_slots; i++) {
		if (cstr_eq(n->slots[i].device, device))
			return TAKEN;
		if (device_names_equal(n->slots[i].device, device))
			fit = TWIN;
	}
	for (size_t i = 0; i < n->n_bad; i++)
		if (n->bad[i].until > now && device_names_equal(n->bad[i].device, device))
			return BAD;
	return fit;
}

static bool choose(struct node *n, enum fitness want, int64_t now, char ret[DEVICE_NAME_SIZE])
{
	for (size_t r = 0; r < ARRAY_SIZE(ranges); r++) {
		unsigned int len = ranges[r][1] - ranges[r][0];

		for (unsigned int k = 0; k < len; k++) {
			unsigned int at = (n->cursor[r] + k) % len;

			device_name(ranges[r][0] + at, ret);
			if (fitness(n, ret, now) != want)
				continue;
			if (!DEFECT(name_not_reserved))
				n->cursor[r] = (uint8_t)((at + 1) % len);
			return true;
		}
	}
	return false;
}

const char *device_names_reserve(struct device_names *d, const char *node,
				 const char *volume, int64_t now)
{
	struct node *n = node_get(d, node);
	char device[DEVICE_NAME_SIZE];
	struct slot *s;

	if (!choose(n, FREE, now, device) && !choose(n, TWIN, now, device) &&
	    !choose(n, BAD, now, device))
		return NULL;
	s = add_slot(n, volume, device, now);
	s->held = true;
	return s->device;
}

void device_names_set(struct device_names *d, const char *node, const char *volume,
		      const char *device, int64_t now)
{
	add_slot(node_get(d, node), volume, device, now)->held = false;
}

void device_names_bad(struct device_names *d, const char *node, const char *device,
		      int64_t now)
{
	struct node *n = node_get(d, node);
	struct bad_name *b = NULL;

	for (size_t i = 0; i < n->n_bad && !b; i++)
		if (n->bad[i].until <= now || cstr_eq(n->bad[i].device, device))
			b = &n->bad[i];
	if (!b) {
		n->bad = xrealloc(n->bad, (n->n_bad + 1) * sizeof(*n->bad));
		b = &n->bad[n->n_bad++];
	}
	snprintf(b->device, sizeof(b->device), "%s", device);
	b->until = now + BAD_MS;
}

void device_names_release(struct device_names *d, const char *node, const char *volume)
{
	struct node *n = map_get(&d->nodes, node);
	struct slot *s = find_volume(n, volume);

	if (s)
		drop_slot(n, s);
}

void device_names_doubt(struct device_names *d, const char *node, const char *volume)
{
	struct node *n = map_get(&d->nodes, node);
	struct slot *s = find_volume(n, volume);

	if (!s)
		return;
	s->held = false;
	n->learned = false;
}

void device_names_forget(struct device_names *d, const char *node)
{
	struct node *n = map_get(&d->nodes, node);

	if (!n || node_held(n))
		return;
	map_del(&d->nodes, node);
	node_free(n);
}
