/* Snapshots of the EC2 model: a copy goes on as the original does; what is damaged
 * is refused and never hurts. */
#include "sim_fixture.h"

#include <sys/stat.h>

#include "sim/snapshot.h"
#include "sim/snapshot_text.h"

#define MAX (64u << 20)

static struct sim_config plain_config(void)
{
	struct sim_config c;

	sim_config_default(&c);
	c.latency_scale = 0.1;
	return c;
}

static char *text_of(const struct sim_model *m)
{
	struct buf b;

	buf_init(&b, MAX);
	sim_snapshot_write(m, &b);
	assert_false(b.overflow);
	return buf_take(&b);
}

static char *dump_of(const struct sim_model *m)
{
	struct buf b;

	buf_init(&b, MAX);
	sim_model_dump_json(m, &b);
	return buf_take(&b);
}

static struct sim_model *copy_of(const struct sim_model *m)
{
	auto_free char *text = text_of(m);
	struct sim_config c = plain_config();
	struct err err = { 0 };
	struct sim_model *copy = sim_snapshot_read(str_c(text), &c, &err);

	if (!copy)
		fail_msg("%s", err_msg(&err));
	return copy;
}

/* ---- a busy region ---- */

#define KNOWN 40

struct load {
	struct sim_rng rng;	/* of the caller, not of the model */
	int64_t now;
	char ids[KNOWN][SIM_ID_SIZE];
	unsigned int tokens;
};

static void act(struct sim_model *m, struct load *l, struct sim_answer *a)
{
	const char *node = sim_rng_below(&l->rng, 2) ? NODE : NODE2;
	char *id = l->ids[sim_rng_below(&l->rng, KNOWN)];
	char token[32], device[32];
	const char *ids[] = { id };
	struct ec2_tag tag = { "k", token };
	struct ec2_request req = { .action = (enum ec2_action)sim_rng_below(&l->rng,
									    EC2_ACTION_COUNT) };

	snprintf(token, sizeof(token), "t%llu",
		 (unsigned long long)sim_rng_below(&l->rng, 200));
	snprintf(device, sizeof(device), "/dev/xvdb%c", (char)('a' + sim_rng_below(&l->rng, 20)));
	if (sim_rng_chance(&l->rng, 0.3))
		req.action = EC2_CREATE_VOLUME;
	if (req.action == EC2_CREATE_VOLUME)
		req.create_volume = (struct ec2_create_volume){
			.client_token = sim_rng_chance(&l->rng, 0.5) ? token : NULL,
			.availability_zone = ZONE, .size = 4, .volume_type = "io2", .iops = 100,
			.multi_attach_enabled = sim_rng_chance(&l->rng, 0.3) ? YES : UNSET,
			.encrypted = sim_rng_chance(&l->rng, 0.3) ? YES : UNSET,
			.tags = { &tag, 1 } };
	else if (req.action == EC2_ATTACH_VOLUME)
		req.attach_volume = (struct ec2_attach_volume){
			.volume_id = id, .instance_id = node, .device = device };
	else if (req.action == EC2_DETACH_VOLUME)
		req.detach_volume = (struct ec2_detach_volume){
			.volume_id = id, .instance_id = node,
			.force = sim_rng_chance(&l->rng, 0.2) ? YES : UNSET };
	else if (req.action == EC2_DELETE_VOLUME)
		req.delete_volume.volume_id = id;
	else if (req.action == EC2_CREATE_TAGS)
		req.create_tags = (struct ec2_create_tags){ .resource_ids = { ids, 1 },
							    .tags = { &tag, 1 } };
	sim_answer_fini(a);
	sim_model_call(m, l->now, &req, a);
	if (req.action == EC2_CREATE_VOLUME && a->resp.volume.volume_id)
		snprintf(id, SIM_ID_SIZE, "%s", a->resp.volume.volume_id);
}

static void run(struct sim_model *m, struct load *l, int steps)
{
	struct sim_answer a = { 0 };

	for (int i = 0; i < steps; i++) {
		l->now += (int64_t)sim_rng_below(&l->rng, 400);
		act(m, l, &a);
	}
	sim_model_advance(m, l->now);
	sim_answer_fini(&a);
}

static void add_faults(struct fixture *f)
{
	static const enum sim_fault_kind kinds[] = {
		SIM_FAULT_ATTACH_STUCK, SIM_FAULT_DETACH_STUCK, SIM_FAULT_CREATE_ERROR,
		SIM_FAULT_CREATE_VANISH, SIM_FAULT_RESET_AFTER, SIM_FAULT_THROTTLE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		add_fault(f, &(struct sim_fault){ .kind = kinds[i], .action = SIM_ANY_ACTION,
						  .probability = 0.1 });
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_STALE, .action = SIM_ANY_ACTION,
		.probability = 0.2, .delay_ms = 3000, .message = "a \"message\"" });
	add_fault(f, &(struct sim_fault){ .kind = SIM_FAULT_ERROR, .count = 50,
		.action = EC2_CREATE_VOLUME, .skip = 30 });
}

static void make_busy(struct fixture *f, struct load *l, uint64_t seed)
{
	struct sim_config c = plain_config();

	c.seed = seed;
	c.epoch_ms = 1764000000000;
	use_model(f, &c);
	add_faults(f);
	*l = (struct load){ .rng = { seed * 77 } };
	for (int i = 0; i < KNOWN; i++)
		snprintf(l->ids[i], SIM_ID_SIZE, "vol-0aaaaaaa");
	run(f->m, l, 300);
}

static void a_copy_goes_on_as_the_original(void **state)
{
	struct fixture *f = *state;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct load l, same;
		struct sim_model *copy;
		auto_free char *dump = NULL, *dump2 = NULL, *text = NULL, *text2 = NULL;

		make_busy(f, &l, seed);
		copy = copy_of(f->m);
		dump = dump_of(f->m);
		dump2 = dump_of(copy);
		assert_string_equal(dump, dump2);
		free(dump);
		free(dump2);
		same = l;
		run(f->m, &l, 400);
		run(copy, &same, 400);
		assert_int_equal(sim_model_trace(f->m), sim_model_trace(copy));
		dump = dump_of(f->m);
		dump2 = dump_of(copy);
		assert_string_equal(dump, dump2);
		text = text_of(f->m);
		text2 = text_of(copy);
		assert_string_equal(text, text2);
		sim_model_free(copy);
	}
}

static void in_the_middle_of_an_attach(void **state)
{
	struct fixture *f = *state;
	struct sim_model *copy;

	make_available(f);
	assert_string_equal(attach(f, f->id, NODE, "/dev/xvdba"), "");
	pass(f, 1999);
	copy = copy_of(f->m);
	sim_model_free(f->m);
	f->m = copy;
	assert_string_equal(attachment(f), "attaching");
	pass(f, 1);
	assert_string_equal(attachment(f), "attached");
	/* numbers of operations go on, their records do not */
	assert_int_equal(sim_model_times_last(f->m), 2);
	assert_string_equal(detach(f, f->id, NODE), "");
	assert_int_equal(sim_model_times_last(f->m), 3);
}

/* ---- what is refused ---- */

static void refused(const char *text, size_t n, enum grpc_code code, const char *said)
{
	struct sim_config c = plain_config();
	struct err err = { 0 };

	assert_null(sim_snapshot_read(str_n(text, n), &c, &err));
	if (err.code != code || !strstr(err_msg(&err), said))
		fail_msg("said %d \"%s\", not \"%s\"", (int)err.code, err_msg(&err), said);
	err_fini(&err);
}

static void cut_or_flipped(void **state)
{
	struct fixture *f = *state;
	auto_free char *text = NULL;
	struct load l;
	size_t n;

	make_busy(f, &l, 3);
	text = text_of(f->m);
	n = strlen(text);
	for (size_t i = 0; i < n; i += 101)
		refused(text, i, GRPC_INVALID_ARGUMENT, i < 400 ? "" : "checksum");
	refused(text, n - 1, GRPC_INVALID_ARGUMENT, "checksum");
	for (size_t i = 0; i < n; i += 97) {
		text[i] ^= 1;
		refused(text, n, GRPC_INVALID_ARGUMENT, "");
		text[i] ^= 1;
	}
	refused("", 0, GRPC_INVALID_ARGUMENT, "no state of ebs-csi-sim");
	refused("hello\n", 6, GRPC_INVALID_ARGUMENT, "no state of ebs-csi-sim");
	refused("{\"format\":\"ebs-csi-sim state\",\"version\":2}\n", 44,
		GRPC_INVALID_ARGUMENT, "a state of version 2; this program reads 1");
}

static void of_another_region(void **state)
{
	struct fixture *f = *state;
	static const char *const zones[] = { ZONE, "us-east-1x" };
	struct sim_config c = plain_config();
	auto_free char *text = text_of(f->m);
	struct err err = { 0 };
	struct sim_model *m;

	c.region = "eu-central-1";
	assert_null(sim_snapshot_read(str_c(text), &c, &err));
	assert_int_equal(err.code, GRPC_FAILED_PRECONDITION);
	assert_non_null(strstr(err_msg(&err), "us-east-1"));
	c = plain_config();
	c.zones = zones;
	c.n_zones = 2;
	assert_null(sim_snapshot_read(str_c(text), &c, &err));
	assert_non_null(strstr(err_msg(&err), "other zones"));
	c.n_zones = 0;
	m = sim_snapshot_read(str_c(text), &c, &err);
	assert_non_null(m);
	sim_model_free(m);
	err_fini(&err);
}

/* ---- a file with a good checksum, written by somebody else ---- */

static void use_it(struct sim_model *m)
{
	struct load l = { .rng = { 5 }, .now = sim_model_now(m) };
	struct ec2_request all = { .action = EC2_DESCRIBE_VOLUMES };
	struct sim_answer a = { 0 };
	auto_free char *text = NULL;

	sim_model_call(m, l.now, &all, &a);
	sim_answer_fini(&a);
	run(m, &l, 30);
	sim_model_advance(m, l.now + 24 * 3600 * 1000);
	text = text_of(m);
	sim_model_free(m);
}

static void replace_sum(struct buf *b)
{
	buf_printf(b, "{\"sum\":\"%llx\"}\n",
		   (unsigned long long)sim_snapshot_sum(buf_cstr(b), b->len));
}

/* One line of n less, twice, or with a byte replaced. */
static void mutate(const char *text, struct sim_rng *rng, struct buf *out)
{
	size_t lines = 0, at;
	unsigned int how = (unsigned int)sim_rng_below(rng, 4);
	struct str rest = str_c(text);

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	at = sim_rng_below(rng, lines - 1);
	for (size_t i = 0; i + 1 < lines; i++) {
		struct str line = str_cut(&rest, '\n');
		size_t start = out->len;

		if (i == at && how == 0)
			continue;
		buf_printf(out, "%.*s\n", STR(line));
		if (i == at && how == 1)
			buf_printf(out, "%.*s\n", STR(line));
		if (i == at && how >= 2)
			out->data[start + sim_rng_below(rng, line.n)] =
				"0123456789-\"x,:"[sim_rng_below(rng, how == 2 ? 10 : 15)];
	}
	replace_sum(out);
}

static void nonsense_is_harmless(void **state)
{
	struct fixture *f = *state;
	struct sim_config c = plain_config();
	struct sim_rng rng = { 11 };
	auto_free char *text = NULL;
	unsigned int read = 0;
	struct load l;

	make_busy(f, &l, 4);
	text = text_of(f->m);
	for (int i = 0; i < 1500; i++) {
		struct err err = { 0 };
		struct sim_model *m;
		struct buf b;

		buf_init(&b, MAX);
		mutate(text, &rng, &b);
		m = sim_snapshot_read(buf_view(&b), &c, &err);
		assert_true(m || err_is_set(&err));
		if (m) {
			use_it(m);
			read++;
		}
		err_fini(&err);
		buf_fini(&b);
	}
	assert_in_range(read, 100, 1400);
}

/* ---- files ---- */

static void files(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/test-sim-snapshot.XXXXXX";
	struct sim_config c = plain_config();
	struct err err = { 0 };
	struct sim_model *m;

	assert_non_null(mkdtemp(dir));
	auto_free char *path = xasprintf("%s/state", dir), *fresh = xasprintf("%s.new", path);

	make_available(f);
	assert_int_equal(sim_snapshot_save(f->m, path, &err), 0);
	assert_int_equal(access(fresh, F_OK), -1);
	m = sim_snapshot_load(path, &c, &err);
	assert_non_null(m);
	assert_int_equal(sim_model_now(m), 1500);
	sim_model_free(m);
	/* what cannot be written leaves the old one alone */
	assert_int_equal(mkdir(fresh, 0700), 0);
	assert_int_equal(sim_snapshot_save(f->m, path, &err), -1);
	assert_non_null(strstr(err_msg(&err), fresh));
	m = sim_snapshot_load(path, &c, &err);
	assert_non_null(m);
	sim_model_free(m);
	rmdir(fresh);
	unlink(path);
	assert_null(sim_snapshot_load(path, &c, &err));
	assert_non_null(strstr(err_msg(&err), path));
	rmdir(dir);
	assert_int_equal(sim_snapshot_save(f->m, path, &err), -1);
	err_fini(&err);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_copy_goes_on_as_the_original),
		TEST(in_the_middle_of_an_attach),
		TEST(cut_or_flipped),
		TEST(of_another_region),
		TEST(nonsense_is_harmless),
		TEST(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
