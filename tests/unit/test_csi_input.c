/* Capabilities, sizes, topology, and the bytes of a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "csi/caps.h"
#include "csi/pb.h"
#include "csi/size.h"
#include "csi/topology.h"
#include "csi/wire.h"

#define GIB SIZE_GIB

struct fixture {
	struct arena arena;
	struct err err;
};

static int setup(void **state)
{
	*state = xcalloc(1, sizeof(struct fixture));
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_fini(&f->arena);
	err_fini(&f->err);
	free(f);
	return 0;
}

/* ---- capabilities ---- */

enum { NO_TYPE, MOUNT, BLOCK };

static Csi__V1__VolumeCapability *cap(struct fixture *f, int mode, int type)
{
	Csi__V1__VolumeCapability *c = PB_NEW(&f->arena, csi__v1__volume_capability);

	if (mode >= 0) {
		c->access_mode = PB_NEW(&f->arena, csi__v1__volume_capability__access_mode);
		c->access_mode->mode = (Csi__V1__VolumeCapability__AccessMode__Mode)mode;
	}
	if (type == MOUNT) {
		c->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
		c->mount = PB_NEW(&f->arena, csi__v1__volume_capability__mount_volume);
	} else if (type == BLOCK) {
		c->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
		c->block = PB_NEW(&f->arena, csi__v1__volume_capability__block_volume);
	}
	return c;
}

static void capabilities_by_mode_and_type(void **state)
{
	struct fixture *f = *state;

	for (int mode = 0; mode <= 8; mode++) {
		bool one = mode == 1, many = mode == 5;

		assert_int_equal(caps_check(cap(f, mode, MOUNT), &f->err), one ? 0 : -1);
		assert_int_equal(caps_check(cap(f, mode, BLOCK), &f->err), one || many ? 0 : -1);
		assert_int_equal(caps_check_local(cap(f, mode, MOUNT), &f->err),
				 one || many ? 0 : -1);
		assert_int_equal(caps_check(cap(f, mode, NO_TYPE), &f->err), -1);
		assert_int_equal(f->err.code, GRPC_INVALID_ARGUMENT);
	}
}

static void capability_errors_say_what_is_wrong(void **state)
{
	struct fixture *f = *state;
	Csi__V1__VolumeCapability *list[] = { cap(f, 1, MOUNT), cap(f, 99, MOUNT) };

	assert_int_equal(caps_check(NULL, &f->err), -1);
	assert_non_null(strstr(err_msg(&f->err), "volume_capability is missing"));
	assert_int_equal(caps_check(cap(f, -1, MOUNT), &f->err), -1);
	assert_non_null(strstr(err_msg(&f->err), "access_mode"));
	assert_int_equal(caps_check(cap(f, 3, BLOCK), &f->err), -1);
	assert_non_null(strstr(err_msg(&f->err), "MULTI_NODE_READER_ONLY with block"));
	assert_int_equal(caps_check_all(list, 0, &f->err), -1);
	assert_int_equal(caps_check_all(list, 1, &f->err), 0);
	assert_int_equal(caps_check_all(list, 2, &f->err), -1);
	assert_non_null(strstr(err_msg(&f->err), "capability 2 of 2"));
	assert_non_null(strstr(err_msg(&f->err), "access mode 99"));
	assert_false(caps_want_multi_attach(list, 2));
	list[1] = cap(f, 5, BLOCK);
	assert_true(caps_want_multi_attach(list, 2));
}

/* ---- sizes ---- */

static void sizes_are_rounded_up_within_their_bounds(void **state)
{
	static const struct {
		int64_t required, limit;
		int64_t gib;	/* 0: refused */
		enum grpc_code code;
	} rows[] = {
		{ 1, 0, 1, 0 },
		{ GIB, 0, 1, 0 },
		{ GIB + 1, 0, 2, 0 },
		{ GIB, GIB, 1, 0 },
		{ 5 * GIB, 6 * GIB - 1, 5, 0 },
		{ 0, 0, 100, 0 },
		{ 0, 500 * GIB, 100, 0 },
		{ 0, 10 * GIB + 5, 10, 0 },
		{ 0, GIB - 1, 0, GRPC_OUT_OF_RANGE },
		{ GIB * 3 / 2, GIB * 19 / 10, 0, GRPC_OUT_OF_RANGE },
		{ 2 * GIB, GIB, 0, GRPC_INVALID_ARGUMENT },
		{ -1, 0, 0, GRPC_INVALID_ARGUMENT },
		{ 0, -1, 0, GRPC_INVALID_ARGUMENT },
		{ INT64_MIN, INT64_MIN, 0, GRPC_INVALID_ARGUMENT },
		{ INT64_MAX, 0, 0, GRPC_OUT_OF_RANGE },
		{ INT64_MAX, INT64_MAX, 0, GRPC_OUT_OF_RANGE },
		{ INT32_MAX * GIB, 0, INT32_MAX, 0 },
		{ INT32_MAX * GIB + 1, 0, 0, GRPC_OUT_OF_RANGE },
	};
	struct fixture *f = *state;
	int64_t gib;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct size_range r = { rows[i].required, rows[i].limit };

		gib = 0;
		assert_int_equal(size_choose(&r, &gib, &f->err), rows[i].gib ? 0 : -1);
		assert_int_equal(gib, rows[i].gib);
		if (!rows[i].gib)
			assert_int_equal(f->err.code, rows[i].code);
	}
	assert_int_equal(size_choose(NULL, &gib, &f->err), 0);
	assert_int_equal(gib, 100);
}

static void types_have_bounds(void **state)
{
	static const struct {
		const char *type;
		int64_t least, most;
	} rows[] = {
		{ NULL, 1, 65536 }, { "", 1, 65536 }, { "gp3", 1, 65536 }, { "gp2", 1, 16384 },
		{ "io1", 4, 16384 }, { "io2", 4, 65536 }, { "st1", 125, 16384 },
		{ "sc1", 125, 16384 }, { "standard", 1, 1024 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(size_check_type(rows[i].type, rows[i].least, &f->err), 0);
		assert_int_equal(size_check_type(rows[i].type, rows[i].most, &f->err), 0);
		assert_int_equal(size_check_type(rows[i].type, rows[i].least - 1, &f->err), -1);
		assert_int_equal(size_check_type(rows[i].type, rows[i].most + 1, &f->err), -1);
		assert_int_equal(f->err.code, GRPC_OUT_OF_RANGE);
	}
	assert_int_equal(size_check_type("gp9", 1 << 30, &f->err), 0);
}

/* ---- topology ---- */

#define DRIVER "ebs.csi.aws.com"
#define OWN "topology." DRIVER "/"

/* "k=v k=v"; NULL: an empty topology */
static Csi__V1__Topology *topology(struct fixture *f, const char *text)
{
	Csi__V1__Topology *t = PB_NEW(&f->arena, csi__v1__topology);
	struct str rest = str_c(text), key;

	t->segments = arena_array(&f->arena, 8, sizeof(*t->segments));
	while (rest.p) {
		struct str pair = str_cut(&rest, ' ');
		Csi__V1__Topology__SegmentsEntry *e =
			PB_NEW(&f->arena, csi__v1__topology__segments_entry);

		key = str_cut(&pair, '=');
		e->key = arena_strn(&f->arena, key.p, key.n);
		e->value = arena_strn(&f->arena, pair.p ? pair.p : "", pair.n);
		t->segments[t->n_segments++] = e;
	}
	return t;
}

static int terms(struct fixture *f, const char *const *preferred, const char *const *requisite,
		 struct topology_terms *ret)
{
	Csi__V1__TopologyRequirement r = CSI__V1__TOPOLOGY_REQUIREMENT__INIT;
	Csi__V1__Topology *p[8], *q[8];

	r.preferred = p;
	r.requisite = q;
	for (; preferred && *preferred; preferred++)
		p[r.n_preferred++] = topology(f, *preferred);
	for (; requisite && *requisite; requisite++)
		q[r.n_requisite++] = topology(f, *requisite);
	return topology_terms(&f->arena, DRIVER, &r, ret, &f->err);
}

static void preferred_terms_come_first_each_once(void **state)
{
	struct fixture *f = *state;
	const char *p[] = { "topology.kubernetes.io/zone=b", OWN "zone=a", NULL };
	const char *q[] = { "topology.kubernetes.io/zone=a kubernetes.io/os=linux",
			    "topology.kubernetes.io/zone=c", "topology.k8s.aws/zone-id=use1-az1",
			    NULL };
	struct topology_terms t;

	assert_int_equal(terms(f, p, q, &t), 0);
	assert_int_equal(t.n, 4);
	assert_string_equal(t.v[0].zone, "b");
	assert_string_equal(t.v[1].zone, "a");
	assert_string_equal(t.v[2].zone, "c");
	assert_null(t.v[3].zone);
	assert_string_equal(t.v[3].zone_id, "use1-az1");
}

static void a_term_is_taken_as_a_whole(void **state)
{
	struct fixture *f = *state;
	const char *q[] = { "topology.k8s.aws/zone-id=use1-az1 " OWN "zone=old "
			    "topology.kubernetes.io/zone=new", NULL };
	struct topology_terms t;

	assert_int_equal(terms(f, NULL, q, &t), 0);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.v[0].zone, "new");
	assert_string_equal(t.v[0].zone_id, "use1-az1");
}

static void terms_that_name_no_place_are_anywhere(void **state)
{
	struct fixture *f = *state;
	const char *q[] = { "kubernetes.io/os=linux", "topology.kubernetes.io/zone=",
			    "other/key=x", NULL };
	struct topology_terms t;

	assert_int_equal(terms(f, NULL, q, &t), 0);
	assert_int_equal(t.n, 0);
	assert_int_equal(topology_terms(&f->arena, DRIVER, NULL, &t, &f->err), 0);
	assert_int_equal(t.n, 0);
}

#define ARN "arn:aws:outposts:us-west-2:111111111111:outpost/op-0aaa"

static void outposts(void **state)
{
	struct fixture *f = *state;
	const char *parts[] = { OWN "outpost-id=op-0aaa " OWN "region=us-west-2 " OWN
				"partition=aws " OWN "account-id=111111111111 "
				"topology.kubernetes.io/zone=z", NULL };
	const char *whole[] = { OWN "outpost-id=" ARN, NULL };
	const char *lacking[] = { OWN "outpost-id=op-0aaa " OWN "region=us-west-2", NULL };
	struct topology_terms t;

	assert_int_equal(terms(f, NULL, parts, &t), 0);
	assert_string_equal(t.v[0].outpost_arn, ARN);
	assert_string_equal(t.v[0].zone, "z");
	assert_int_equal(terms(f, NULL, whole, &t), 0);
	assert_string_equal(t.v[0].outpost_arn, ARN);
	assert_int_equal(terms(f, NULL, lacking, &t), -1);
	assert_int_equal(f->err.code, GRPC_INVALID_ARGUMENT);
}

static void outpost_arns_are_taken_apart(void **state)
{
	static const char *const bad[] = { "", "op-0aaa", "arn:aws:outposts:r:1:outpost/",
					   "arn:aws:ec2:r:1:outpost/op-1",
					   "arn:aws:outposts::1:outpost/op-1",
					   "arn:aws:outposts:r:1:outpost/op-1:x",
					   "arn:aws:outposts:r:1" };
	struct fixture *f = *state;
	struct topology_outpost o;

	assert_int_equal(topology_parse_outpost(&f->arena, ARN, &o), 0);
	assert_string_equal(o.partition, "aws");
	assert_string_equal(o.region, "us-west-2");
	assert_string_equal(o.account_id, "111111111111");
	assert_string_equal(o.id, "op-0aaa");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(topology_parse_outpost(&f->arena, bad[i], &o), -1);
}

static void assert_segments(const Csi__V1__Topology *t, const char *const (*rows)[2], size_t n)
{
	assert_int_equal(t->n_segments, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(PB_MAP_GET(t, segments, rows[i][0]), rows[i][1]);
}

static void segments_of_volumes_and_nodes(void **state)
{
	static const char *const rows[][2] = {
		{ "topology.kubernetes.io/zone", "z" },
		{ OWN "partition", "aws" },
		{ OWN "region", "us-west-2" },
		{ OWN "account-id", "111111111111" },
		{ OWN "outpost-id", "op-0aaa" },
		{ OWN "zone", "z" },
		{ "kubernetes.io/os", "linux" },
	};
	struct fixture *f = *state;

	assert_segments(topology_of_volume(&f->arena, DRIVER, "z", NULL), rows, 1);
	assert_segments(topology_of_volume(&f->arena, DRIVER, "z", ARN), rows, 5);
	assert_segments(topology_of_node(&f->arena, DRIVER, "z", ARN), rows, 7);
	assert_int_equal(topology_of_node(&f->arena, DRIVER, "z", NULL)->n_segments, 3);
}

/* ---- bytes ---- */

static const ProtobufCMessageDescriptor *const create = &csi__v1__create_volume_request__descriptor;

static void assert_bytes(struct fixture *f, const char *p, size_t n, enum grpc_code code)
{
	struct err err = {0};
	ProtobufCMessage *m = pb_unpack(&f->arena, create, str_n(p, n), &err);

	if (code == GRPC_OK)
		assert_non_null(m);
	else
		assert_null(m);
	assert_int_equal(err.code, code);
	err_fini(&err);
}
#define BYTES(f, literal, code) assert_bytes(f, literal, sizeof(literal) - 1, code)

static void malformed_requests(void **state)
{
	struct fixture *f = *state;

	BYTES(f, "", GRPC_OK);
	BYTES(f, "\x0a\x03" "abc", GRPC_OK);
	BYTES(f, "\x0a\x05" "abc", GRPC_INTERNAL);		/* longer than the rest */
	BYTES(f, "\x0a", GRPC_INTERNAL);			/* no length */
	BYTES(f, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", GRPC_INTERNAL);
	BYTES(f, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", GRPC_INTERNAL);
	BYTES(f, "\x00", GRPC_INTERNAL);			/* field 0 */
	BYTES(f, "\x0b", GRPC_INTERNAL);			/* group */
	BYTES(f, "\x09\x01\x02", GRPC_INTERNAL);		/* 64 bits cut off */
	BYTES(f, "\x12\x02\x08\x80", GRPC_INTERNAL);		/* inside a sub-message */
	BYTES(f, "\x0a\x03" "a\x00" "b", GRPC_INVALID_ARGUMENT);	/* NUL in name */
	BYTES(f, "\x0a\x02\xc3\x28", GRPC_INVALID_ARGUMENT);	/* no UTF-8 */
	BYTES(f, "\x0a\x02\xc0\x80", GRPC_INVALID_ARGUMENT);	/* overlong */
	BYTES(f, "\x0a\x03\xed\xa0\x80", GRPC_INVALID_ARGUMENT);	/* surrogate */
	BYTES(f, "\x0a\x04\xf4\x90\x80\x80", GRPC_INVALID_ARGUMENT);	/* beyond Unicode */
	BYTES(f, "\x0a\x01\xff", GRPC_INVALID_ARGUMENT);
	BYTES(f, "\x0a\x04\xf0\x9f\x98\x80", GRPC_OK);		/* beyond the BMP */
	BYTES(f, "\x22\x06\x0a\x01k\x12\x01\x00", GRPC_INVALID_ARGUMENT);	/* NUL in a value */
	BYTES(f, "\xa2\x06\x02\x00\xff", GRPC_OK);		/* unknown field: any bytes */
	BYTES(f, "\x08\x01", GRPC_INVALID_ARGUMENT);		/* name as a number */
}

static void errors_name_the_field(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(wire_check(create, str_n("\x0a\x01\xff", 3), &f->err), -1);
	assert_string_equal(err_msg(&f->err), "CreateVolumeRequest.name is not valid UTF-8");
}

static void the_number_of_parts_is_bounded(void **state)
{
	struct fixture *f = *state;
	size_t n = 2 * WIRE_PARTS_MAX;
	char *bytes = xmalloc(n + 2);

	for (size_t i = 0; i < n + 2; i += 2) {
		bytes[i] = 0x1a;	/* volume_capabilities, empty */
		bytes[i + 1] = 0;
	}
	assert_bytes(f, bytes, n, GRPC_OK);
	assert_bytes(f, bytes, n + 2, GRPC_INVALID_ARGUMENT);
	free(bytes);
}

static void memory_is_bounded(void **state)
{
	struct fixture *f = *state;
	size_t n = PB_MEMORY_MAX + 10, head = 5;
	char *bytes = xcalloc(1, n);

	bytes[0] = 0x0a;
	for (size_t i = 0, left = n - head; i < 4; i++, left >>= 7)
		bytes[1 + i] = (char)((left & 0x7f) | (i < 3 ? 0x80 : 0));
	memset(bytes + head, 'x', n - head);
	assert_bytes(f, bytes, n, GRPC_INVALID_ARGUMENT);
	assert_true(f->arena.used <= PB_MEMORY_MAX + 4096);
	free(bytes);
}

static void the_last_of_equal_keys_counts(void **state)
{
	struct fixture *f = *state;
	static const char bytes[] = "\x22\x06\x0a\x01k\x12\x01" "a" "\x22\x06\x0a\x01k\x12\x01" "b";
	Csi__V1__CreateVolumeRequest *r = (Csi__V1__CreateVolumeRequest *)pb_unpack(
		&f->arena, create, str_n(bytes, sizeof(bytes) - 1), &f->err);

	assert_non_null(r);
	assert_string_equal(PB_MAP_GET(r, parameters, "k"), "b");
	assert_null(PB_MAP_GET(r, parameters, "other"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(capabilities_by_mode_and_type, setup, teardown),
		cmocka_unit_test_setup_teardown(capability_errors_say_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(sizes_are_rounded_up_within_their_bounds, setup,
						teardown),
		cmocka_unit_test_setup_teardown(types_have_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(preferred_terms_come_first_each_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_term_is_taken_as_a_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(terms_that_name_no_place_are_anywhere, setup,
						teardown),
		cmocka_unit_test_setup_teardown(outposts, setup, teardown),
		cmocka_unit_test_setup_teardown(outpost_arns_are_taken_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(segments_of_volumes_and_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_name_the_field, setup, teardown),
		cmocka_unit_test_setup_teardown(the_number_of_parts_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_of_equal_keys_counts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
