/* The EC2 model: listings, filters, pages, buckets, faults, stale reads, seeds. */
#include "sim_fixture.h"

#include <jansson.h>

static void instant(struct fixture *f)
{
	struct sim_config c;

	sim_config_instant(&c);
	use_model(f, &c);
}

/* ---- ids ---- */

static void one_bad_id_fails_the_call_and_is_named(void **state)
{
	struct fixture *f = *state;
	const char *ids[] = { f->id, "vol-0aaaaaaa", "vol-0bbbbbbb" };

	make_available(f);
	assert_string_equal(describe(f, ids, 3), "InvalidVolume.NotFound");
	assert_non_null(strstr(f->a.message, "vol-0aaaaaaa, vol-0bbbbbbb"));
	assert_null(strstr(f->a.message, f->id));
	ids[1] = "vol-nonsense";
	assert_string_equal(describe(f, ids, 3), "InvalidVolumeID.Malformed");
	ids[1] = f->id;
	assert_string_equal(describe(f, ids, 2), "");
	assert_int_equal(f->a.resp.volumes.n, 1);	/* asked twice, shown once */
	ids[0] = "i-0aaaaaaa";
	assert_string_equal(call(f, &(struct ec2_request){ .action = EC2_DESCRIBE_INSTANCES,
		.describe_instances = { .instance_ids = { ids, 1 } } }),
		"InvalidInstanceID.NotFound");
}

/* ---- pages ---- */

static size_t list_all(struct fixture *f, int64_t max, size_t *pages)
{
	char *token = NULL;
	size_t n = 0;

	*pages = 0;
	do {
		struct ec2_request req = { .action = EC2_DESCRIBE_VOLUMES,
			.describe_volumes = { .max_results = max, .next_token = token } };

		assert_string_equal(call(f, &req), "");
		n += f->a.resp.volumes.n;
		++*pages;
		free(token);
		token = xstrdup(f->a.resp.volumes.next_token);
		if (token)
			assert_non_null(strchr(token, '+'));	/* clients must escape */
	} while (token);
	return n;
}

static void pages(void **state)
{
	struct fixture *f = *state;
	size_t n;

	instant(f);
	for (int i = 0; i < 21; i++)
		create_plain(f, NULL);
	assert_int_equal(list_all(f, 5, &n), 23);	/* with two root volumes */
	assert_int_equal(n, 5);
	assert_int_equal(list_all(f, 0, &n), 23);
	assert_int_equal(n, 1);
	assert_int_equal(list_all(f, 23, &n), 23);
	assert_int_equal(n, 1);		/* no empty last page */
}

static void pages_survive_deletions(void **state)
{
	struct fixture *f = *state;
	struct ec2_request req = { .action = EC2_DESCRIBE_VOLUMES,
				   .describe_volumes = { .max_results = 5 } };
	char ids[100][32];
	auto_free char *token = NULL;

	instant(f);
	for (int i = 0; i < 100; i++) {
		create_plain(f, NULL);
		memcpy(ids[i], f->id, sizeof(ids[i]));
	}
	call(f, &req);
	token = xstrdup(f->a.resp.volumes.next_token);
	pass(f, 1);
	for (int i = 0; i < 90; i++)
		assert_string_equal(delete_volume(f, ids[i]), "");
	pass(f, 120 * 1000);	/* forgotten altogether */
	req.describe_volumes.next_token = token;
	assert_string_equal(call(f, &req), "");
	assert_int_equal(f->a.resp.volumes.n, 5);
	assert_string_equal(f->a.resp.volumes.v[0].volume_id, ids[90]);
}

static void bad_pages(void **state)
{
	struct fixture *f = *state;
	struct ec2_request req = { .action = EC2_DESCRIBE_VOLUMES };
	auto_free char *token = NULL;
	const char *id = f->id;

	instant(f);
	for (int i = 0; i < 9; i++)
		create_plain(f, NULL);
	req.describe_volumes.max_results = 4;
	assert_string_equal(call(f, &req), "InvalidParameterValue");
	req.describe_volumes.max_results = 1001;
	assert_string_equal(call(f, &req), "InvalidParameterValue");
	req.describe_volumes.max_results = 5;
	req.describe_volumes.volume_ids = (struct ec2_strings){ &id, 1 };
	assert_string_equal(call(f, &req), "InvalidParameterCombination");
	req.describe_volumes.volume_ids.n = 0;
	assert_string_equal(call(f, &req), "");
	token = xstrdup(f->a.resp.volumes.next_token);
	req.describe_volumes.next_token = token;
	req.describe_volumes.max_results = 6;	/* not what the token was given for */
	assert_string_equal(call(f, &req), "InvalidNextToken");
	req.describe_volumes.next_token = "bogus";
	assert_string_equal(call(f, &req), "InvalidNextToken");
	req = (struct ec2_request){ .action = EC2_DESCRIBE_INSTANCES,
				    .describe_instances = { .next_token = token } };
	assert_string_equal(call(f, &req), "InvalidNextToken");
}

/* ---- filters ---- */

static size_t filtered(struct fixture *f, enum ec2_action action, const char *name,
		       const char *value)
{
	struct ec2_filter one = { .name = name, .values = { &value, 1 } };
	struct ec2_filters filters = { &one, 1 };
	struct ec2_request req = { .action = action };

	if (action == EC2_DESCRIBE_VOLUMES)
		req.describe_volumes.filters = filters;
	else if (action == EC2_DESCRIBE_INSTANCES)
		req.describe_instances.filters = filters;
	else
		req.describe_zones.filters = filters;
	if (*call(f, &req))
		return 999;
	return action == EC2_DESCRIBE_VOLUMES ? f->a.resp.volumes.n :
	       action == EC2_DESCRIBE_INSTANCES ? f->a.resp.instances.n : f->a.resp.zones.n;
}

static void volume_filters(void **state)
{
	static const struct { const char *name, *value; size_t n; } rows[] = {
		{ "tag:Name", "data*", 1 }, { "tag:Name", "data", 0 }, { "tag:name", "*", 0 },
		{ "tag:Name", "data-?", 1 }, { "tag-key", "Name", 1 }, { "size", "10", 1 },
		{ "size", "8", 2 }, { "status", "in-use", 3 }, { "status", "available", 0 },
		{ "volume-type", "gp3", 3 }, { "encrypted", "true", 0 },
		{ "availability-zone", ZONE, 3 }, { "availability-zone-id", "use1-az2", 0 },
		{ "attachment.instance-id", NODE, 2 }, { "attachment.device", "/dev/xvdaa", 1 },
		{ "attachment.status", "attached", 2 }, { "attachment.status", "attaching", 1 },
		{ "attachment.delete-on-termination", "true", 2 },
		{ "multi-attach-enabled", "false", 3 }, { "snapshot-id", "snap-1", 0 },
		{ "no-such-filter", "x", 999 }, { "attachment.nonsense", "x", 999 },
	};
	struct fixture *f = *state;

	create(f, &(struct ec2_create_volume){ .availability_zone = ZONE, .size = 10,
		.volume_type = "gp3", .tags = { (struct ec2_tag[]){ { "Name", "data-1" } }, 1 } });
	pass(f, 1500);
	attach(f, f->id, NODE, "/dev/xvdaa");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = filtered(f, EC2_DESCRIBE_VOLUMES, rows[i].name, rows[i].value);

		if (n != rows[i].n)
			fail_msg("%s=%s: %zu, not %zu", rows[i].name, rows[i].value, n, rows[i].n);
	}
	assert_int_equal(filtered(f, EC2_DESCRIBE_VOLUMES, "volume-id", f->id), 1);
	assert_int_equal(filtered(f, EC2_DESCRIBE_VOLUMES, "volume-id", "vol-0aaaaaaa"), 0);
}

static void other_filters(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(filtered(f, EC2_DESCRIBE_INSTANCES, "instance-id", NODE), 1);
	assert_int_equal(filtered(f, EC2_DESCRIBE_INSTANCES, "instance-state-name", "running"), 2);
	assert_int_equal(filtered(f, EC2_DESCRIBE_INSTANCES, "instance-state-code", "80"), 0);
	assert_int_equal(filtered(f, EC2_DESCRIBE_INSTANCES,
				  "block-device-mapping.device-name", "/dev/xvda"), 2);
	assert_int_equal(filtered(f, EC2_DESCRIBE_INSTANCES, "x", "y"), 999);
	assert_int_equal(filtered(f, EC2_DESCRIBE_AVAILABILITY_ZONES, "zone-id", "use1-az2"), 1);
	assert_int_equal(filtered(f, EC2_DESCRIBE_AVAILABILITY_ZONES, "state", "available"), 3);
	assert_int_equal(filtered(f, EC2_DESCRIBE_AVAILABILITY_ZONES, "region-name", "us-*"), 3);
	assert_int_equal(filtered(f, EC2_DESCRIBE_AVAILABILITY_ZONES, "x", "y"), 999);
}

static void too_many_filter_values(void **state)
{
	struct fixture *f = *state;
	const char *values[201];
	struct ec2_filter one = { .name = "tag:x", .values = { values, 201 } };
	struct ec2_request req = { .action = EC2_DESCRIBE_VOLUMES,
				   .describe_volumes.filters = { &one, 1 } };

	for (int i = 0; i < 201; i++)
		values[i] = "v";
	assert_string_equal(call(f, &req), "FilterLimitExceeded");
	one.values.n = 200;
	assert_string_equal(call(f, &req), "");
}

static void zones(void **state)
{
	struct fixture *f = *state;
	const char *name = "us-east-1b", *bad = "mars-1a";
	struct ec2_request req = { .action = EC2_DESCRIBE_AVAILABILITY_ZONES };

	assert_string_equal(call(f, &req), "");
	assert_int_equal(f->a.resp.zones.n, 3);
	req.describe_zones.zone_names = (struct ec2_strings){ &name, 1 };
	assert_string_equal(call(f, &req), "");
	assert_int_equal(f->a.resp.zones.n, 1);
	assert_string_equal(f->a.resp.zones.v[0].zone_id, "use1-az2");
	req.describe_zones.zone_names.v = &bad;
	assert_string_equal(call(f, &req), "InvalidParameterValue");
	req = (struct ec2_request){ .action = EC2_DESCRIBE_AVAILABILITY_ZONES,
				    .describe_zones.dry_run = YES };
	assert_string_equal(call(f, &req), "DryRunOperation");
}

/* ---- buckets ---- */

static int granted(struct fixture *f, const struct ec2_request *req, int n)
{
	int good = 0;

	for (int i = 0; i < n; i++) {
		call(f, req);
		good += !sim_answer_throttled(&f->a);
	}
	return good;
}

static void buckets_run_dry_and_refill(void **state)
{
	struct fixture *f = *state;
	struct sim_config c;
	const char *id = f->id;
	const struct ec2_request at = { .action = EC2_ATTACH_VOLUME };
	const struct ec2_request de = { .action = EC2_DETACH_VOLUME };
	const struct ec2_request all = { .action = EC2_DESCRIBE_VOLUMES };
	const struct ec2_request some = { .action = EC2_DESCRIBE_VOLUMES,
		.describe_volumes.volume_ids = { &id, 1 } };

	sim_config_instant(&c);
	c.bucket_scale = 1;
	use_model(f, &c);
	assert_int_equal(granted(f, &at, 60), 50);
	assert_string_equal(f->a.code, "RequestLimitExceeded");
	assert_int_equal(f->a.http_status, 503);
	assert_int_equal(granted(f, &de, 10), 0);	/* the same bucket */
	pass(f, 2000);
	assert_int_equal(granted(f, &de, 20), 10);	/* 5 a second */
	assert_int_equal(granted(f, &some, 200), 100);
	assert_int_equal(granted(f, &all, 200), 50);	/* the smaller one */
	assert_int_equal(granted(f, &(struct ec2_request){ .action = EC2_CREATE_VOLUME }, 200),
			 100);
	assert_int_equal(sim_model_counters(f->m, EC2_ATTACH_VOLUME)->throttled, 10);
	assert_int_equal(sim_model_counters(f->m, EC2_ATTACH_VOLUME)->calls, 60);
	c.bucket_scale = 2;
	use_model(f, &c);
	assert_int_equal(granted(f, &at, 200), 100);
}

/* ---- faults ---- */

static void faults_before_leave_no_trace(void **state)
{
	static const struct { enum sim_fault_kind kind; enum sim_outcome outcome; int status;
			      const char *code; } rows[] = {
		{ SIM_FAULT_THROTTLE, SIM_ANSWERED, 503, "RequestLimitExceeded" },
		{ SIM_FAULT_ERROR, SIM_ANSWERED, 500, "InternalError" },
		{ SIM_FAULT_UNAVAILABLE, SIM_ANSWERED, 503, "Unavailable" },
		{ SIM_FAULT_AUTH, SIM_ANSWERED, 401, "AuthFailure" },
		{ SIM_FAULT_EXPIRED, SIM_ANSWERED, 400, "RequestExpired" },
		{ SIM_FAULT_DENIED, SIM_ANSWERED, 403, "UnauthorizedOperation" },
		{ SIM_FAULT_RESET_BEFORE, SIM_RESET, 0, "" },
		{ SIM_FAULT_HANG_BEFORE, SIM_HANG, 0, "" },
		{ SIM_FAULT_HTML, SIM_HTML, 503, "" },
		{ SIM_FAULT_EMPTY, SIM_EMPTY, 500, "" },
	};
	struct fixture *f = *state;
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		add_fault(f, &(struct sim_fault){ .kind = rows[i].kind,
			.action = EC2_CREATE_VOLUME, .count = 1 });
		assert_string_equal(create_plain(f, NULL), rows[i].code);
		assert_int_equal(f->a.outcome, rows[i].outcome);
		assert_int_equal(f->a.http_status, rows[i].status);
		assert_int_equal(sim_model_fault_hits(f->m, rows[i].kind), 1);
		assert_int_equal(sim_model_fault_hits_by(f->m, rows[i].kind,
							 EC2_CREATE_VOLUME), 1);
		assert_int_equal(sim_model_fault_hits_by(f->m, rows[i].kind,
							 EC2_DELETE_VOLUME), 0);
	}
	assert_int_equal(list_all(f, 0, &n), 2);	/* the root volumes */
	assert_int_equal(sim_model_counters(f->m, EC2_CREATE_VOLUME)->throttled, 1);
	assert_int_equal(sim_model_counters(f->m, EC2_CREATE_VOLUME)->errors,
			 ARRAY_SIZE(rows) - 1);
}

static void faults_apply_where_they_can(void **state)
{
	(void)state;
	assert_true(sim_fault_applies(SIM_FAULT_THROTTLE, EC2_DELETE_TAGS));
	assert_true(sim_fault_applies(SIM_FAULT_STALE, EC2_DESCRIBE_VOLUMES));
	assert_false(sim_fault_applies(SIM_FAULT_STALE, EC2_CREATE_VOLUME));
	assert_true(sim_fault_applies(SIM_FAULT_CREATE_VANISH, EC2_CREATE_VOLUME));
	assert_false(sim_fault_applies(SIM_FAULT_ATTACH_STUCK, EC2_DETACH_VOLUME));
}

static void faults_after_have_done_it(void **state)
{
	static const struct { enum sim_fault_kind kind; enum sim_outcome outcome; } rows[] = {
		{ SIM_FAULT_ERROR_AFTER, SIM_ANSWERED }, { SIM_FAULT_RESET_AFTER, SIM_RESET },
		{ SIM_FAULT_HANG_AFTER, SIM_HANG }, { SIM_FAULT_TRUNCATED, SIM_TRUNCATED },
		{ SIM_FAULT_MALFORMED, SIM_MALFORMED },
	};
	struct fixture *f = *state;
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		add_fault(f, &(struct sim_fault){ .kind = rows[i].kind,
			.action = EC2_CREATE_VOLUME, .count = 1 });
		create_plain(f, NULL);
		assert_int_equal(f->a.outcome, rows[i].outcome);
	}
	assert_int_equal(list_all(f, 0, &n), 2 + ARRAY_SIZE(rows));
}

static void rules_choose_their_calls(void **state)
{
	struct fixture *f = *state;
	char other[32];

	make_available(f);
	memcpy(other, f->id, sizeof(other));
	make_available(f);
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_ERROR, .action = EC2_DELETE_VOLUME,
		.id = f->id, .skip = 1, .count = 1, .code = "Odd", .http_status = 418,
		.message = "text" });
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_ERROR, .action = SIM_ANY_ACTION,
		.from_ms = f->now + 100, .until_ms = f->now + 200 });
	assert_string_equal(delete_volume(f, other), "");
	assert_string_equal(delete_volume(f, f->id), "");	/* skipped */
	assert_string_equal(delete_volume(f, f->id), "Odd");
	assert_int_equal(f->a.http_status, 418);
	assert_string_equal(f->a.message, "text");
	assert_string_equal(delete_volume(f, f->id), "InvalidVolume.NotFound");
	pass(f, 100);
	assert_string_equal(delete_volume(f, f->id), "InternalError");
	pass(f, 100);
	assert_string_equal(delete_volume(f, f->id), "InvalidVolume.NotFound");
	sim_model_clear_faults(f->m);
}

static void slow_answers(void **state)
{
	struct fixture *f = *state;

	instant(f);
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_SLOW, .action = SIM_ANY_ACTION,
					  .delay_ms = 777 });
	create_plain(f, NULL);
	assert_int_equal(f->a.latency_ms, 777);
}

static void probabilities_are_kept(void **state)
{
	struct fixture *f = *state;
	int hits = 0;

	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_ERROR, .action = SIM_ANY_ACTION,
					  .probability = 0.25 });
	for (int i = 0; i < 4000; i++)
		hits += *call(f, &(struct ec2_request){
			.action = EC2_DESCRIBE_AVAILABILITY_ZONES }) != '\0';
	assert_in_range(hits, 850, 1150);
}

static void bad_rules(void **state)
{
	static const struct sim_fault bad[] = {
		{ .kind = SIM_FAULT_ERROR, .action = SIM_ANY_ACTION, .probability = 1.5 },
		{ .kind = SIM_FAULT_ERROR, .action = SIM_ANY_ACTION, .probability = -0.1 },
		{ .kind = SIM_FAULT_ERROR, .action = SIM_ANY_ACTION, .count = -1 },
		{ .kind = SIM_FAULT_ERROR, .action = SIM_ANY_ACTION, .http_status = 7 },
		{ .kind = SIM_FAULT_COUNT, .action = SIM_ANY_ACTION },
		{ .kind = SIM_FAULT_ERROR, .action = EC2_ACTION_COUNT },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(sim_model_add_fault(f->m, &bad[i], NULL), -1);
	assert_int_equal(sim_fault_from_name("nonsense"), -1);
	for (int k = 0; k < SIM_FAULT_COUNT; k++)
		assert_int_equal(sim_fault_from_name(sim_fault_name((enum sim_fault_kind)k)), k);
}

/* ---- eventual consistency ---- */

static void fresh_ids_are_unknown_for_a_while(void **state)
{
	struct fixture *f = *state;
	const char *id = f->id;

	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_INVISIBLE,
					  .action = EC2_CREATE_VOLUME, .delay_ms = 3000 });
	assert_string_equal(create_plain(f, NULL), "");
	assert_string_equal(f->a.resp.volume.status, "creating");
	pass(f, 2999);
	assert_string_equal(describe(f, &id, 1), "InvalidVolume.NotFound");
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdaa"), "InvalidVolume.NotFound");
	pass(f, 1);
	assert_string_equal(look(f)->status, "available");
}

/* Everything a read shows was true within the window; some of it is past. */
static void reads_go_stale_and_backward(void **state)
{
	struct fixture *f = *state;
	int attaching = 0, attached = 0, backward = 0;
	bool was_attached = false;

	make_available(f);
	attach(f, f->id, NODE, "/dev/xvdaa");
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_STALE,
					  .action = EC2_DESCRIBE_VOLUMES, .delay_ms = 1000 });
	pass(f, 2500);	/* attached since 500 ms */
	for (int i = 0; i < 200; i++) {
		const char *status = attachment(f);
		bool now_attached = strcmp(status, "attached") == 0;

		attaching += strcmp(status, "attaching") == 0;
		attached += now_attached;
		backward += was_attached && !now_attached;
		was_attached = now_attached;
	}
	assert_int_equal(attaching + attached, 200);
	assert_in_range(attaching, 50, 150);
	assert_true(backward > 10);
}

static void deleted_and_detached_things_come_back_in_stale_reads(void **state)
{
	struct fixture *f = *state;
	const char *id = f->id;
	int seen = 0, seen_attachment = 0;

	make_available(f);
	attach(f, f->id, NODE, "/dev/xvdaa");
	pass(f, 2000);
	detach(f, f->id, NODE);
	pass(f, 2500);
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_STALE,
					  .action = EC2_DESCRIBE_VOLUMES, .delay_ms = 2000 });
	pass(f, 100);
	for (int i = 0; i < 100; i++)
		seen_attachment += *attachment(f) != '\0';
	assert_in_range(seen_attachment, 80, 100);
	delete_volume(f, f->id);
	pass(f, 1100);
	for (int i = 0; i < 100; i++)
		seen += !*describe(f, &id, 1);
	assert_in_range(seen, 60, 99);
	pass(f, 2100);
	assert_string_equal(describe(f, &id, 1), "InvalidVolume.NotFound");
}

/* ---- seeds ---- */

static uint64_t churn(struct fixture *f, uint64_t seed)
{
	struct sim_config c;

	sim_config_default(&c);
	c.seed = seed;
	use_model(f, &c);
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_RESET_AFTER,
					  .action = SIM_ANY_ACTION, .probability = 0.1 });
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_CREATE_VANISH,
					  .action = SIM_ANY_ACTION, .probability = 0.1 });
	for (int i = 0; i < 300; i++) {
		if (!*create_plain(f, NULL)) {
			pass(f, 3000);
			attach(f, f->id, i % 2 ? NODE : NODE2, "/dev/xvdaa");
			pass(f, 5000);
			detach(f, f->id, NULL);
		}
		pass(f, 500);
		delete_volume(f, f->id);
	}
	return sim_model_trace(f->m);
}

static void one_seed_one_trace(void **state)
{
	struct fixture *f = *state;
	uint64_t first = churn(f, 7);

	assert_true(first == churn(f, 7));
	assert_true(first != churn(f, 8));
}

static void delays_follow_their_points(void **state)
{
	const struct sim_delay d = { 100, 200, 600, 1000 };
	struct sim_rng rng = { 3 };
	int below = 0, tail = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t ms = sim_delay_draw(&d, 1, &rng);

		assert_in_range(ms, 100, 1000);
		below += ms <= 200;
		tail += ms > 600;
	}
	assert_in_range(below, 9600, 10400);
	assert_in_range(tail, 130, 270);
	assert_int_equal(sim_delay_draw(&d, 0, &rng), 0);
	assert_in_range(sim_delay_draw(&d, 10, &rng), 1000, 10000);
}

static void bad_configurations(void **state)
{
	struct fixture *f = *state;
	const char *const twice[] = { "a", "a" };
	struct err err = { 0 };
	struct sim_config c;

	(void)f;
	sim_config_default(&c);
	c.account = "123";
	assert_null(sim_model_new(&c, &err));
	assert_non_null(strstr(err_msg(&err), "12 digits"));
	sim_config_default(&c);
	c.n_zones = 0;
	assert_null(sim_model_new(&c, &err));
	sim_config_default(&c);
	c.zones = twice;
	c.n_zones = 2;
	assert_null(sim_model_new(&c, &err));
	sim_config_default(&c);
	c.attaching.p99 = 1;
	assert_null(sim_model_new(&c, &err));
	assert_non_null(strstr(err_msg(&err), "attaching"));
	sim_config_default(&c);
	c.bucket_scale = -1;
	assert_null(sim_model_new(&c, &err));
	err_fini(&err);
}

static void dumps_json(void **state)
{
	struct fixture *f = *state;
	struct buf out;
	json_t *o;

	make_available(f);
	attach(f, f->id, NODE, "/dev/xvdaa");
	buf_init(&out, 1 << 20);
	sim_model_dump_json(f->m, &out);
	o = json_loads(buf_cstr(&out), 0, NULL);
	assert_non_null(o);
	assert_int_equal(json_array_size(json_object_get(o, "volumes")), 3);
	assert_int_equal(json_array_size(json_object_get(o, "instances")), 2);
	json_decref(o);
	buf_fini(&out);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_bad_id_fails_the_call_and_is_named),
		TEST(pages),
		TEST(pages_survive_deletions),
		TEST(bad_pages),
		TEST(volume_filters),
		TEST(other_filters),
		TEST(too_many_filter_values),
		TEST(zones),
		TEST(buckets_run_dry_and_refill),
		TEST(faults_before_leave_no_trace),
		TEST(faults_apply_where_they_can),
		TEST(faults_after_have_done_it),
		TEST(rules_choose_their_calls),
		TEST(slow_answers),
		TEST(probabilities_are_kept),
		TEST(bad_rules),
		TEST(fresh_ids_are_unknown_for_a_while),
		TEST(reads_go_stale_and_backward),
		TEST(deleted_and_detached_things_come_back_in_stale_reads),
		TEST(one_seed_one_trace),
		TEST(delays_follow_their_points),
		TEST(bad_configurations),
		TEST(dumps_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
