/* AttachVolume and DetachVolume. */
#include "sim/model_impl.h"

#include <string.h>

#include "ebs/limits.h"

#define MULTI_ATTACH_MAX 16

static struct sim_attachment *attachment_to(const struct sim_volume *v,
					    const struct sim_instance *i)
{
	list_for_each(l, &v->live) {
		struct sim_attachment *a = list_entry(l, struct sim_attachment, on_volume);

		if (a->instance == i)
			return a;
	}
	return NULL;
}

static size_t n_attachments(const struct sim_volume *v)
{
	size_t n = 0;

	list_for_each(l, &v->live)
		n++;
	return n;
}

static int check_volume(struct sim_call *c, const struct sim_volume *v,
			const struct sim_instance *i)
{
	const char *status = sim_volume_status(v, c->now);

	if (strcmp(status, "available") == 0)
		return 0;
	if (strcmp(status, "in-use") != 0)
		return sim_refuse(c, "IncorrectState", "%s is not 'available': it is '%s'.",
				  v->id, status);
	if (!v->multi_attach || attachment_to(v, i))
		return sim_refuse(c, "VolumeInUse", "%s is already attached to an instance", v->id);
	if (n_attachments(v) >= MULTI_ATTACH_MAX)
		return sim_refuse(c, "AttachmentLimitExceeded",
				  "%s is attached to %d instances already", v->id,
				  MULTI_ATTACH_MAX);
	return 0;
}

static int check_instance(struct sim_call *c, const struct sim_instance *i,
			  const struct sim_volume *v)
{
	if (strcmp(i->state->name, "running") != 0 && strcmp(i->state->name, "stopped") != 0)
		return sim_refuse(c, "IncorrectInstanceState",
				  "Instance '%s' is '%s', neither 'running' nor 'stopped'.",
				  i->id, i->state->name);
	if (i->zone != v->zone)
		return sim_refuse(c, "InvalidVolume.ZoneMismatch", "The volume '%s' (%s) is not in "
				  "the same availability zone as instance '%s' (%s)", v->id,
				  v->zone->name, i->id, i->zone->name);
	return 0;
}

static int check_limit(struct sim_call *c, const struct sim_instance *i)
{
	struct ebs_instance_limit limit = ebs_limits_of(i->type);
	size_t max = limit.attachments;

	if (limit.shared)	/* the first interface is in the figure already */
		max = max > i->enis - 1 ? max - (i->enis - 1) : 0;
	if (i->n_live < max && !sim_rule_hit(c, SIM_FAULT_ATTACH_LIMIT))
		return 0;
	return sim_refuse(c, "AttachmentLimitExceeded", "Instance '%s' (%s) has %zu of its "
			  "maximum of %zu volumes attached", i->id, i->type, i->n_live, max);
}

static int name_taken(struct sim_call *c, const char *device)
{
	return sim_refuse(c, "InvalidParameterValue", "Invalid value '%s' for unixDevice. "
			  "Attachment point %s is already in use", device, device);
}

static int check_device(struct sim_call *c, const struct sim_instance *i, const char *device)
{
	char wanted[SIM_DEVICE_SIZE], slot[SIM_DEVICE_SIZE];

	if (cstr_empty(device))
		return sim_refuse(c, "MissingParameter",
				  "The request must contain the parameter device");
	if (!sim_device_slot(device, wanted))
		return sim_refuse(c, "InvalidParameterValue",
				  "Value (%s) for parameter device is invalid. "
				  "%s is not a valid EBS device name.", device, device);
	list_for_each(l, &i->live) {
		const struct sim_attachment *a =
			list_entry(l, struct sim_attachment, on_instance);

		if (sim_device_slot(a->device, slot) && strcmp(slot, wanted) == 0)
			return name_taken(c, device);
	}
	return sim_rule_hit(c, SIM_FAULT_NAME_TAKEN) ? name_taken(c, device) : 0;
}

static int check_card(struct sim_call *c, const struct sim_instance *i, int64_t card)
{
	int64_t cards = ebs_limits_of(i->type).ebs_cards;

	if (card >= 0 && card < cards)
		return 0;
	return sim_refuse(c, "InvalidParameterValue", "EbsCardIndex %lld is invalid: instance type "
			  "%s has %lld EBS card(s)", (long long)card, i->type, (long long)cards);
}

static void answer(struct sim_call *c, const struct sim_attachment *a)
{
	struct ec2_response *resp = &c->a->resp;

	sim_view_attachment(c->m, a, sim_attachment_status(a, c->now), &resp->arena,
			    &resp->attachment);
}

int sim_attach_volume(struct sim_call *c)
{
	const struct ec2_attach_volume *r = &c->req->attach_volume;
	struct sim_volume *v = sim_volume_find(c, r->volume_id);
	struct sim_instance *i = v ? sim_instance_find(c, r->instance_id) : NULL;
	struct sim_attachment *a;

	if (!i || check_instance(c, i, v) < 0 || check_volume(c, v, i) < 0 ||
	    check_card(c, i, r->ebs_card_index) < 0 || check_device(c, i, r->device) < 0 ||
	    check_limit(c, i) < 0 || sim_dry_run(c, r->dry_run) < 0)
		return -1;
	a = sim_attachment_new(c->m, v, i, r->device);
	a->card = r->ebs_card_index;
	a->stuck = sim_rule_hit(c, SIM_FAULT_ATTACH_STUCK) != NULL;
	sim_attachment_start(c->m, a);
	answer(c, a);
	return 0;
}

/* ---- detach ---- */

static struct sim_attachment *only_attachment(struct sim_call *c, const struct sim_volume *v)
{
	if (n_attachments(v) == 1)
		return list_entry(v->live.next, struct sim_attachment, on_volume);
	sim_refuse(c, "InvalidParameterCombination",
		   "The volume '%s' is attached to several instances: name one", v->id);
	return NULL;
}

static struct sim_attachment *find_attachment(struct sim_call *c, struct sim_volume *v,
					      const struct ec2_detach_volume *r)
{
	struct sim_instance *i = NULL;
	struct sim_attachment *a;

	if (r->instance_id) {
		i = sim_instance_find(c, r->instance_id);
		if (!i)
			return NULL;
	}
	if (list_empty(&v->live)) {
		sim_refuse(c, "IncorrectState", "Volume '%s' is in the '%s' state.", v->id,
			   sim_volume_status(v, c->now));
		return NULL;
	}
	a = i ? attachment_to(v, i) : only_attachment(c, v);
	if (i && (!a || (r->device && strcmp(r->device, a->device) != 0))) {
		sim_refuse(c, "InvalidAttachment.NotFound",
			   "Volume '%s' is not attached to instance '%s'%s%s.", v->id, i->id,
			   r->device ? " as " : "", cstr_or(r->device, ""));
		return NULL;
	}
	return a;
}

static int check_detach(struct sim_call *c, const struct sim_attachment *a, bool force)
{
	if (a->volume->root && strcmp(a->instance->state->name, "stopped") != 0)
		return sim_refuse(c, "OperationNotPermitted", "The volume '%s' is the root device "
				  "of instance '%s', which is not stopped", a->volume->id,
				  a->instance->id);
	if (a->detaching_at != SIM_NEVER && !force)
		return sim_refuse(c, "IncorrectState", "Volume '%s' is being detached already.",
				  a->volume->id);
	return 0;
}

int sim_detach_volume(struct sim_call *c)
{
	const struct ec2_detach_volume *r = &c->req->detach_volume;
	struct sim_volume *v = sim_volume_find(c, r->volume_id);
	struct sim_attachment *a = v ? find_attachment(c, v, r) : NULL;
	bool force = r->force == YES;

	if (!a || check_detach(c, a, force) < 0 || sim_dry_run(c, r->dry_run) < 0)
		return -1;
	a->stuck = !force && sim_rule_hit(c, SIM_FAULT_DETACH_STUCK);
	sim_attachment_detach(c->m, a, force);
	answer(c, a);
	return 0;
}
