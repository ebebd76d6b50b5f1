/* The daemon's side of acts against a helper played by the test: who may write,
 * cancels, hung children, a helper that dies or talks nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "block/internal.h"

#define ACTS 4

struct fixture {
	struct reactor *reactor;
	struct block *block;
	int fd;			/* the helper's end */
	bool lost;
	struct block_stage stage[ACTS];
	char ids[ACTS][16];
	uint8_t packet[PROTO_MAX];
	struct proto_msg got;
};

static const struct block_device a_device = { .path = "/dev/loop9", .major = 7, .minor = 9 };
static bool ended[ACTS];
static struct fixture *current;

static void on_lost(void *ctx, const char *text)
{
	((struct fixture *)ctx)->lost = true;
}

static void quiet(enum log_area area, enum log_level level, const char *line)
{
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct block_options opt = { .on_helper_lost = on_lost, .ctx = f, .max_children = 3,
				     .max_writers = 1, .sysfs = "/nonexistent" };
	struct block_helper *h = xcalloc(1, sizeof(*h));
	int pair[2];

	log_set_hook(quiet);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	h->fd = pair[0];
	h->pid = 0;
	h->path = xstrdup("/nonexistent/helper");
	f->fd = pair[1];
	f->reactor = reactor_new();
	f->block = block_new(f->reactor, h, &opt);
	memset(ended, 0, sizeof(ended));
	current = f;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < ACTS; i++)
		op_fini(&f->stage[i].act.op);
	block_free(f->block);
	reactor_free(f->reactor);
	if (f->fd >= 0)
		close(f->fd);
	log_set_hook(NULL);
	free(f);
	return 0;
}

static void on_end(struct op *op)
{
	ended[container_of(op, struct block_stage, act.op) - current->stage] = true;
}

static void start(struct fixture *f, int i, const char *volume_id)
{
	struct block_stage *s = &f->stage[i];

	block_stage_init(s, f->block);
	snprintf(f->ids[i], sizeof(f->ids[i]), "%s", volume_id);
	s->act.volume_id = f->ids[i];
	s->dev = &a_device;
	s->fs_type = "ext4";
	s->target = "/mnt/x";
	op_start(&s->act.op, on_end);
}

static void turn(struct fixture *f)
{
	reactor_advance(f->reactor, 5);
}

/* The next message the daemon sent; its type, or 0. */
static int next(struct fixture *f)
{
	int n;

	turn(f);
	n = proto_recv(f->fd, f->packet);
	if (n <= 0)
		return 0;
	assert_int_equal(proto_decode(f->packet, (size_t)n, &f->got, NULL), 0);
	return f->got.type;
}

static void say(struct fixture *f, struct proto_msg m)
{
	uint8_t p[PROTO_MAX];
	size_t n = proto_encode(&m, p, NULL);

	assert_int_equal(proto_send(f->fd, p, n), 0);
	turn(f);
}

static uint32_t expect_act(struct fixture *f, const char *volume_id)
{
	assert_int_equal(next(f), PROTO_ACT);
	assert_string_equal(f->got.act.volume_id, volume_id);
	return f->got.act.id;
}

static void ask(struct fixture *f, uint32_t id, enum proto_phase phase)
{
	say(f, (struct proto_msg){ .type = PROTO_ASK, .ask = { id, phase } });
}

static void end(struct fixture *f, uint32_t id, enum grpc_code code, const char *text)
{
	say(f, (struct proto_msg){ .type = PROTO_END, .end = {
		.id = id, .code = code, .text = text, .fs_found = "ext4", .done = 10 } });
}

static void an_act_goes_out_and_ends(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	start(f, 0, "vol-a");
	id = expect_act(f, "vol-a");
	assert_string_equal(f->got.act.device, "/dev/loop9");
	ask(f, id, PHASE_MOUNT);
	assert_int_equal(next(f), PROTO_GO);
	assert_false(ended[0]);
	end(f, id, GRPC_OK, "");
	assert_true(ended[0]);
	assert_int_equal(f->stage[0].act.op.err.code, GRPC_OK);
	assert_int_equal(f->stage[0].done, BLOCK_FORMATTED | BLOCK_MOUNTED);
}

static void an_error_comes_through_as_it_is(void **state)
{
	struct fixture *f = *state;

	start(f, 0, "vol-a");
	end(f, expect_act(f, "vol-a"), GRPC_FAILED_PRECONDITION, "it holds xfs");
	assert_true(ended[0]);
	assert_int_equal(f->stage[0].act.op.err.code, GRPC_FAILED_PRECONDITION);
	assert_string_equal(err_msg(&f->stage[0].act.op.err), "it holds xfs");
}

static void a_cancelled_act_gets_no_leave(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	start(f, 0, "vol-a");
	id = expect_act(f, "vol-a");
	op_cancel(&f->stage[0].act.op, GRPC_CANCELLED, "client gone");
	assert_int_equal(next(f), PROTO_STOP);
	ask(f, id, PHASE_MKFS);		/* sent before it saw the STOP */
	assert_int_equal(next(f), PROTO_STOP);
	assert_false(ended[0]);		/* only when its child is gone */
	end(f, id, GRPC_CANCELLED, "stopped");
	assert_true(ended[0]);
	assert_string_equal(err_msg(&f->stage[0].act.op.err), "client gone");
}

static void writers_take_turns(void **state)
{
	struct fixture *f = *state;
	uint32_t a, b;

	start(f, 0, "vol-a");
	a = expect_act(f, "vol-a");
	start(f, 1, "vol-b");
	b = expect_act(f, "vol-b");
	ask(f, a, PHASE_MKFS);
	assert_int_equal(next(f), PROTO_GO);
	ask(f, b, PHASE_FSCK);
	assert_int_equal(next(f), 0);
	ask(f, a, PHASE_MOUNT);		/* its mkfs is through */
	assert_int_equal(next(f), PROTO_GO);
	assert_int_equal(f->got.word.id, b);
	assert_int_equal(next(f), PROTO_GO);
	assert_int_equal(f->got.word.id, a);
	end(f, b, GRPC_OK, "");
	end(f, a, GRPC_OK, "");
	assert_true(ended[0] && ended[1]);
}

static void more_acts_than_children_wait(void **state)
{
	struct fixture *f = *state;
	uint32_t first;

	start(f, 0, "vol-a");
	first = expect_act(f, "vol-a");
	start(f, 1, "vol-b");
	expect_act(f, "vol-b");
	start(f, 2, "vol-c");
	expect_act(f, "vol-c");
	start(f, 3, "vol-d");
	assert_int_equal(next(f), 0);
	end(f, first, GRPC_OK, "");
	expect_act(f, "vol-d");
	close(f->fd);
	f->fd = -1;
	turn(f);
	assert_true(ended[1] && ended[2] && ended[3]);
}

static void a_waiting_act_is_cancelled_without_a_word(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		start(f, i, "vol-x");
		expect_act(f, "vol-x");
	}
	start(f, 3, "vol-d");
	turn(f);
	op_cancel(&f->stage[3].act.op, GRPC_CANCELLED, "client gone");
	turn(f);
	assert_true(ended[3]);
	assert_int_equal(next(f), 0);
	close(f->fd);
	f->fd = -1;
	turn(f);
}

static void a_hung_child_blocks_its_volume_only(void **state)
{
	struct fixture *f = *state;
	uint32_t id, other;

	start(f, 0, "vol-a");
	id = expect_act(f, "vol-a");
	say(f, (struct proto_msg){ .type = PROTO_HUNG, .hung = {
		id, 4711, 3000, "mounting /dev/loop9" } });
	assert_true(ended[0]);
	assert_int_equal(f->stage[0].act.op.err.code, GRPC_DEADLINE_EXCEEDED);
	assert_non_null(strstr(err_msg(&f->stage[0].act.op.err), "mounting /dev/loop9"));
	start(f, 1, "vol-a");
	turn(f);
	assert_true(ended[1]);
	assert_int_equal(f->stage[1].act.op.err.code, GRPC_ABORTED);
	assert_non_null(strstr(err_msg(&f->stage[1].act.op.err), "process 4711"));
	start(f, 2, "vol-b");
	other = expect_act(f, "vol-b");
	end(f, other, GRPC_OK, "");
	say(f, (struct proto_msg){ .type = PROTO_GONE, .word = { id } });
	start(f, 3, "vol-a");
	end(f, expect_act(f, "vol-a"), GRPC_OK, "");
	assert_true(ended[3]);
	assert_int_equal(f->stage[3].act.op.err.code, GRPC_OK);
}

/* The path names no program, so it cannot be started again either. */
static void a_dead_helper_ends_all_and_is_told(void **state)
{
	struct fixture *f = *state;

	start(f, 0, "vol-a");
	expect_act(f, "vol-a");
	close(f->fd);
	f->fd = -1;
	reactor_advance(f->reactor, 1200);
	assert_true(ended[0]);
	assert_int_equal(f->stage[0].act.op.err.code, GRPC_UNAVAILABLE);
	assert_true(f->lost);
	start(f, 1, "vol-a");
	turn(f);
	assert_true(ended[1]);
	assert_int_equal(f->stage[1].act.op.err.code, GRPC_UNAVAILABLE);
}

static void nonsense_is_a_dead_helper(void **state)
{
	struct fixture *f = *state;

	start(f, 0, "vol-a");
	expect_act(f, "vol-a");
	assert_int_equal(send(f->fd, "hello", 5, 0), 5);
	turn(f);
	turn(f);
	reactor_advance(f->reactor, 20);
	assert_true(ended[0]);
	assert_int_equal(f->stage[0].act.op.err.code, GRPC_UNAVAILABLE);
}

static void bad_input_does_not_leave_the_daemon(void **state)
{
	struct fixture *f = *state;

	start(f, 0, "vol-a");
	f->stage[0].target = "/a/../b";
	start(f, 1, "vol-a");
	f->stage[1].fs_type = "ntfs";
	assert_int_equal(next(f), 0);
	assert_true(ended[0] && ended[1]);
	assert_int_equal(f->stage[0].act.op.err.code, GRPC_INVALID_ARGUMENT);
	assert_int_equal(f->stage[1].act.op.err.code, GRPC_INVALID_ARGUMENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_act_goes_out_and_ends),
		TEST(an_error_comes_through_as_it_is),
		TEST(a_cancelled_act_gets_no_leave),
		TEST(writers_take_turns),
		TEST(more_acts_than_children_wait),
		TEST(a_waiting_act_is_cancelled_without_a_word),
		TEST(a_hung_child_blocks_its_volume_only),
		TEST(a_dead_helper_ends_all_and_is_told),
		TEST(nonsense_is_a_dead_helper),
		TEST(bad_input_does_not_leave_the_daemon),
	};

	return cmocka_run_group_tests_name("block_act", tests, NULL, NULL);
}
