/* What NodeGetInfo needs, from five paths asked at once. */
#include <string.h>

#include "aws/imds.h"
#include "base/json.h"
#include "base/mem.h"

/* info_ask -> info_read -> OP_DONE */

static op_step info_read;

static void ask(struct op *op, struct imds_get *g, struct imds *m, const char *path)
{
	imds_get_init(g, m, path);
	op_spawn(op, &g->op);
}

static enum op_verdict info_ask(struct op *op)
{
	struct imds_instance_info *i = container_of(op, struct imds_instance_info, op);

	ask(op, &i->document, i->imds, "/latest/dynamic/instance-identity/document");
	ask(op, &i->macs, i->imds, "/latest/meta-data/network/interfaces/macs");
	ask(op, &i->mappings, i->imds, "/latest/meta-data/block-device-mapping");
	ask(op, &i->outpost, i->imds, "/latest/meta-data/outpost-arn");
	ask(op, &i->zone_id, i->imds, "/latest/meta-data/placement/availability-zone-id");
	return op_join(op, info_read);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Six pairs of hex digits with ':' or '-' between them. */
static bool is_mac(struct str s)
{
	if (s.n != 17)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (i % 3 == 2 ? s.p[i] != ':' && s.p[i] != '-' : !is_hex(s.p[i]))
			return false;
	return true;
}

static unsigned int count_macs(struct str lines)
{
	unsigned int n = 0;

	while (lines.p) {
		struct str line = str_trim(str_cut(&lines, '\n'));

		if (str_ends(line, "/"))
			line.n--;
		n += is_mac(line);
	}
	return n;
}

static unsigned int count_ebs(struct str lines)
{
	unsigned int n = 0;

	while (lines.p)
		n += str_starts(str_trim(str_cut(&lines, '\n')), "ebs");
	return n;
}

static const char *member(struct imds_instance_info *i, const json_t *doc, const char *key)
{
	const char *v = json_get_str(doc, key);

	return cstr_empty(v) ? NULL : arena_str(&i->arena, v);
}

static int read_document(struct imds_instance_info *i, struct err *err)
{
	static const char *const keys[] = {
		"instanceId", "instanceType", "region", "availabilityZone",
	};
	struct imds_info *info = &i->info;
	const char **const slots[] = {
		&info->instance_id, &info->instance_type, &info->region,
		&info->availability_zone,
	};
	json_t *doc = json_parse(buf_view(&i->document.body), err);
	int rc = 0;

	if (!doc)
		return err_prefix(err, "instance identity document");
	for (size_t k = 0; k < ARRAY_SIZE(keys) && rc == 0; k++) {
		*slots[k] = member(i, doc, keys[k]);
		if (!*slots[k])
			rc = err_set(err, GRPC_UNAVAILABLE,
				     "the instance identity document has no %s", keys[k]);
	}
	info->account_id = member(i, doc, "accountId");
	json_decref(doc);
	return rc;
}

/* 404 says that the instance has no such thing. */
static const char *optional(struct imds_instance_info *i, const struct imds_get *g)
{
	struct str s = str_trim(buf_view(&g->body));

	return s.n ? arena_strn(&i->arena, s.p, s.n) : NULL;
}

static enum op_verdict info_read(struct op *op)
{
	struct imds_instance_info *i = container_of(op, struct imds_instance_info, op);
	struct imds_get *needed[] = { &i->document, &i->macs, &i->mappings };
	struct imds_get *may_lack[] = { &i->outpost, &i->zone_id };
	struct err err = { 0 };

	for (size_t k = 0; k < ARRAY_SIZE(needed); k++)
		if (op_failed(&needed[k]->op))
			return op_fail_as(op, &needed[k]->op, NULL);
	for (size_t k = 0; k < ARRAY_SIZE(may_lack); k++)
		if (op_failed(&may_lack[k]->op) && may_lack[k]->op.err.code != GRPC_NOT_FOUND)
			return op_fail_as(op, &may_lack[k]->op, NULL);
	if (read_document(i, &err) < 0)
		return op_fail_err(op, &err);
	i->info.outpost_arn = optional(i, &i->outpost);
	i->info.availability_zone_id = optional(i, &i->zone_id);
	i->info.interfaces = count_macs(buf_view(&i->macs.body));
	i->info.ebs_mappings = count_ebs(buf_view(&i->mappings.body));
	return OP_DONE;
}

static void info_fini(struct op *op)
{
	struct imds_instance_info *i = container_of(op, struct imds_instance_info, op);

	arena_fini(&i->arena);
}

static const struct op_class info_class = {
	.name = "imds_instance_info",
	.fini = info_fini,
};

void imds_instance_info_init(struct imds_instance_info *i, struct imds *m)
{
	op_init(&i->op, &info_class, imds_reactor(m), info_ask);
	memset(&i->info, 0, sizeof(i->info));
	arena_init(&i->arena);
	i->imds = m;
}
