/* Loop devices behind simulated volumes. Needs root and a loop driver. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "sim/loop.h"

#define VOLUME "vol-0123456789abcdef0"
#define LOCAL "i-0123456789abcdef0"

struct fixture {
	char dir[64];
	struct sim_loop *loop;
	struct sim_hooks hooks;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test-sim-loop.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->loop = sim_loop_new(f->dir, LOCAL, &f->err);
	*state = f;
	if (!f->loop)
		return 0;
	sim_loop_hooks(f->loop, &f->hooks);
	f->hooks.created(f->loop, VOLUME, 1);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	bool made = f->loop;

	sim_loop_free(f->loop);
	if (rmdir(f->dir) < 0 && made)
		fail_msg("%s: %s", f->dir, strerror(errno));	/* a backing file is left */
	err_fini(&f->err);
	free(f);
	return 0;
}

/* Only a machine that cannot may skip. */
static void need_loops(struct fixture *f)
{
	if (f->loop)
		return;
	print_message("# no loop devices here: %s\n", err_msg(&f->err));
	if (geteuid() == 0 && access("/dev/loop-control", F_OK) == 0)
		fail();
	skip();
}

static bool attach(struct fixture *f)
{
	return f->hooks.attach(f->loop, VOLUME, LOCAL, "/dev/xvdaa");
}

static bool detach(struct fixture *f)
{
	return f->hooks.detach(f->loop, VOLUME, LOCAL, false);
}

/* The file behind a loop device, "" when it has none. */
static const char *backing(const char *device)
{
	static char file[256];
	char path[128];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", device + 5);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, file, sizeof(file) - 1);
		close(fd);
	}
	file[n > 0 ? n - 1 : 0] = '\0';	/* without the newline */
	return file;
}

static void data_survives_another_device_name(void **state)
{
	struct fixture *f = *state;
	char first[32], file[128], got[6] = "";
	int fd;

	need_loops(f);
	assert_true(attach(f));
	snprintf(first, sizeof(first), "%s", sim_loop_device(f->loop, VOLUME));
	snprintf(file, sizeof(file), "%s/" VOLUME, f->dir);
	assert_string_equal(backing(first), file);
	fd = open(first, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "hello", 5, 4096), 5);
	assert_int_equal(fsync(fd), 0);
	close(fd);
	assert_true(detach(f));
	assert_null(sim_loop_device(f->loop, VOLUME));
	assert_string_equal(backing(first), "");
	assert_true(attach(f));
	assert_string_not_equal(sim_loop_device(f->loop, VOLUME), first);
	fd = open(sim_loop_device(f->loop, VOLUME), O_RDONLY);
	assert_int_equal(pread(fd, got, 5, 4096), 5);
	assert_string_equal(got, "hello");
	close(fd);
	assert_true(detach(f));
}

static void open_device_is_busy(void **state)
{
	struct fixture *f = *state;
	int fd;

	need_loops(f);
	assert_true(attach(f));
	fd = open(sim_loop_device(f->loop, VOLUME), O_RDONLY | O_EXCL);
	assert_true(fd >= 0);
	assert_false(detach(f));
	assert_non_null(sim_loop_device(f->loop, VOLUME));
	close(fd);
	assert_true(detach(f));
}

static void other_instances_get_no_device(void **state)
{
	struct fixture *f = *state;

	need_loops(f);
	assert_true(f->hooks.attach(f->loop, VOLUME, "i-0fedcba9876543210", "/dev/xvdaa"));
	assert_null(sim_loop_device(f->loop, VOLUME));
	assert_true(attach(f));
	assert_true(f->hooks.detach(f->loop, VOLUME, "i-0fedcba9876543210", false));
	assert_non_null(sim_loop_device(f->loop, VOLUME));
}

/* A crashed run is imitated by a second object on the same directory. */
static void leftovers_are_cleared(void **state)
{
	struct fixture *f = *state;
	struct sim_loop *second;
	struct stat st;
	char path[128], device[32];

	need_loops(f);
	assert_true(attach(f));
	snprintf(device, sizeof(device), "%s", sim_loop_device(f->loop, VOLUME));
	second = sim_loop_new(f->dir, LOCAL, &f->err);
	assert_non_null(second);
	assert_string_equal(backing(device), "");
	snprintf(path, sizeof(path), "%s/" VOLUME, f->dir);
	assert_int_equal(stat(path, &st), -1);
	sim_loop_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(data_survives_another_device_name, setup, teardown),
		cmocka_unit_test_setup_teardown(open_device_is_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(other_instances_get_no_device, setup, teardown),
		cmocka_unit_test_setup_teardown(leftovers_are_cleared, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
