/* Pure parts of the block layer: protocol, superblocks, the blank decision,
 * mount options, argument checks, uevents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>

#include "block/blank.h"
#include "block/block.h"
#include "block/ext_sb.h"
#include "block/helper.h"
#include "block/proto.h"
#include "block/uevent.h"

/* ---- protocol ---- */

static const struct proto_msg an_act = {
	.type = PROTO_ACT,
	.act = { .id = 7, .kind = ACT_STAGE, .flags = ACT_GROW, .limit_ms = 1u << 20,
		 .major = 259, .minor = 3, .diskseq = 0x123456789abcULL,
		 .volume_id = "vol-1", .device = "/dev/nvme1n1", .fs_type = "ext4",
		 .target = "/a b/c" },
};

static void an_act_travels(void **state)
{
	uint8_t p[PROTO_MAX];
	size_t n = proto_encode(&an_act, p, NULL);
	struct proto_msg m;

	assert_true(n > 0);
	assert_int_equal(proto_decode(p, n, &m, NULL), 0);
	assert_int_equal(m.type, PROTO_ACT);
	assert_int_equal(m.act.id, 7);
	assert_int_equal(m.act.diskseq, 0x123456789abcULL);
	assert_string_equal(m.act.volume_id, "vol-1");
	assert_string_equal(m.act.target, "/a b/c");
	assert_string_equal(m.act.options, "");
}

/* Every shorter, every longer and every one-byte-changed form: refused, or
 * decoded with all strings inside the datagram. */
static void damaged_messages_do_no_harm(void **state)
{
	uint8_t good[PROTO_MAX];
	size_t n = proto_encode(&an_act, good, NULL);

	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *p = xmalloc(cut);
		struct proto_msg m;

		memcpy(p, good, cut);
		assert_int_equal(proto_decode(p, cut, &m, NULL), -1);
		free(p);
	}
	for (size_t at = 0; at < n; at++)
		for (int bit = 0; bit < 8; bit++) {
			uint8_t *p = xmalloc(n);
			struct proto_msg m;

			memcpy(p, good, n);
			p[at] ^= (uint8_t)(1u << bit);
			if (proto_decode(p, n, &m, NULL) == 0 && m.type == PROTO_ACT)
				assert_true(strlen(m.act.target) < n);
			free(p);
		}
	good[n] = 0;
	assert_int_equal(proto_decode(good, n + 1, &(struct proto_msg){ 0 }, NULL), -1);
}

static void long_strings_are_refused_by_name(void **state)
{
	struct proto_msg m = an_act;
	uint8_t p[PROTO_MAX];
	char text[300];
	struct err err = { 0 };

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	m.act.volume_id = text;
	assert_int_equal(proto_encode(&m, p, &err), 0);
	assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
	assert_non_null(strstr(err_msg(&err), "volume_id"));
	err_fini(&err);
}

/* All limits added up fit into PROTO_MAX, which proto_encode relies on. */
static void the_longest_message_fits(void **state)
{
	size_t act = 2, end = 2;

#define U8(n) act += 1;
#define U32(n) act += 4;
#define U64(n) act += 8;
#define TEXT(n, max) act += (max) + 3;
#define PROTO_ACT_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_ACT_FIELDS
#undef U8
#undef U32
#undef U64
#undef TEXT
#define U8(n) end += 1;
#define U32(n) end += 4;
#define U64(n) end += 8;
#define TEXT(n, max) end += (max) + 3;
#define PROTO_END_FIELDS
#include "block/proto.tbl.h"
#undef PROTO_END_FIELDS
	assert_true(act <= PROTO_MAX);
	assert_true(end <= PROTO_MAX);
}

static void values_out_of_range_are_refused(void **state)
{
	struct proto_msg bad[] = { an_act, an_act, an_act,
				   { .type = PROTO_ASK, .ask = { 1, PHASE_MAX + 1 } },
				   { .type = PROTO_GO, .word = { 0 } },
				   { .type = PROTO_END, .end = { .id = 1, .code = 17 } } };
	uint8_t p[PROTO_MAX];

	bad[0].act.kind = 0;
	bad[1].act.kind = ACT_KIND_MAX + 1;
	bad[2].act.flags = ACT_FLAGS_ALL + 1;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		size_t n = proto_encode(&bad[i], p, NULL);

		assert_int_equal(proto_decode(p, n, &(struct proto_msg){ 0 }, NULL), -1);
	}
}

/* ---- ext superblock ---- */

static void put16(uint8_t *p, size_t at, unsigned int v)
{
	p[at] = (uint8_t)v;
	p[at + 1] = (uint8_t)(v >> 8);
}

static void make_sb(uint8_t p[EXT_SB_SIZE])
{
	memset(p, 0, EXT_SB_SIZE);
	put16(p, 0x38, 0xEF53);
	put16(p, 0x3A, 1);
	put16(p, 0x18, 2);	/* 4 KiB */
	put16(p, 0x04, 1000);
	put16(p, 0x36, 0xFFFF);
	put16(p, 0x5C, 4);
}

static void superblocks_are_read(void **state)
{
	uint8_t p[EXT_SB_SIZE];
	struct ext_sb sb;

	make_sb(p);
	assert_int_equal(ext_sb_parse(p, &sb), 0);
	assert_int_equal(sb.block_size, 4096);
	assert_int_equal(sb.blocks, 1000);
	assert_false(sb.is_ext4);
	put16(p, 0x60, 0x40 | 0x80);
	put16(p, 0x150, 1);
	assert_int_equal(ext_sb_parse(p, &sb), 0);
	assert_true(sb.is_ext4);
	assert_true(sb.blocks == 1000 + (1ULL << 32));
	put16(p, 0x18, 7);
	assert_int_equal(ext_sb_parse(p, &sb), -1);
	make_sb(p);
	put16(p, 0x38, 0);
	assert_int_equal(ext_sb_parse(p, &sb), -1);
}

static void a_check_is_due_only_when_the_superblock_says_so(void **state)
{
	static const struct {
		size_t at;
		unsigned int value;
		bool due;
	} cases[] = {
		{ 0x3A, 1, false }, { 0x3A, 0, true }, { 0x3A, 3, true },
		{ 0x60, 4, false /* journal: the kernel replays it */ },
		{ 0x66, 1, true /* orphans */ },
		{ 0x36, 5, false }, { 0x36, 0, false },
		{ 0x44, 100, true /* interval, last check in 1970 */ },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t p[EXT_SB_SIZE];
		struct ext_sb sb;

		make_sb(p);
		put16(p, cases[i].at, cases[i].value);
		assert_int_equal(ext_sb_parse(p, &sb), 0);
		assert_int_equal(ext_sb_check_due(&sb, 1000000) != NULL, cases[i].due);
		sb.mounts = 5;
		assert_int_equal(ext_sb_check_due(&sb, 1000000) != NULL,
				 cases[i].due || sb.max_mounts == 5);
	}
}

static void growth_is_in_whole_pages(void **state)
{
	struct ext_sb sb = { .block_size = 1024 };

	assert_int_equal(ext_sb_blocks_for(&sb, 10 * 1024 + 7, 4096), 8);
	sb.block_size = 4096;
	assert_int_equal(ext_sb_blocks_for(&sb, 10 * 4096 + 7, 4096), 10);
}

/* ---- blank or not ---- */

static struct probe_facts blank_facts(void)
{
	return (struct probe_facts){
		.device = "/dev/x", .bytes = 1 << 20, .rc = PROBE_NONE, .type = "",
		.pttype = "", .usage = "", .blank_checked = true, .all_zero = true,
		.second_rc = PROBE_NONE,
	};
}

static enum probe_verdict decide(const struct probe_facts *f, const char *fs, bool ro,
				 enum grpc_code code)
{
	struct err err = { 0 };
	enum probe_verdict v = probe_decide(f, fs, ro, &err);

	assert_int_equal(err.code, code);
	assert_int_equal(v == PROBE_REFUSE, err_is_set(&err));
	err_fini(&err);
	return v;
}

static void only_certainty_formats(void **state)
{
	struct probe_facts f = blank_facts();

	assert_int_equal(decide(&f, "ext4", false, GRPC_OK), PROBE_FORMAT);
	decide(&f, "ext4", true, GRPC_FAILED_PRECONDITION);
#define CHANGED(field, value, code) \
	f = blank_facts(); \
	f.field = value; \
	decide(&f, "ext4", false, code)
	CHANGED(bytes, 0, GRPC_UNAVAILABLE);
	CHANGED(head_errno, 5, GRPC_INTERNAL);
	CHANGED(head_errno, -1, GRPC_INTERNAL);
	CHANGED(rc, PROBE_ERROR, GRPC_INTERNAL);
	CHANGED(rc, PROBE_AMBIVALENT, GRPC_FAILED_PRECONDITION);
	CHANGED(rc, -5, GRPC_INTERNAL);
	CHANGED(rc, 2, GRPC_INTERNAL);
	CHANGED(blank_checked, false, GRPC_INTERNAL);
	CHANGED(blank_errno, 5, GRPC_INTERNAL);
	CHANGED(blank_errno, -1, GRPC_INTERNAL);
	CHANGED(all_zero, false, GRPC_FAILED_PRECONDITION);
	CHANGED(second_rc, PROBE_FOUND, GRPC_INTERNAL);
	CHANGED(second_rc, PROBE_ERROR, GRPC_INTERNAL);
	CHANGED(in_use, true, GRPC_FAILED_PRECONDITION);
	CHANGED(read_only, true, GRPC_FAILED_PRECONDITION);
}

static void what_is_found_is_used_or_refused(void **state)
{
	static const struct {
		const char *type, *pttype, *wanted;
		bool bad;
		enum grpc_code code;
	} cases[] = {
		{ "ext4", "", "ext4", false, GRPC_OK },
		{ "ext3", "", "ext3", false, GRPC_OK },
		{ "ext3", "", "ext4", false, GRPC_OK },
		{ "xfs", "", "xfs", false, GRPC_OK },
		{ "ext4", "", "ext3", false, GRPC_FAILED_PRECONDITION },
		{ "ext4", "", "xfs", false, GRPC_FAILED_PRECONDITION },
		{ "crypto_LUKS", "", "ext4", false, GRPC_FAILED_PRECONDITION },
		{ "LVM2_member", "", "xfs", false, GRPC_FAILED_PRECONDITION },
		{ "", "gpt", "ext4", false, GRPC_FAILED_PRECONDITION },
		{ "ext4", "dos", "ext4", false, GRPC_FAILED_PRECONDITION },
		{ "", "", "ext4", false, GRPC_FAILED_PRECONDITION },
		{ "ext4", "", "ext4", true, GRPC_INTERNAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe_facts f = blank_facts();
		enum probe_verdict v;

		f.rc = PROBE_FOUND;
		f.type = cases[i].type;
		f.pttype = cases[i].pttype;
		f.bad_checksum = cases[i].bad;
		v = decide(&f, cases[i].wanted, false, cases[i].code);
		assert_int_equal(v, cases[i].code ? PROBE_REFUSE : PROBE_USE);
	}
}

/* ---- mount options, arguments ---- */

static void mount_options_are_sorted(void **state)
{
	struct mount_options m;

	assert_int_equal(mount_options_parse("ro,noatime,discard,defaults,_netdev,x-foo=1,"
					     "data=\"a,b\",nofail", &m, NULL), 0);
	assert_true(m.ro);
	assert_int_equal(m.attr_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	assert_string_equal(m.fs, "discard,data=\"a,b\"");
	mount_options_fini(&m);
	assert_int_equal(mount_options_parse("ro,rw,noatime,relatime", &m, NULL), 0);
	assert_false(m.ro);
	assert_int_equal(m.attr_set, 0);
	assert_null(m.fs);
	assert_int_equal(mount_options_parse("", &m, NULL), 0);
}

static void dangerous_options_are_refused(void **state)
{
	static const char *const bad[] = { "bind", "remount,rw", "loop=/dev/loop0", "user",
					   "noatime,X-mount.mkdir", "logdev=/dev/sdb",
					   "shared", "data=\"open" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { 0 };
		struct mount_options m;

		assert_int_equal(mount_options_parse(bad[i], &m, &err), -1);
		assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
		err_fini(&err);
	}
}

static void paths_are_checked(void **state)
{
	char longest[PATH_MAX + 1];

	assert_int_equal(block_check_path("p", "/var/lib/a..b/c", NULL), 0);
	assert_int_equal(block_check_path("p", "/a/", NULL), 0);
	assert_int_equal(block_check_path("p", NULL, NULL), -1);
	assert_int_equal(block_check_path("p", "", NULL), -1);
	assert_int_equal(block_check_path("p", "a/b", NULL), -1);
	assert_int_equal(block_check_path("p", "/a/../b", NULL), -1);
	assert_int_equal(block_check_path("p", "/..", NULL), -1);
	assert_int_equal(block_check_path("p", "//", NULL), -1);
	memset(longest, '/', sizeof(longest));
	longest[1] = 'x';
	longest[PATH_MAX] = '\0';
	assert_int_equal(block_check_path("p", longest, NULL), -1);
}

static void format_values_are_checked(void **state)
{
	struct block_mkfs none = { 0 }, size = { .block_size = "4k" };
	struct block_mkfs inject = { .block_size = "-F" }, big = { .bigalloc = true };

	assert_int_equal(block_check_format("ext4", &none, NULL), 0);
	assert_int_equal(block_check_format("xfs", &size, NULL), 0);
	assert_int_equal(block_check_format("ntfs", &none, NULL), -1);
	assert_int_equal(block_check_format("XFS", &none, NULL), -1);
	assert_int_equal(block_check_format(NULL, &none, NULL), -1);
	assert_int_equal(block_check_format("ext4", &inject, NULL), -1);
	assert_int_equal(block_check_format("ext4", &big, NULL), 0);
	assert_int_equal(block_check_format("ext3", &big, NULL), -1);
}

/* ---- uevents ---- */

static void uevents_are_read(void **state)
{
	static const char resize[] = "change@/devices/virtual/block/loop0\0ACTION=change\0"
				     "SUBSYSTEM=block\0DEVNAME=loop0\0DEVTYPE=disk\0RESIZE=1";
	static const char udev[] = "libudev\0\xfe\xed";
	struct uevent ev;

	assert_int_equal(uevent_parse(resize, sizeof(resize), &ev), 0);
	assert_string_equal(ev.devname, "loop0");
	assert_true(ev.resize);
	assert_int_equal(uevent_parse(udev, sizeof(udev), &ev), -1);
	assert_int_equal(uevent_parse(resize, sizeof(resize) - 1, &ev), -1);
	assert_int_equal(uevent_parse("", 0, &ev), -1);
	for (size_t n = 1; n < sizeof(resize); n++) {
		char *p = xmalloc(n);

		memcpy(p, resize, n);
		(void)uevent_parse(p, n, &ev);	/* ASan watches */
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_act_travels),
		cmocka_unit_test(damaged_messages_do_no_harm),
		cmocka_unit_test(long_strings_are_refused_by_name),
		cmocka_unit_test(the_longest_message_fits),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(superblocks_are_read),
		cmocka_unit_test(a_check_is_due_only_when_the_superblock_says_so),
		cmocka_unit_test(growth_is_in_whole_pages),
		cmocka_unit_test(only_certainty_formats),
		cmocka_unit_test(what_is_found_is_used_or_refused),
		cmocka_unit_test(mount_options_are_sorted),
		cmocka_unit_test(dangerous_options_are_refused),
		cmocka_unit_test(paths_are_checked),
		cmocka_unit_test(format_values_are_checked),
		cmocka_unit_test(uevents_are_read),
	};

	return cmocka_run_group_tests_name("block_parts", tests, NULL, NULL);
}
