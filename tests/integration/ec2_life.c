/* Takes one volume through its life by the EC2 client: real credentials chain,
 * endpoint, signer, HTTP, XML, retry policy. For tests against servers that
 * others wrote.
 *
 *	ec2_life <instance id>		the whole life
 *	ec2_life --zones		one DescribeAvailabilityZones
 *
 * Where and who: AWS_REGION, AWS_EC2_ENDPOINT, AWS_ACCESS_KEY_ID … */
#include <stdio.h>
#include <string.h>

#include "aws/ec2.h"
#include "aws/ec2_http.h"
#include "base/mem.h"

#define CALL_MS 30000

static struct reactor *reactor;
static struct ec2 *ec2;
static const char *step;

static void die(const char *what, const char *seen)
{
	fprintf(stderr, "ec2_life: %s: %s: %s\n", step, what, cstr_or(seen, "(nothing)"));
	exit(1);
}

static bool done;

static void on_end(struct op *op)
{
	done = true;
}

/* Ends the program unless the call ends as wanted: code NULL is success. */
static void run(struct ec2_call *call, const char *code)
{
	step = ec2_action_name(call->req.action);
	done = false;
	op_set_deadline(&call->op, CALL_MS);
	op_start(&call->op, on_end);
	if (!reactor_run_until(reactor, &done, CALL_MS + 5000))
		die("has not ended", NULL);
	if (!code && op_failed(&call->op))
		die("failed", err_msg(&call->op.err));
	if (code && !ec2_call_failed_with(call, code))
		die(code, op_failed(&call->op) ? err_msg(&call->op.err) : "success");
	printf("%s: %s\n", step, code ? code : "ok");
}

static struct ec2_call call;

static struct ec2_request *begin(enum ec2_action action)
{
	op_fini(&call.op);
	ec2_call_init(&call, ec2, action);
	return &call.req;
}

static void want(const char *what, const char *seen, const char *wanted)
{
	if (!cstr_eq(seen, wanted))
		die(what, seen);
}

/* ---- the life ---- */

static const struct ec2_volume *describe(const char *id, const char *code)
{
	struct ec2_request *req = begin(EC2_DESCRIBE_VOLUMES);

	req->describe_volumes.volume_ids = (struct ec2_strings){ &id, 1 };
	run(&call, code);
	if (code)
		return NULL;
	if (call.resp.volumes.n != 1)
		die("volumes", "not exactly one");
	want("volume id", call.resp.volumes.v[0].volume_id, id);
	return &call.resp.volumes.v[0];
}

static const char *tag_of(const struct ec2_volume *v, const char *key)
{
	for (size_t i = 0; i < v->tags.n; i++)
		if (strcmp(v->tags.v[i].key, key) == 0)
			return v->tags.v[i].value;
	return NULL;
}

/* Whoever encodes badly fails here. */
static struct ec2_tag tags[] = {
	{ "CSIVolumeName", "pvc-1 +&=%/\xc3\xa9<\">'" },
	{ "empty", "" },
};

static char *create(void)
{
	struct ec2_request *req;
	char *zone;

	begin(EC2_DESCRIBE_AVAILABILITY_ZONES);
	run(&call, NULL);
	if (!call.resp.zones.n)
		die("zones", NULL);
	zone = xstrdup(call.resp.zones.v[0].zone_name);
	req = begin(EC2_CREATE_VOLUME);
	req->create_volume.availability_zone = zone;
	req->create_volume.client_token = "token-1";
	req->create_volume.volume_type = "gp3";
	req->create_volume.size = 4;
	req->create_volume.encrypted = NO;
	req->create_volume.tags.v = tags;
	req->create_volume.tags.n = ARRAY_SIZE(tags);
	run(&call, NULL);
	want("zone", call.resp.volume.availability_zone, zone);
	free(zone);
	if (call.resp.volume.size != 4 || call.resp.volume.create_time <= 0)
		die("size or time", "wrong");
	return xstrdup(call.resp.volume.volume_id);
}

static void find_by_name(const char *id)
{
	struct ec2_request *req = begin(EC2_DESCRIBE_VOLUMES);
	struct ec2_filter filter = { "tag:CSIVolumeName", { &tags[0].value, 1 } };

	req->describe_volumes.filters = (struct ec2_filters){ &filter, 1 };
	run(&call, NULL);
	if (call.resp.volumes.n != 1)
		die("volumes of that name", "not exactly one");
	want("volume of that name", call.resp.volumes.v[0].volume_id, id);
	want("tag", tag_of(&call.resp.volumes.v[0], tags[0].key), tags[0].value);
	want("empty tag", tag_of(&call.resp.volumes.v[0], "empty"), "");
}

static void change_tags(const char *id)
{
	struct ec2_tag tag = { "later", "x" };
	struct ec2_request *req = begin(EC2_CREATE_TAGS);

	req->create_tags.resource_ids = (struct ec2_strings){ &id, 1 };
	req->create_tags.tags = (struct ec2_tags){ &tag, 1 };
	run(&call, NULL);
	want("tag", tag_of(describe(id, NULL), "later"), "x");
	tag.value = NULL;
	req = begin(EC2_DELETE_TAGS);
	req->delete_tags.resource_ids = (struct ec2_strings){ &id, 1 };
	req->delete_tags.tags = (struct ec2_tags){ &tag, 1 };
	run(&call, NULL);
	want("tag after its end", tag_of(describe(id, NULL), "later"), NULL);
}

static bool instance_has(const char *instance, const char *id, const char *device)
{
	struct ec2_request *req = begin(EC2_DESCRIBE_INSTANCES);
	const struct ec2_instance *i;

	req->describe_instances.instance_ids = (struct ec2_strings){ &instance, 1 };
	run(&call, NULL);
	if (call.resp.instances.n != 1 || call.resp.instances.v[0].instances.n != 1)
		die("instances", "not exactly one");
	i = call.resp.instances.v[0].instances.v;
	want("instance", i->instance_id, instance);
	want("its state", i->state, "running");
	for (size_t k = 0; k < i->block_devices.n; k++)
		if (cstr_eq(i->block_devices.v[k].volume_id, id) &&
		    cstr_eq(i->block_devices.v[k].device_name, device))
			return true;
	return false;
}

static void attach_and_detach(const char *id, const char *instance)
{
	struct ec2_request *req = begin(EC2_ATTACH_VOLUME);

	req->attach_volume.volume_id = id;
	req->attach_volume.instance_id = instance;
	req->attach_volume.device = "/dev/xvdba";
	run(&call, NULL);
	want("device", call.resp.attachment.device, "/dev/xvdba");
	want("attachment", describe(id, NULL)->attachments.v[0].instance_id, instance);
	if (!instance_has(instance, id, "/dev/xvdba"))
		die("devices of the instance", "lack the volume");
	req = begin(EC2_DELETE_VOLUME);
	req->delete_volume.volume_id = id;
	run(&call, "VolumeInUse");
	req = begin(EC2_DETACH_VOLUME);
	req->detach_volume.volume_id = id;
	req->detach_volume.instance_id = instance;
	run(&call, NULL);
}

static void whole_life(const char *instance)
{
	auto_free char *id = create();
	struct ec2_request *req;

	find_by_name(id);
	change_tags(id);
	attach_and_detach(id, instance);
	req = begin(EC2_DELETE_VOLUME);
	req->delete_volume.volume_id = id;
	run(&call, NULL);
	describe(id, "InvalidVolume.NotFound");
}

/* ---- set-up ---- */

static void run_with(struct http *http, const struct endpoint *endpoint, const char *what)
{
	struct creds *creds = creds_new(reactor, NULL);
	struct ec2_http_options opt = {
		.reactor = reactor, .http = http, .creds = creds, .endpoint = endpoint,
		.version = "test",
	};
	struct ec2_transport *t = ec2_http_new(&opt);

	ec2 = ec2_new(reactor, t);
	if (strcmp(what, "--zones") == 0) {
		begin(EC2_DESCRIBE_AVAILABILITY_ZONES);
		run(&call, NULL);
	} else {
		whole_life(what);
	}
	op_fini(&call.op);
	ec2_free(ec2);
	ec2_http_free(t);
	creds_free(creds);
}

int main(int argc, char **argv)
{
	struct aws_profiles *profiles = aws_profiles_load();
	struct endpoint endpoint = { 0 };
	struct err err = { 0 };
	auto_free char *region = aws_region_find(profiles, &err);
	struct http *http;

	step = "set-up";
	if (argc != 2 || !region ||
	    endpoint_resolve(&endpoint, "ec2", region, profiles, &err) < 0)
		die("usage or environment", err_msg(&err));
	aws_profiles_free(profiles);
	reactor = reactor_new();
	http = http_new(reactor, NULL);
	run_with(http, &endpoint, argv[1]);
	http_free(http);
	endpoint_fini(&endpoint);
	reactor_free(reactor);
	return 0;
}
