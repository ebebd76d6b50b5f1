/* Finding a volume's disk in a made-up sysfs, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "block/identity.h"
#include "block/internal.h"

struct fixture {
	char root[32];
	struct reactor *reactor;
	struct block *block;
	struct block_find find;
	bool ended;
};

static struct fixture *current;

static void make_dirs(const char *path)
{
	char p[256];

	snprintf(p, sizeof(p), "%s", path);
	for (char *s = p + 1; *s; s++)
		if (*s == '/') {
			*s = '\0';
			mkdir(p, 0755);
			*s = '/';
		}
}

static void put(struct fixture *f, const char *text, const char *attribute, const char *disk)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/block/%s/%s", f->root, disk, attribute);
	make_dirs(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* serial NULL: a disk without one (Xen). */
static void add_disk(struct fixture *f, const char *disk, const char *serial)
{
	put(f, "259:7\n", "dev", disk);
	put(f, "2048\n", "size", disk);
	put(f, "0\n", "ro", disk);
	put(f, "41\n", "diskseq", disk);
	if (serial)
		put(f, serial, "device/serial", disk);
}

static void uevent(struct fixture *f, const char *disk)
{
	char p[128];
	int n = snprintf(p, sizeof(p), "add@/x%cACTION=add%cSUBSYSTEM=block%cDEVNAME=%s%c"
			 "DEVTYPE=disk", 0, 0, 0, disk, 0);

	index_on_uevent(f->block, p, (size_t)n + 1);
}

static void on_end(struct op *op)
{
	(void)op;
	current->ended = true;
}

static void start(struct fixture *f, const char *volume_id, const char *hint)
{
	current = f;
	f->ended = false;
	block_find_init(&f->find, f->block);
	f->find.volume_id = volume_id;
	f->find.hint = hint;
	op_start(&f->find.op, on_end);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct block_options opt = { .find_ms = 10000 };

	snprintf(f->root, sizeof(f->root), "/tmp/sysfs.XXXXXX");
	assert_non_null(mkdtemp(f->root));
	add_disk(f, "nvme0n1", "AWS000000\n");
	f->reactor = reactor_new_virtual(0);
	opt.sysfs = f->root;
	f->block = block_new(f->reactor, NULL, &opt);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	auto_free char *command = xasprintf("%s", f->root);

	op_fini(&f->find.op);
	block_free(f->block);
	reactor_free(f->reactor);
	if (fork() == 0) {
		execlp("rm", "rm", "-rf", command, (char *)NULL);
		_exit(1);
	}
	free(f);
	return 0;
}

static void a_present_disk_is_found_at_once(void **state)
{
	struct fixture *f = *state;

	add_disk(f, "nvme1n1", "vol0abc             \n");
	start(f, "vol-0abc", "/dev/xvdba");
	reactor_settle(f->reactor);
	assert_true(f->ended);
	assert_int_equal(f->find.op.err.code, GRPC_OK);
	assert_string_equal(f->find.dev.path, "/dev/nvme1n1");
	assert_int_equal(f->find.dev.kind, BLOCK_NVME);
	assert_int_equal(f->find.dev.bytes, 1 << 20);
	assert_int_equal(f->find.dev.major, 259);
	assert_int_equal(f->find.dev.diskseq, 41);
}

static void a_late_disk_is_found_by_its_uevent(void **state)
{
	struct fixture *f = *state;

	start(f, "vol-0abc", NULL);
	reactor_advance(f->reactor, 1500);
	assert_false(f->ended);
	add_disk(f, "nvme1n1", "vol0abc\n");
	uevent(f, "nvme1n1");
	reactor_settle(f->reactor);
	assert_true(f->ended);
	assert_int_equal(f->find.op.err.code, GRPC_OK);
}

static void a_lost_uevent_costs_a_rescan(void **state)
{
	struct fixture *f = *state;

	start(f, "vol-0abc", NULL);
	reactor_advance(f->reactor, 100);
	add_disk(f, "nvme1n1", "vol0abc\n");
	reactor_advance(f->reactor, 1000);
	assert_false(f->ended);
	reactor_advance(f->reactor, 1000);
	assert_true(f->ended);
	assert_int_equal(f->find.op.err.code, GRPC_OK);
}

static void an_empty_serial_is_looked_at_again(void **state)
{
	struct fixture *f = *state;

	add_disk(f, "nvme1n1", "\n");
	start(f, "vol-0abc", NULL);
	uevent(f, "nvme1n1");
	reactor_settle(f->reactor);
	assert_false(f->ended);
	add_disk(f, "nvme1n1", "vol0abc\n");
	uevent(f, "nvme1n1");
	reactor_settle(f->reactor);
	assert_true(f->ended);
}

static void a_name_given_to_another_volume_is_not_believed(void **state)
{
	struct fixture *f = *state;

	add_disk(f, "nvme1n1", "vol0abc\n");
	index_rescan(f->block);
	add_disk(f, "nvme1n1", "vol0other\n");
	add_disk(f, "nvme2n1", "vol0abc\n");
	start(f, "vol-0abc", "/dev/nvme1n1");
	reactor_settle(f->reactor);
	assert_string_equal(f->find.dev.path, "/dev/nvme2n1");
}

static void absent_is_not_found_in_time(void **state)
{
	struct fixture *f = *state;

	start(f, "vol-0abc", "/dev/xvdba");
	reactor_advance(f->reactor, 9999);
	assert_false(f->ended);
	reactor_advance(f->reactor, 2);
	assert_true(f->ended);
	assert_int_equal(f->find.op.err.code, GRPC_NOT_FOUND);
	assert_non_null(strstr(err_msg(&f->find.op.err), "vol-0abc"));
	assert_non_null(strstr(err_msg(&f->find.op.err), "nvme0n1 (AWS000000)"));
}

static void two_seconds_of_the_deadline_are_left(void **state)
{
	struct fixture *f = *state;

	start(f, "vol-0abc", NULL);
	op_set_deadline(&f->find.op, 5000);
	reactor_advance(f->reactor, 3001);
	assert_true(f->ended);
	assert_int_equal(f->find.op.err.code, GRPC_NOT_FOUND);
}

static void a_cancel_ends_the_wait(void **state)
{
	struct fixture *f = *state;

	start(f, "vol-0abc", NULL);
	reactor_advance(f->reactor, 100);
	op_cancel(&f->find.op, GRPC_CANCELLED, "gone");
	reactor_settle(f->reactor);
	assert_true(f->ended);
	assert_int_equal(f->find.op.err.code, GRPC_CANCELLED);
}

static void a_xen_disk_is_found_by_its_name(void **state)
{
	struct fixture *f = *state;

	add_disk(f, "xvdba", NULL);
	start(f, "vol-0abc", "/dev/sdba");
	reactor_settle(f->reactor);
	assert_true(f->ended);
	assert_string_equal(f->find.dev.path, "/dev/xvdba");
	assert_int_equal(f->find.dev.kind, BLOCK_XEN);
}

static void a_partition_is_part_of_its_disk(void **state)
{
	struct fixture *f = *state;

	add_disk(f, "nvme1n1", "vol0abc\n");
	put(f, "259:8\n", "nvme1n1p2/dev", "nvme1n1");
	put(f, "1024\n", "nvme1n1p2/size", "nvme1n1");
	current = f;
	block_find_init(&f->find, f->block);
	f->find.volume_id = "vol-0abc";
	f->find.partition = 2;
	op_start(&f->find.op, on_end);
	reactor_settle(f->reactor);
	assert_true(f->ended);
	assert_string_equal(f->find.dev.path, "/dev/nvme1n1p2");
	assert_int_equal(f->find.dev.minor, 8);
}

static void loops_and_hidden_disks_are_passed_over(void **state)
{
	struct fixture *f = *state;

	add_disk(f, "loop0", NULL);
	put(f, "/img/vol-0abc\n", "loop/backing_file", "loop0");
	add_disk(f, "nvme1c0n1", "vol0abc\n");
	put(f, "1\n", "hidden", "nvme1c0n1");
	start(f, "vol-0abc", NULL);
	f->find.no_wait = true;
	reactor_settle(f->reactor);
	assert_true(f->ended);
	assert_int_equal(f->find.op.err.code, GRPC_NOT_FOUND);
}

static void no_id_is_an_invalid_argument(void **state)
{
	struct fixture *f = *state;

	start(f, "", NULL);
	reactor_settle(f->reactor);
	assert_int_equal(f->find.op.err.code, GRPC_INVALID_ARGUMENT);
}

static void without_a_helper_acts_are_unavailable(void **state)
{
	struct fixture *f = *state;
	struct block_stats s = { 0 };

	current = f;
	block_stats_init(&s, f->block);
	s.act.volume_id = "vol-0abc";
	s.path = "/x";
	op_start(&s.act.op, on_end);
	reactor_settle(f->reactor);
	assert_true(f->ended);
	assert_int_equal(s.act.op.err.code, GRPC_UNAVAILABLE);
	op_fini(&s.act.op);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_present_disk_is_found_at_once),
		TEST(a_late_disk_is_found_by_its_uevent),
		TEST(a_lost_uevent_costs_a_rescan),
		TEST(an_empty_serial_is_looked_at_again),
		TEST(a_name_given_to_another_volume_is_not_believed),
		TEST(absent_is_not_found_in_time),
		TEST(two_seconds_of_the_deadline_are_left),
		TEST(a_cancel_ends_the_wait),
		TEST(a_xen_disk_is_found_by_its_name),
		TEST(a_partition_is_part_of_its_disk),
		TEST(loops_and_hidden_disks_are_passed_over),
		TEST(no_id_is_an_invalid_argument),
		TEST(without_a_helper_acts_are_unavailable),
	};

	return cmocka_run_group_tests_name("block_find", tests, NULL, NULL);
}
