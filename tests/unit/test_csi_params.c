/* StorageClass and VolumeAttributesClass parameters: every key, every rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "csi/params.h"

#define PAIRS_MAX 8

struct pairs {
	const char *kv[PAIRS_MAX][2];	/* ends with NULL */
};

struct fixture {
	struct arena arena;
	struct params p;
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

static void reset(struct fixture *f)
{
	arena_fini(&f->arena);
	err_fini(&f->err);
	memset(f, 0, sizeof(*f));
}

typedef int reader(struct params *, struct arena *, void *const *, size_t, struct err *);

static int read_pairs(struct fixture *f, reader *read, const struct pairs *in)
{
	struct pb_entry entries[PAIRS_MAX];
	void *list[PAIRS_MAX];
	size_t n = 0;

	memset(entries, 0, sizeof(entries));
	for (; n < PAIRS_MAX && in->kv[n][0]; n++) {
		entries[n].key = arena_str(&f->arena, in->kv[n][0]);
		entries[n].value = arena_str(&f->arena, in->kv[n][1]);
		list[n] = &entries[n];
	}
	return read(&f->p, &f->arena, list, n, &f->err);
}

static int read_one(struct fixture *f, reader *read, const char *key, const char *value)
{
	struct pairs in = { .kv = { { key, value } } };

	reset(f);
	return read_pairs(f, read, &in);
}

static void assert_refused(struct fixture *f, int rc, const char *text)
{
	assert_int_equal(rc, -1);
	assert_int_equal(f->err.code, GRPC_INVALID_ARGUMENT);
	if (!strstr(err_msg(&f->err), text))
		fail_msg("\"%s\" is not in \"%s\"", text, err_msg(&f->err));
}

static void every_class_key_sets_its_member(void **state)
{
	struct fixture *f = *state;
	const struct pairs first = { .kv = {
		{ "type", "IO2" }, { "iops", "3000" }, { "throughput", "+250" },
		{ "encrypted", "true" }, { "kmsKeyId", "alias/x" },
		{ "allowAutoIOPSPerGBIncrease", "true" },
		{ "allowAutoIOPSIncreaseOnModify", "false" },
		{ "blockAttachUntilInitialized", "true" } } };
	const struct pairs second = { .kv = {
		{ "BlockSize", "4096" }, { "inodeSize", "256" }, { "bytesPerInode", "8k" },
		{ "numberOfInodes", "100" }, { "ext4BigAlloc", "true" },
		{ "ext4ClusterSize", "16384" }, { "ext4EncryptionSupport", "true" },
		{ "iopsPerGB", "50" } } };
	const struct pairs third = { .kv = {
		{ "csi.storage.k8s.io/pvc/name", "claim" },
		{ "csi.storage.k8s.io/pvc/namespace", "ns" },
		{ "csi.storage.k8s.io/pv/name", "pv" },
		{ "volumeInitializationRate", "100" },
		{ "blockExpress", "whatever" }, { "fsType", "xfs" } } };

	assert_int_equal(read_pairs(f, params_read_class, &first), 0);
	assert_string_equal(f->p.type, "IO2");	/* the case is EC2's affair */
	assert_int_equal(f->p.iops, 3000);
	assert_int_equal(f->p.throughput, 250);
	assert_int_equal(f->p.encrypted, YES);
	assert_string_equal(f->p.kms_key_id, "alias/x");
	assert_true(f->p.allow_iops_increase);
	assert_int_equal(f->p.keep_ratio, NO);
	assert_true(f->p.wait_initialized);
	assert_int_equal(read_pairs(f, params_read_class, &second), 0);
	assert_string_equal(f->p.format.block_size, "4096");
	assert_string_equal(f->p.format.inode_size, "256");
	assert_string_equal(f->p.format.bytes_per_inode, "8k");
	assert_string_equal(f->p.format.number_of_inodes, "100");
	assert_string_equal(f->p.format.cluster_size, "16384");
	assert_true(f->p.format.bigalloc);
	assert_true(f->p.format.encryption);
	assert_int_equal(f->p.iops_per_gb, 50);
	assert_int_equal(read_pairs(f, params_read_class, &third), 0);
	assert_string_equal(f->p.pvc_name, "claim");
	assert_string_equal(f->p.pvc_namespace, "ns");
	assert_string_equal(f->p.pv_name, "pv");
	assert_int_equal(f->p.initialization_rate, 100);
}

static void bad_values_are_named(void **state)
{
	static const struct {
		const char *key, *value, *text;
	} rows[] = {
		{ "iops", "", "iops is \"\", allowed is a whole number" },
		{ "iops", "-1", "iops is \"-1\"" },
		{ "iops", "3e3", "iops is \"3e3\"" },
		{ "iops", " 3", "iops is \" 3\"" },
		{ "iops", "2147483648", "2147483648" },
		{ "iops", "99999999999999999999", "99999999999999999999" },
		{ "IOPS", "x", "IOPS is \"x\"" },
		{ "iopsPerGB", "1.5", "iopsPerGB is \"1.5\"" },
		{ "throughput", "1_000", "throughput" },
		{ "volumeInitializationRate", "fast", "volumeInitializationRate" },
		{ "encrypted", "True", "encrypted is \"True\", allowed is true or false" },
		{ "encrypted", "yes", "allowed is true or false" },
		{ "ext4BigAlloc", "1", "ext4BigAlloc" },
		{ "allowAutoIOPSIncreaseOnModify", "maybe", "allowAutoIOPSIncreaseOnModify" },
		{ "blockSize", "4096 -F", "letters and digits only" },
		{ "inodeSize", "-1", "letters and digits only" },
		{ "ext4ClusterSize", "1\xc3\xa4", "letters and digits only" },
		{ "typ", "gp3", "\"typ\" is not known; known are type, iops" },
		{ "csi.storage.k8s.io/fstype", "xfs", "is not known" },
		{ "", "x", "is not known" },
		{ "tagspecification_1", "a=b", "is not known" },
		{ "tagDeletion_1", "a", "is not known" },
		{ "volumeType", "gp3", "is not known" },
		{ "XXX_FakeKey", "XXX_FakeValue", "is not known" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_refused(f, read_one(f, params_read_class, rows[i].key, rows[i].value),
			       rows[i].text);
}

static void a_long_key_is_only_unknown(void **state)
{
	struct fixture *f = *state;
	char key[5000];

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	assert_refused(f, read_one(f, params_read_class, key, "v"), "is not known");
	assert_true(strlen(err_msg(&f->err)) < 2000);
}

static void mutable_keys_are_a_set_of_their_own(void **state)
{
	static const char *const good[][2] = {
		{ "type", "gp3" }, { "volumeType", "gp3" }, { "IOPS", "4000" },
		{ "throughput", "200" }, { "iopspergb", "5" },
		{ "allowautoiopsincreaseonmodify", "true" }, { "tagSpecification_1", "a=b" },
		{ "tagDeletion_1", "a" }, { "csi.storage.k8s.io/pvc/name", "c" },
	};
	static const char *const bad[][2] = {
		{ "encrypted", "true" }, { "kmsKeyId", "k" }, { "blockSize", "4096" },
		{ "XXX_FakeKey", "XXX_FakeValue" }, { "iops", "many" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(read_one(f, params_read_mutable, good[i][0], good[i][1]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(f, read_one(f, params_read_mutable, bad[i][0], bad[i][1]),
			       "mutable_parameters");
}

static void mutable_values_win(void **state)
{
	struct fixture *f = *state;
	const struct pairs cls = { .kv = { { "type", "gp2" }, { "iopsPerGB", "10" },
					   { "throughput", "125" } } };
	const struct pairs vac = { .kv = { { "volumeType", "gp3" }, { "iops", "4000" } } };

	assert_int_equal(read_pairs(f, params_read_class, &cls), 0);
	assert_int_equal(read_pairs(f, params_read_mutable, &vac), 0);
	assert_string_equal(f->p.type, "gp3");
	assert_int_equal(f->p.iops, 4000);
	assert_int_equal(f->p.iops_per_gb, 0);
	assert_int_equal(f->p.throughput, 125);
	assert_int_equal(params_check(&f->p, false, &f->err), 0);
}

static void nothing_mutable_changes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct pairs cls = { .kv = { { "type", "io1" }, { "iopsPerGB", "10" } } };
	const struct pairs none = { .kv = { { NULL, NULL } } };

	assert_int_equal(read_pairs(f, params_read_class, &cls), 0);
	assert_int_equal(read_pairs(f, params_read_mutable, &none), 0);
	assert_string_equal(f->p.type, "io1");
	assert_int_equal(f->p.iops_per_gb, 10);
}

static void type_wins_over_its_old_name(void **state)
{
	struct fixture *f = *state;
	const struct pairs vac = { .kv = { { "type", "io2" }, { "volumeType", "gp3" } } };

	assert_int_equal(read_pairs(f, params_read_mutable, &vac), 0);
	assert_string_equal(f->p.type, "io2");
}

static void two_spellings_must_agree(void **state)
{
	struct fixture *f = *state;
	const struct pairs differ = { .kv = { { "iops", "1" }, { "IOPS", "2" } } };
	const struct pairs agree = { .kv = { { "iops", "7" }, { "IOPS", "7" } } };
	const struct pairs repeated = { .kv = { { "iops", "1" }, { "iops", "2" } } };

	assert_refused(f, read_pairs(f, params_read_class, &differ), "give one of them");
	reset(f);
	assert_int_equal(read_pairs(f, params_read_class, &agree), 0);
	assert_int_equal(f->p.iops, 7);
	reset(f);	/* the same key twice on the wire: the later counts, as in a map */
	assert_int_equal(read_pairs(f, params_read_class, &repeated), 0);
	assert_int_equal(f->p.iops, 2);
}

static void tags_are_in_the_order_of_their_keys(void **state)
{
	struct fixture *f = *state;
	const struct pairs cls = { .kv = { { "tagSpecification_2", "b=2" },
					   { "tagSpecification_1", "a=1" },
					   { "tagSpecificationX", "x=" } } };
	const struct pairs vac = { .kv = { { "tagSpecification", "m=1" } } };

	assert_int_equal(read_pairs(f, params_read_class, &cls), 0);
	assert_int_equal(read_pairs(f, params_read_mutable, &vac), 0);
	assert_int_equal(f->p.tags.n, 4);
	assert_string_equal(f->p.tags.v[0], "x=");
	assert_string_equal(f->p.tags.v[1], "a=1");
	assert_string_equal(f->p.tags.v[2], "b=2");
	assert_string_equal(f->p.tags.v[3], "m=1");
}

static void values_must_fit_together(void **state)
{
	struct fixture *f = *state;

	f->p.iops = f->p.iops_per_gb = 3;
	assert_refused(f, params_check(&f->p, false, &f->err), "iops is 3 and iopspergb is 3");
	reset(f);
	assert_refused(f, params_check(&f->p, true, &f->err), "type io2, type is gp3");
	f->p.type = "IO2";
	assert_refused(f, params_check(&f->p, true, &f->err), "type is IO2");
	f->p.type = "io2";
	assert_int_equal(params_check(&f->p, true, &f->err), 0);
	f->p.format.cluster_size = "16k";
	assert_refused(f, params_check(&f->p, false, &f->err), "needs ext4bigalloc");
	f->p.format.bigalloc = true;
	assert_int_equal(params_check(&f->p, false, &f->err), 0);
	f->p.initialization_rate = 100;
	assert_refused(f, params_check(&f->p, false, &f->err), "volumeinitializationrate");
}

/* fs type, then for each of the seven options whether it fits. */
static void format_options_by_file_system(void **state)
{
	static const char *const keys[] = { "blockSize", "inodeSize", "bytesPerInode",
					    "numberOfInodes", "ext4BigAlloc",
					    "ext4ClusterSize", "ext4EncryptionSupport" };
	static const struct {
		const char *fs;
		const char *fits;	/* one letter an option; B: a block volume */
	} rows[] = {
		{ "ext4", "yyyyyyy" }, { "ext3", "yyyynnn" }, { "xfs", "yynnnnn" },
		{ "ntfs", "nnnnnnn" }, { "", "yyyyyyy" }, { "btrfs", "yyyyyyy" },
		{ NULL, "nnnnnnn" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		Csi__V1__VolumeCapability__MountVolume mount =
			CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
		Csi__V1__VolumeCapability cap = CSI__V1__VOLUME_CAPABILITY__INIT, *caps = &cap;

		mount.fs_type = (char *)rows[i].fs;
		cap.mount = &mount;
		cap.access_type_case = rows[i].fs ? CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT :
						    CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			bool flag = k == 4 || k == 6;

			assert_int_equal(read_one(f, params_read_class, keys[k],
						  flag ? "true" : "64"), 0);
			assert_int_equal(params_check_format(&f->p, &caps, 1, &f->err),
					 rows[i].fits[k] == 'y' ? 0 : -1);
			assert_int_equal(read_one(f, params_read_class, keys[k],
						  flag ? "false" : ""), 0);
			assert_int_equal(params_check_format(&f->p, &caps, 1, &f->err), 0);
		}
	}
}

static void the_context_carries_the_options_to_the_node(void **state)
{
	struct fixture *f = *state;
	const struct pairs in = { .kv = { { "blockSize", "4096" }, { "ext4BigAlloc", "true" },
					  { "ext4ClusterSize", "16k" },
					  { "blockAttachUntilInitialized", "true" } } };
	void *entries[PARAMS_CONTEXT_MAX];
	struct block_mkfs m = {0};
	size_t n;

	assert_int_equal(read_pairs(f, params_read_class, &in), 0);
	n = params_to_context(&f->p, &f->arena, &csi__v1__volume__volume_context_entry__descriptor,
			      entries);
	assert_int_equal(n, 4);
	assert_string_equal(pb_map_get(entries, n, "blocksize"), "4096");
	assert_string_equal(pb_map_get(entries, n, "ext4bigalloc"), "true");
	assert_string_equal(pb_map_get(entries, n, "blockattachuntilinitialized"), "true");
	assert_null(pb_map_get(entries, n, "inodesize"));
	params_from_context(entries, n, &m);
	assert_string_equal(m.block_size, "4096");
	assert_string_equal(m.cluster_size, "16k");
	assert_true(m.bigalloc);
	assert_false(m.encryption);
	assert_null(m.inode_size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_class_key_sets_its_member, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_values_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_key_is_only_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(mutable_keys_are_a_set_of_their_own, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mutable_values_win, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_mutable_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(type_wins_over_its_old_name, setup, teardown),
		cmocka_unit_test_setup_teardown(two_spellings_must_agree, setup, teardown),
		cmocka_unit_test_setup_teardown(tags_are_in_the_order_of_their_keys, setup,
						teardown),
		cmocka_unit_test_setup_teardown(values_must_fit_together, setup, teardown),
		cmocka_unit_test_setup_teardown(format_options_by_file_system, setup, teardown),
		cmocka_unit_test_setup_teardown(the_context_carries_the_options_to_the_node, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
