/* CreateVolume and DeleteVolume. */
#include "sim/model_impl.h"

#include <string.h>

#define TOKEN_MAX 64

static const struct sim_zone *find_zone(const struct sim_model *m,
					const struct ec2_create_volume *r)
{
	for (size_t i = 0; i < m->n_zones; i++)
		if (r->availability_zone ? cstr_eq(m->zones[i].name, r->availability_zone)
					 : cstr_eq(m->zones[i].id, r->availability_zone_id))
			return &m->zones[i];
	return NULL;
}

static int check_zone(struct sim_call *c, const struct ec2_create_volume *r,
		      struct sim_volume *v)
{
	if (!r->availability_zone && !r->availability_zone_id)
		return sim_refuse(c, "MissingParameter",
				  "The request must contain the parameter availabilityZone");
	if (r->availability_zone && r->availability_zone_id)
		return sim_refuse(c, "InvalidParameterCombination",
				  "availabilityZone and availabilityZoneId cannot be used together");
	v->zone = find_zone(c->m, r);
	if (!v->zone)
		return sim_refuse(c, "InvalidZone.NotFound", "The zone '%s' does not exist.",
				  cstr_or(r->availability_zone, r->availability_zone_id));
	return 0;
}

static int check_snapshot(struct sim_call *c, const struct ec2_create_volume *r)
{
	int64_t rate = r->volume_initialization_rate;

	if (r->snapshot_id && !sim_id_good(r->snapshot_id, "snap-"))
		return sim_refuse(c, "InvalidSnapshotID.Malformed", "Invalid id: \"%s\" "
				  "(expecting \"snap-\" and 8 or 17 hex digits)", r->snapshot_id);
	if (r->snapshot_id)
		return sim_refuse(c, "InvalidSnapshot.NotFound",
				  "The snapshot '%s' does not exist.", r->snapshot_id);
	if (rate)
		return sim_refuse(c, "InvalidParameterCombination",
				  "volumeInitializationRate (%lld) needs a snapshotId",
				  (long long)rate);
	return 0;
}

/* Ids, aliases and ARNs of keys; what does not look like one fails later, as on
 * EC2 (see key_fate). */
static char *key_arn(const struct sim_model *m, const char *key)
{
	if (cstr_empty(key))
		return xasprintf("arn:aws:kms:%s:%s:key/00000000-0000-4000-8000-000000000000",
				 m->region, m->account);
	if (strncmp(key, "arn:", 4) == 0)
		return xstrdup(key);
	return xasprintf("arn:aws:kms:%s:%s:%s%s", m->region, m->account,
			 strncmp(key, "alias/", 6) == 0 ? "" : "key/", key);
}

static bool good_key(const char *key)
{
	const char *id = strstr(key, ":key/");

	if (strncmp(key, "alias/", 6) == 0 || strstr(key, ":alias/"))
		return true;
	id = id ? id + 5 : key;
	if (strncmp(id, "mrk-", 4) == 0)
		return strlen(id) == 36 && strspn(id + 4, "0123456789abcdef") == 32;
	return strlen(id) == 36 && strspn(id, "0123456789abcdef-") == 36;
}

static int check_encryption(struct sim_call *c, const struct ec2_create_volume *r,
			    struct sim_volume *v)
{
	if (!cstr_empty(r->kms_key_id) && r->encrypted != YES)
		return sim_refuse(c, "InvalidParameterDependency",
				  "The parameter KmsKeyId requires the parameter Encrypted to be set.");
	v->encrypted = r->encrypted == YES;
	if (v->encrypted)
		v->kms_key_id = key_arn(c->m, r->kms_key_id);
	if (!cstr_empty(r->kms_key_id) && !good_key(r->kms_key_id))
		v->fate = SIM_FATE_VANISH;
	return 0;
}

static int check_token(struct sim_call *c, const char *token)
{
	if (!token)
		return 0;
	if (strlen(token) > TOKEN_MAX)
		return sim_refuse(c, "InvalidClientToken",
				  "The client token is longer than %d characters", TOKEN_MAX);
	for (const char *p = token; *p; p++)
		if ((unsigned char)*p >= 0x80)
			return sim_refuse(c, "InvalidClientToken",
					  "The client token holds a byte that is not ASCII");
	return 0;
}

static int check_request(struct sim_call *c, const struct ec2_create_volume *r,
			 struct sim_volume *v)
{
	const char *type = cstr_or(r->volume_type, "gp2");

	if (check_zone(c, r, v) < 0)
		return -1;
	if (r->outpost_arn)
		return sim_refuse(c, "InvalidParameterValue",
				  "The Outpost '%s' does not exist.", r->outpost_arn);
	v->type = sim_volume_type(type);
	if (!v->type)
		return sim_refuse(c, "UnknownVolumeType", "Unknown volume type: %s", type);
	if (check_snapshot(c, r) < 0 || sim_volume_type_check(c, r, v) < 0 ||
	    check_encryption(c, r, v) < 0 || sim_tags_check(c, &r->tags) < 0 ||
	    check_token(c, r->client_token) < 0)
		return -1;
	return sim_dry_run(c, r->dry_run);
}

/* Quotas come before the token: a repeat of a call that succeeded can be
 * refused, too. */
static int check_quota(struct sim_call *c, const struct sim_volume *v)
{
	const struct sim_config *q = &c->m->config;

	if (sim_rule_hit(c, SIM_FAULT_VOLUME_LIMIT) ||
	    (q->max_volumes && c->m->n_volumes >= q->max_volumes))
		return sim_refuse(c, "VolumeLimitExceeded",
				  "You have exceeded your maximum number of volumes.");
	if (q->max_storage_gib &&
	    c->m->storage[sim_volume_type_index(v->type)] + v->size > q->max_storage_gib)
		return sim_refuse(c, "VolumeLimitExceeded",
				  "You have exceeded your maximum %s storage of %lld GiB.",
				  v->type->name, (long long)q->max_storage_gib);
	return 0;
}

/* ---- client tokens ---- */

static void token_expired(struct sim_model *m, struct sim_event *e)
{
	struct sim_token *t = container_of(e, struct sim_token, expiry);

	map_del(&m->tokens, t->text);
	free(t->text);
	free(t);
}

void sim_token_restore(struct sim_model *m, const char *text, const char *volume_id,
		       uint64_t parameters, int64_t at, uint64_t seq)
{
	struct sim_token *t = xcalloc(1, sizeof(*t));

	t->text = xstrdup(text);
	t->parameters = parameters;
	memcpy(t->volume_id, volume_id, strlen(volume_id) + 1);
	map_put(&m->tokens, text, t);
	sim_event_restore(m, &t->expiry, at, seq, token_expired);
}

static void remember_token(struct sim_call *c, const char *text, const struct sim_volume *v)
{
	struct sim_token *t = xcalloc(1, sizeof(*t));

	t->text = xstrdup(text);
	t->parameters = sim_request_digest(c->req);
	memcpy(t->volume_id, v->id, sizeof(t->volume_id));
	map_put(&c->m->tokens, text, t);
	sim_event_set(c->m, &t->expiry, c->now + c->m->config.token_ms, token_expired);
}

static void answer(struct sim_call *c, const struct sim_volume *v)
{
	struct ec2_response *resp = &c->a->resp;

	sim_view_volume(c->m, v, c->now, &resp->arena, &resp->volume);
	if (!resp->volume.status)	/* not visible to others yet */
		resp->volume.status = "creating";
}

/* 1: answered with what the token made before; 0: a new token; -1: refused. */
static int known_token(struct sim_call *c, const char *text)
{
	const struct sim_token *t = text ? map_get(&c->m->tokens, text) : NULL;
	const struct sim_volume *v;

	if (!t)
		return 0;
	if (t->parameters != sim_request_digest(c->req))
		return sim_refuse(c, "IdempotentParameterMismatch",
				  "The client token '%s' was used with other parameters.", text);
	v = map_get(&c->m->volumes, t->volume_id);
	if (!v || c->now >= v->failed_at || c->now >= v->deleting_at || c->now >= v->deleted_at)
		return sim_refuse(c, "IdempotentParameterMismatch",
				  "The client token '%s' belongs to a volume that failed or was "
				  "deleted. Use another token.", text);
	answer(c, v);
	return 1;
}

/* ---- the actions ---- */

static void apply_rules(struct sim_call *c, struct sim_volume *v)
{
	const struct sim_rule *hidden = sim_rule_hit(c, SIM_FAULT_INVISIBLE);

	if (hidden)
		v->visible_at = c->now + hidden->f.delay_ms;
	if (sim_rule_hit(c, SIM_FAULT_CREATE_ERROR))
		v->fate = SIM_FATE_ERROR;
	else if (sim_rule_hit(c, SIM_FAULT_CREATE_VANISH))
		v->fate = SIM_FATE_VANISH;
}

static void create(struct sim_call *c, const struct ec2_create_volume *r, struct sim_volume *v)
{
	apply_rules(c, v);
	for (size_t i = 0; i < r->tags.n; i++)
		sim_tags_set(&v->tags, r->tags.v[i].key, r->tags.v[i].value);
	v->client_token = xstrdup(r->client_token);
	if (r->client_token)
		remember_token(c, r->client_token, v);
	sim_volume_start(c->m, v);
	answer(c, v);
}

int sim_create_volume(struct sim_call *c)
{
	const struct ec2_create_volume *r = &c->req->create_volume;
	struct sim_volume *v = sim_volume_new(c->m, c->now);
	int known = -1;

	if (check_request(c, r, v) == 0 && check_quota(c, v) == 0)
		known = known_token(c, r->client_token);
	if (known == 0) {
		create(c, r, v);
		return 0;
	}
	sim_volume_free(v);
	return known < 0 ? -1 : 0;
}

int sim_delete_volume(struct sim_call *c)
{
	const struct ec2_delete_volume *r = &c->req->delete_volume;
	struct sim_volume *v = sim_volume_find(c, r->volume_id);
	const char *status;

	if (!v)
		return -1;
	status = sim_volume_status(v, c->now);
	if (strcmp(status, "in-use") == 0)
		return sim_refuse(c, "VolumeInUse", "Volume %s is currently attached to %s", v->id,
				  list_entry(v->live.next, struct sim_attachment,
					     on_volume)->instance->id);
	if (strcmp(status, "deleting") == 0)
		return sim_refuse(c, "InvalidVolume.NotFound",
				  "The volume '%s' does not exist.", v->id);
	if (strcmp(status, "creating") == 0)
		return sim_refuse(c, "IncorrectState", "The volume '%s' is '%s'.", v->id, status);
	if (sim_dry_run(c, r->dry_run) < 0)
		return -1;
	sim_volume_delete(c->m, v);
	c->a->resp.none.result = YES;
	return 0;
}
