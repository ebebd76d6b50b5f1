/* The four EC2 codecs against each other, against known text, and against
 * broken and hostile input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "aws/ec2_decode.h"
#include "aws/ec2_encode.h"
#include "aws/ec2_query.h"
#include "aws/ec2_shapes.h"
#include "base/mem.h"

/* ---- random structures ---- */

static uint64_t rng;

static unsigned int rnd(unsigned int n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(rng >> 33) % n;
}

static const char *rnd_text(struct arena *a, bool padded)
{
	static const char *const parts[] = {
		"a", "Z", "9", "-", "_", ".", "~", "/", "+", "=", "&", "%", "<", ">", "\"",
		"'", " x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x92\xbe", "vol-0", ":", "]]>",
	};
	char text[256] = "";
	size_t len = 0;

	if (padded && rnd(4) == 0)
		return arena_str(a, rnd(2) ? "" : "  ");
	text[len++] = 'q';
	for (unsigned int n = rnd(20); n; n--) {
		const char *p = parts[rnd(ARRAY_SIZE(parts))];

		memcpy(text + len, p, strlen(p));
		len += strlen(p);
	}
	return arena_strn(a, text, len);
}

static void fill_struct(struct arena *a, const struct ec2_shape *shape, void *base);

static void fill_field(struct arena *a, const struct ec2_field *f, void *base)
{
	struct ec2_list list = { NULL, rnd(4) };

	switch (f->kind) {
	case EC2_KIND_STRING:
	case EC2_KIND_TEXT:
		*ec2_string_at(base, f) = rnd_text(a, f->kind == EC2_KIND_TEXT);
		break;
	case EC2_KIND_INT:
		*ec2_int_at(base, f) = (int64_t)rnd(1u << 30) - (1 << 20);
		break;
	case EC2_KIND_TIME:
		*ec2_int_at(base, f) = 1 + (int64_t)rnd(2000000000) * 1000 + rnd(1000);
		break;
	case EC2_KIND_BOOL:
		*ec2_bool_at(base, f) = rnd(2) ? YES : NO;
		break;
	case EC2_KIND_STRINGS:
		list.v = arena_array(a, list.n, sizeof(char *));
		for (size_t i = 0; i < list.n; i++)
			((const char **)list.v)[i] = rnd_text(a, true);
		ec2_list_set(base, f, list);
		break;
	case EC2_KIND_STRUCTS:
		if (rnd(8) == 0)
			list.n = 12;	/* two digits in an index */
		list.v = arena_array(a, list.n, f->of->size);
		for (size_t i = 0; i < list.n; i++)
			fill_struct(a, f->of, (char *)list.v + i * f->of->size);
		ec2_list_set(base, f, list);
		break;
	case EC2_KIND_CONST:
		break;
	}
}

static void fill_struct(struct arena *a, const struct ec2_shape *shape, void *base)
{
	for (size_t i = 0; i < shape->n; i++)
		/* The first is always there: an element of a list without any
		 * field says nothing on the wire of a request. */
		if (i == 0 || rnd(3))
			fill_field(a, &shape->fields[i], base);
}

static void assert_same(const struct ec2_shape *shape, const void *x, const void *y);

static void assert_same_string(const char *x, const char *y)
{
	assert_int_equal(x == NULL, y == NULL);
	if (x)
		assert_string_equal(x, y);
}

static void assert_same_list(const struct ec2_field *f, struct ec2_list x, struct ec2_list y)
{
	assert_int_equal(x.n, y.n);
	for (size_t i = 0; i < x.n; i++) {
		if (f->kind == EC2_KIND_STRINGS)
			assert_same_string(((const char **)x.v)[i], ((const char **)y.v)[i]);
		else
			assert_same(f->of, (char *)x.v + i * f->of->size,
				    (char *)y.v + i * f->of->size);
	}
}

static void assert_same(const struct ec2_shape *shape, const void *x, const void *y)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct ec2_field *f = &shape->fields[i];

		switch (f->kind) {
		case EC2_KIND_STRING:
		case EC2_KIND_TEXT:
			assert_same_string(*ec2_string_at(x, f), *ec2_string_at(y, f));
			break;
		case EC2_KIND_INT:
		case EC2_KIND_TIME:
			assert_int_equal(*ec2_int_at(x, f), *ec2_int_at(y, f));
			break;
		case EC2_KIND_BOOL:
			assert_int_equal(*ec2_bool_at(x, f), *ec2_bool_at(y, f));
			break;
		case EC2_KIND_CONST:
			break;
		case EC2_KIND_STRINGS:
		case EC2_KIND_STRUCTS:
			assert_same_list(f, ec2_list_get(x, f), ec2_list_get(y, f));
		}
	}
}

/* ---- requests ---- */

static void requests_survive_both_ways(void **state)
{
	for (unsigned int seed = 1; seed <= 900; seed++) {
		struct arena arena = { 0 }, arena2 = { 0 };
		struct ec2_request req = { 0 }, back;
		struct buf b;
		struct err err = { 0 };

		rng = seed;
		req.action = (enum ec2_action)(seed % EC2_ACTION_COUNT);
		fill_struct(&arena, ec2_request_shape(req.action), ec2_request_body(&req));
		buf_init(&b, EC2_QUERY_MAX);
		ec2_query_encode(&req, &b);
		assert_false(b.overflow);
		if (ec2_query_decode(buf_view(&b), &arena2, &back, &err) < 0)
			fail_msg("seed %u: %s in %s", seed, err.msg, buf_cstr(&b));
		assert_int_equal(back.action, req.action);
		assert_same(ec2_request_shape(req.action), ec2_request_body(&req),
			    ec2_request_body(&back));
		buf_fini(&b);
		arena_fini(&arena);
		arena_fini(&arena2);
	}
}

static void requests_read_as_ec2_wants_them(void **state)
{
	struct ec2_tag tags[] = { { "CSIVolumeName", "pvc 1/a&b" }, { "e", "" } };
	const char *ids[] = { "vol-1", "vol-2" };
	const char *values[] = { "i-1", "i-2" };
	struct ec2_filter filter = { "attachment.instance-id", { values, 2 } };
	struct ec2_request req = { .action = EC2_CREATE_VOLUME };
	struct buf b;

	buf_init(&b, EC2_QUERY_MAX);
	req.create_volume.client_token = "t";
	req.create_volume.size = 4;
	req.create_volume.encrypted = NO;
	req.create_volume.tags.v = tags;
	req.create_volume.tags.n = 2;
	ec2_query_encode(&req, &b);
	assert_string_equal(buf_cstr(&b),
			    "Action=CreateVolume&Version=2016-11-15&ClientToken=t&Size=4"
			    "&Encrypted=false&TagSpecification.1.ResourceType=volume"
			    "&TagSpecification.1.Tag.1.Key=CSIVolumeName"
			    "&TagSpecification.1.Tag.1.Value=pvc+1%2Fa%26b"
			    "&TagSpecification.1.Tag.2.Key=e&TagSpecification.1.Tag.2.Value=");
	buf_reset(&b);
	memset(&req, 0, sizeof(req));
	req.action = EC2_DESCRIBE_VOLUMES;
	req.describe_volumes.volume_ids = (struct ec2_strings){ ids, 2 };
	req.describe_volumes.filters = (struct ec2_filters){ &filter, 1 };
	ec2_query_encode(&req, &b);
	assert_string_equal(buf_cstr(&b),
			    "Action=DescribeVolumes&Version=2016-11-15&VolumeId.1=vol-1"
			    "&VolumeId.2=vol-2&Filter.1.Name=attachment.instance-id"
			    "&Filter.1.Value.1=i-1&Filter.1.Value.2=i-2");
	buf_fini(&b);
}

static void parameters_come_in_any_order(void **state)
{
	struct arena arena = { 0 };
	struct ec2_request req;
	struct err err = { 0 };
	const char *body = "Tag.10.Key=k10&ResourceId.3=c&Tag.2.Value=two+words&Tag.2.Key=k%32&"
			   "ResourceId.1=a&&Version=2016-11-15&Action=CreateTags&Tag.10.Value=";

	assert_int_equal(ec2_query_decode(str_c(body), &arena, &req, &err), 0);
	assert_int_equal(req.action, EC2_CREATE_TAGS);
	assert_int_equal(req.create_tags.resource_ids.n, 2);
	assert_string_equal(req.create_tags.resource_ids.v[1], "c");
	assert_int_equal(req.create_tags.tags.n, 2);
	assert_string_equal(req.create_tags.tags.v[0].key, "k2");
	assert_string_equal(req.create_tags.tags.v[0].value, "two words");
	assert_string_equal(req.create_tags.tags.v[1].key, "k10");
	assert_string_equal(req.create_tags.tags.v[1].value, "");
	arena_fini(&arena);
}

static void bad_requests_get_ec2_codes(void **state)
{
	static const struct {
		const char *body, *code;
	} cases[] = {
		{ "", "MissingAction" },
		{ "Version=2016-11-15", "MissingAction" },
		{ "Action=Fly", "InvalidAction" },
		{ "Action=DeleteVolume&Version=1999-01-01", "InvalidAction" },
		{ "Action=DeleteVolume&VolumeID=vol-1", "UnknownParameter" },
		{ "Action=DeleteVolume&VolumeId.1=vol-1", "UnknownParameter" },
		{ "Action=DeleteVolume&VolumeId=a&VolumeId=b", "InvalidParameterValue" },
		{ "Action=DeleteVolume&DryRun=yes", "InvalidParameterValue" },
		{ "Action=DeleteVolume&VolumeId=%zz", "MalformedQueryString" },
		{ "Action=DeleteVolume&VolumeId=%00", "MalformedQueryString" },
		{ "Action=CreateVolume&Size=4G", "InvalidParameterValue" },
		{ "Action=CreateVolume&TagSpecification.1.ResourceType=snapshot",
		  "InvalidParameterValue" },
		{ "Action=CreateVolume&TagSpecification.2.ResourceType=volume",
		  "UnknownParameter" },
		{ "Action=CreateTags&Tag=x", "UnknownParameter" },
		{ "Action=CreateTags&Tag.1=x", "UnknownParameter" },
		{ "Action=CreateTags&Tag.0.Key=x", "UnknownParameter" },
		{ "Action=CreateTags&Tag.01.Key=x", "UnknownParameter" },
		{ "Action=CreateTags&Tag.x.Key=x", "UnknownParameter" },
		{ "Action=CreateTags&Tag.1.Key.2=x", "UnknownParameter" },
		{ "Action=CreateTags&Tag.99999999999999999999.Key=x", "UnknownParameter" },
		{ "Action=CreateTags&ResourceId.1.2=x", "UnknownParameter" },
		{ "Action=CreateTags&ResourceId.=x", "UnknownParameter" },
		{ "Action=CreateTags&=x", "UnknownParameter" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = { 0 };
		struct ec2_request req;
		struct err err = { 0 };

		assert_int_equal(ec2_query_decode(str_c(cases[i].body), &arena, &req, &err), -1);
		if (!err_reason_is(&err, cases[i].code))
			fail_msg("%s: %s (%s)", cases[i].body, err.reason, err.msg);
		err_fini(&err);
		arena_fini(&arena);
	}
}

static void endless_lists_in_a_request_are_refused(void **state)
{
	struct arena arena = { 0 };
	struct ec2_request req;
	struct err err = { 0 };
	struct buf b;

	buf_init(&b, EC2_QUERY_MAX);
	buf_adds(&b, "Action=CreateTags");
	for (int i = 1; i <= EC2_LIST_MAX + 1; i++)
		buf_printf(&b, "&ResourceId.%d=v", i);
	assert_int_equal(ec2_query_decode(buf_view(&b), &arena, &req, &err), -1);
	assert_true(err_reason_is(&err, "InvalidParameterValue"));
	err_fini(&err);
	arena_fini(&arena);
	buf_reset(&b);
	for (int i = 0; i <= EC2_QUERY_PARAMS_MAX; i++)
		buf_adds(&b, "&");
	assert_int_equal(ec2_query_decode(buf_view(&b), &arena, &req, &err), -1);
	assert_true(err_reason_is(&err, "MalformedQueryString"));
	assert_int_equal(arena.used, 0);
	err_fini(&err);
	buf_fini(&b);
}

/* ---- answers ---- */

static int decode_in_pieces(struct str xml, enum ec2_action action, unsigned int piece,
			    struct ec2_response *resp, struct err *err)
{
	struct ec2_decoder *d = ec2_decoder_new(resp, action);
	int rc = 0;

	while (rc == 0 && xml.n) {
		size_t n = 1 + rnd(piece);

		if (n > xml.n)
			n = xml.n;
		rc = ec2_decoder_feed(d, str_n(xml.p, n), err);
		xml.p += n;
		xml.n -= n;
	}
	if (rc == 0)
		rc = ec2_decoder_finish(d, err);
	ec2_decoder_free(d);
	return rc;
}

static int decode(const char *xml, enum ec2_action action, struct ec2_response *resp,
		  struct err *err)
{
	return decode_in_pieces(str_c(xml), action, 4096, resp, err);
}

static void answers_survive_both_ways(void **state)
{
	for (unsigned int seed = 1; seed <= 900; seed++) {
		struct ec2_response resp = { 0 }, back = { 0 };
		struct err err = { 0 };
		struct buf b;

		rng = seed;
		resp.action = (enum ec2_action)(seed % EC2_ACTION_COUNT);
		resp.request_id = "f0e1-req";
		fill_struct(&resp.arena, ec2_response_shape(resp.action),
			    ec2_response_body(&resp));
		buf_init(&b, EC2_XML_MAX);
		ec2_encode_response(&resp, &b);
		if (decode_in_pieces(buf_view(&b), resp.action, 40, &back, &err) < 0)
			fail_msg("seed %u: %s in %s", seed, err.msg, buf_cstr(&b));
		assert_string_equal(back.request_id, "f0e1-req");
		assert_same(ec2_response_shape(resp.action), ec2_response_body(&resp),
			    ec2_response_body(&back));
		buf_fini(&b);
		ec2_response_fini(&resp);
		ec2_response_fini(&back);
	}
}

static const char instances_xml[] =
	"<?xml version='1.0'?>\n<DescribeInstancesResponse xmlns=\"http://x/2016-11-15/\">\n"
	"  <requestId>abc</requestId><brandNew><item><status>odd</status></item></brandNew>\n"
	"  <reservationSet><item><reservationId>r-1</reservationId><groupSet/>\n"
	"   <instancesSet>\n    <item>\n"
	"     <instanceId>i-1</instanceId>\n"
	"     <instanceState><code>16</code><name> running </name></instanceState>\n"
	"     <placement><tenancy>default</tenancy><availabilityZone>us-west-2a</availabilityZone>\n"
	"       <availabilityZoneId>usw2-az1</availabilityZoneId></placement>\n"
	"     <blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs>\n"
	"       <volumeId>vol-1</volumeId><status>attached</status>\n"
	"       <attachTime>2026-01-15T12:34:56.000Z</attachTime>\n"
	"       <deleteOnTermination>true</deleteOnTermination>\n"
	"       <operator><managed>false</managed></operator></ebs></item></blockDeviceMapping>\n"
	"     <kernelId/><outpostArn/>\n"
	"     <tagSet><item><key>a&amp;b</key><value/></item>\n"
	"       <item><key>sp</key><value> x </value></item></tagSet>\n"
	"    </item>\n   </instancesSet></item></reservationSet><nextToken>a+/=</nextToken>\n"
	"</DescribeInstancesResponse>\n";

static void an_answer_of_ec2_is_understood(void **state)
{
	struct ec2_response resp;
	struct err err = { 0 };
	const struct ec2_instance *i;

	if (decode(instances_xml, EC2_DESCRIBE_INSTANCES, &resp, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(resp.request_id, "abc");
	assert_string_equal(resp.instances.next_token, "a+/=");
	assert_int_equal(resp.instances.n, 1);
	assert_int_equal(resp.instances.v[0].instances.n, 1);
	i = resp.instances.v[0].instances.v;
	assert_string_equal(i->state, "running");
	assert_int_equal(i->state_code, 16);
	assert_string_equal(i->availability_zone, "us-west-2a");
	assert_null(i->outpost_arn);
	assert_int_equal(i->block_devices.n, 1);
	assert_string_equal(i->block_devices.v[0].volume_id, "vol-1");
	assert_int_equal(i->block_devices.v[0].attach_time, 1768480496000);
	assert_int_equal(i->block_devices.v[0].delete_on_termination, YES);
	assert_int_equal(i->tags.n, 2);
	assert_string_equal(i->tags.v[0].key, "a&b");
	assert_string_equal(i->tags.v[0].value, "");
	assert_string_equal(i->tags.v[1].value, " x ");
	ec2_response_fini(&resp);
}

static void a_cut_answer_is_never_taken_for_whole(void **state)
{
	size_t whole = strlen(instances_xml) - 1;	/* without the last newline */

	for (size_t n = 0; n < whole; n++) {
		struct ec2_response resp;
		struct err err = { 0 };

		rng = n;
		assert_int_equal(decode_in_pieces(str_n(instances_xml, n), EC2_DESCRIBE_INSTANCES,
						  100, &resp, &err), -1);
		assert_true(err_is_set(&err));
		err_fini(&err);
		ec2_response_fini(&resp);
	}
}

static void damaged_answers_do_no_harm(void **state)
{
	char copy[sizeof(instances_xml)];

	for (unsigned int seed = 1; seed <= 3000; seed++) {
		struct ec2_response resp;

		rng = seed;
		memcpy(copy, instances_xml, sizeof(copy));
		for (unsigned int n = 1 + rnd(4); n; n--)
			copy[rnd(sizeof(copy) - 1)] = (char)rnd(256);
		decode_in_pieces(str_n(copy, sizeof(copy) - 1), EC2_DESCRIBE_INSTANCES, 200,
				 &resp, NULL);
		ec2_response_fini(&resp);
	}
}

static void wrong_answers_are_named(void **state)
{
	static const struct {
		const char *xml, *text;
	} cases[] = {
		{ "<html><body>busy</body></html>", "got <html>" },
		{ "<DescribeVolumesResponse2/>", "expected <DescribeVolumesResponse>" },
		{ "<DescribeInstancesResponse/>", "expected <DescribeVolumesResponse>" },
		{ "<!DOCTYPE x [<!ENTITY a \"b\">]><DescribeVolumesResponse/>", "" },
		{ "<DescribeVolumesResponse><volumeSet><item><size>big</size></item></volumeSet>"
		  "</DescribeVolumesResponse>", "size is \"big\"" },
		{ "<DescribeVolumesResponse><volumeSet><item><createTime>x</createTime></item>"
		  "</volumeSet></DescribeVolumesResponse>", "createTime is \"x\"" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ec2_response resp;
		struct err err = { 0 };

		assert_int_equal(decode(cases[i].xml, EC2_DESCRIBE_VOLUMES, &resp, &err), -1);
		if (!err_is_set(&err) || !strstr(err_msg(&err), cases[i].text))
			fail_msg("%s: %s", cases[i].xml, err_msg(&err));
		err_fini(&err);
		ec2_response_fini(&resp);
	}
}

/* The same list in several elements: taken as one. */
static void a_list_may_come_in_parts(void **state)
{
	struct ec2_response resp;
	struct buf b;

	buf_init(&b, EC2_XML_MAX);
	buf_adds(&b, "<DescribeVolumesResponse>");
	for (int part = 1; part <= 9; part++) {
		buf_adds(&b, "<volumeSet>");
		for (int i = 0; i < part; i++)
			buf_printf(&b, "<item><volumeId>vol-%d-%d</volumeId></item>", part, i);
		buf_adds(&b, "</volumeSet>");
	}
	buf_adds(&b, "</DescribeVolumesResponse>");
	assert_int_equal(decode(buf_cstr(&b), EC2_DESCRIBE_VOLUMES, &resp, NULL), 0);
	assert_int_equal(resp.volumes.n, 45);
	assert_string_equal(resp.volumes.v[0].volume_id, "vol-1-0");
	assert_string_equal(resp.volumes.v[44].volume_id, "vol-9-8");
	ec2_response_fini(&resp);
	buf_fini(&b);
}

static void feed_ok(struct ec2_decoder *d, const char *text)
{
	struct err err = { 0 };

	if (ec2_decoder_feed(d, str_c(text), &err) < 0)
		fail_msg("%s", err_msg(&err));
}

static void endless_answers_are_given_up(void **state)
{
	struct ec2_response resp;
	struct ec2_decoder *d = ec2_decoder_new(&resp, EC2_DESCRIBE_VOLUMES);
	struct err err = { 0 };

	feed_ok(d, "<DescribeVolumesResponse><volumeSet>");
	for (int i = 0; i < EC2_LIST_MAX; i++)
		feed_ok(d, "<item/>");
	assert_int_equal(ec2_decoder_feed(d, str_c("<item/>"), &err), -1);
	assert_int_equal(err.code, GRPC_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(err.msg, "list is too long"));
	/* Failed once, failed for good. */
	assert_int_equal(ec2_decoder_finish(d, &err), -1);
	assert_int_equal(err.code, GRPC_RESOURCE_EXHAUSTED);
	err_fini(&err);
	ec2_decoder_free(d);
	ec2_response_fini(&resp);
}

static void an_answer_cannot_take_all_memory(void **state)
{
	struct ec2_response resp;
	struct ec2_decoder *d = ec2_decoder_new(&resp, EC2_DESCRIBE_INSTANCES);
	struct err err = { 0 };
	struct buf items;
	int rc = 0;

	buf_init(&items, 1 << 20);
	buf_adds(&items, "<item><instancesSet>");
	for (int i = 0; i < 9000; i++)
		buf_adds(&items, "<item/>");
	buf_adds(&items, "</instancesSet></item>");
	feed_ok(d, "<DescribeInstancesResponse><reservationSet>");
	for (int i = 0; rc == 0 && i < 1000; i++)
		rc = ec2_decoder_feed(d, buf_view(&items), &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, GRPC_RESOURCE_EXHAUSTED);
	assert_true(resp.arena.used < 2 * (size_t)EC2_MEMORY_MAX);
	err_fini(&err);
	buf_fini(&items);
	ec2_decoder_free(d);
	ec2_response_fini(&resp);
}

/* ---- errors ---- */

static void error_answers_are_understood(void **state)
{
	static const struct {
		const char *xml, *code, *message, *id;
	} cases[] = {
		{ "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"
		  "<Code>InvalidVolume.NotFound</Code><Message>The volume 'vol-1' does not "
		  "exist.</Message></Error><Error><Code>Second</Code><Message>no</Message>"
		  "</Error></Errors><RequestID>ea966190</RequestID></Response>",
		  "InvalidVolume.NotFound", "The volume 'vol-1' does not exist.", "ea966190" },
		{ "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
		  "<Type>Sender</Type><Code>ExpiredToken</Code><Message>old</Message></Error>"
		  "<RequestId>c6104cbe</RequestId></ErrorResponse>",
		  "ExpiredToken", "old", "c6104cbe" },
		{ "<ErrorResponse><Errors><Error><Code>AuthFailure</Code><Message/></Error>"
		  "</Errors></ErrorResponse>", "AuthFailure", NULL, NULL },
		{ "<Response><Errors><Error><Detail><Code>Deep</Code></Detail><Code>C</Code>"
		  "</Error></Errors></Response>", "C", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = { 0 };
		struct ec2_error_doc doc;

		assert_int_equal(ec2_decode_error(str_c(cases[i].xml), &arena, &doc), 0);
		assert_same_string(doc.code, cases[i].code);
		assert_same_string(doc.message, cases[i].message);
		assert_same_string(doc.request_id, cases[i].id);
		arena_fini(&arena);
	}
}

static void other_texts_are_no_error_documents(void **state)
{
	static const char *const cases[] = {
		"", "busy", "<html><body><h1>503</h1></body></html>", "<Code>x</Code>",
		"<Response><Errors/></Response>", "<Response><Errors><Error><Code>A</Code>",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = { 0 };
		struct ec2_error_doc doc;

		assert_int_equal(ec2_decode_error(str_c(cases[i]), &arena, &doc), -1);
		arena_fini(&arena);
	}
}

static void errors_survive_both_ways(void **state)
{
	struct arena arena = { 0 };
	struct ec2_error_doc doc;
	struct buf b;

	buf_init(&b, 4096);
	ec2_encode_error("VolumeInUse", "vol-1 is <attached> & busy", "req-1", &b);
	assert_int_equal(ec2_decode_error(buf_view(&b), &arena, &doc), 0);
	assert_string_equal(doc.code, "VolumeInUse");
	assert_string_equal(doc.message, "vol-1 is <attached> & busy");
	assert_string_equal(doc.request_id, "req-1");
	buf_fini(&b);
	arena_fini(&arena);
}

/* ---- the table itself ---- */

static void check_parents(const struct ec2_shape *shape)
{
	const char *done[32] = { 0 };
	size_t n = 0, open = 0;

	for (size_t i = 0; i < shape->n; i++) {
		const char *slash = strchr(shape->fields[i].wire, '/');
		size_t len = slash ? (size_t)(slash - shape->fields[i].wire) : 0;

		if (shape->fields[i].of)
			check_parents(shape->fields[i].of);
		if (len && len == open && i &&
		    strncmp(shape->fields[i].wire, shape->fields[i - 1].wire, len + 1) == 0)
			continue;
		open = len;
		for (size_t k = 0; len && k < n; k++)
			assert_int_not_equal(strncmp(done[k], shape->fields[i].wire, len + 1), 0);
		if (len)
			done[n++] = shape->fields[i].wire;
	}
}

static void fields_of_one_parent_stand_together(void **state)
{
	for (int a = 0; a < EC2_ACTION_COUNT; a++) {
		check_parents(ec2_response_shape((enum ec2_action)a));
		assert_int_equal(ec2_action_from_name(ec2_action_name((enum ec2_action)a)), a);
	}
	assert_int_equal(ec2_action_from_name("describevolumes"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_survive_both_ways),
		cmocka_unit_test(requests_read_as_ec2_wants_them),
		cmocka_unit_test(parameters_come_in_any_order),
		cmocka_unit_test(bad_requests_get_ec2_codes),
		cmocka_unit_test(endless_lists_in_a_request_are_refused),
		cmocka_unit_test(answers_survive_both_ways),
		cmocka_unit_test(an_answer_of_ec2_is_understood),
		cmocka_unit_test(a_cut_answer_is_never_taken_for_whole),
		cmocka_unit_test(damaged_answers_do_no_harm),
		cmocka_unit_test(wrong_answers_are_named),
		cmocka_unit_test(a_list_may_come_in_parts),
		cmocka_unit_test(endless_answers_are_given_up),
		cmocka_unit_test(an_answer_cannot_take_all_memory),
		cmocka_unit_test(error_answers_are_understood),
		cmocka_unit_test(other_texts_are_no_error_documents),
		cmocka_unit_test(errors_survive_both_ways),
		cmocka_unit_test(fields_of_one_parent_stand_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
