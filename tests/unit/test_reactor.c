/* The loop and the small things on it: tasks, timers, buckets, watches, signals,
 * the service manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/mem.h"
#include "reactor/bucket.h"
#include "reactor/notify.h"
#include "reactor/reactor.h"
#include "reactor/signals.h"
#include "reactor/timer.h"
#include "reactor/watch.h"

static char order[64];

static void add(char c)
{
	size_t n = strlen(order);

	if (n + 1 < sizeof(order)) {
		order[n] = c;
		order[n + 1] = '\0';
	}
}

struct letter {
	struct task task;
	struct timer timer;
	struct reactor *r;
	struct letter *then;	/* queued or armed from inside */
	char c;
};

static void on_task(struct task *t)
{
	struct letter *l = container_of(t, struct letter, task);

	add(l->c);
	if (l->then)
		reactor_defer(l->r, &l->then->task);
}

static void on_timer(struct timer *t)
{
	struct letter *l = container_of(t, struct letter, timer);

	add(l->c);
	if (l->then)
		timer_arm(&l->then->timer, 0);
}

static struct letter letter(struct reactor *r, char c)
{
	struct letter l = { .r = r, .c = c, .task = { .run = on_task } };

	timer_init(&l.timer, r, on_timer);
	order[0] = '\0';
	return l;
}

static void tasks_run_in_order_and_once(void **state)
{
	struct reactor *r = reactor_new_virtual(0);
	struct letter a = letter(r, 'a'), b = letter(r, 'b'), c = letter(r, 'c');

	a.then = &c;
	reactor_defer(r, &a.task);
	reactor_defer(r, &b.task);
	reactor_defer(r, &a.task);
	assert_string_equal(order, "");
	reactor_settle(r);
	assert_string_equal(order, "abc");
	reactor_defer(r, &b.task);
	reactor_cancel_task(&b.task);
	reactor_cancel_task(&b.task);
	reactor_settle(r);
	assert_string_equal(order, "abc");
	reactor_free(r);
}

static void virtual_timers_fire_in_order(void **state)
{
	struct reactor *r = reactor_new_virtual(5000);
	struct letter l[4] = { letter(r, 'a'), letter(r, 'b'), letter(r, 'c'), letter(r, 'd') };

	timer_arm(&l[2].timer, 20);
	timer_arm(&l[0].timer, 10);
	timer_arm(&l[1].timer, 10);	/* the same time: as armed */
	timer_arm(&l[3].timer, 30);
	l[1].then = &l[3];		/* re-armed: at once */
	reactor_advance(r, 9);
	assert_string_equal(order, "");
	reactor_advance(r, 1);
	assert_string_equal(order, "abd");
	assert_int_equal(reactor_now(r), 10);
	timer_disarm(&l[2].timer);
	reactor_advance(r, 1000);
	assert_string_equal(order, "abd");
	assert_int_equal(reactor_now(r), 1010);
	assert_int_equal(reactor_wall(r), 6010);
	reactor_shift_wall(r, -10);
	assert_int_equal(reactor_wall(r), 6000);
	timer_arm(&l[0].timer, INT64_MAX);
	assert_false(reactor_step(r, INT64_MAX / 2));
	timer_arm(&l[0].timer, -7);
	assert_true(reactor_step(r, 0));
	reactor_free(r);
}

static void real_timers_and_tasks_wake_the_loop(void **state)
{
	struct reactor *r = reactor_new();
	struct letter t = letter(r, 't'), a = letter(r, 'a'), b = letter(r, 'b');
	int64_t began = reactor_now(r);
	bool never = false;

	a.then = &b;
	timer_arm(&t.timer, 20);
	reactor_defer(r, &a.task);
	assert_false(reactor_run_until(r, &never, 30));
	assert_string_equal(order, "abt");
	assert_true(reactor_now(r) - began >= 30);
	reactor_free(r);
}

static bool met;

static void on_meet(struct task *t)
{
	met = true;
}

static void a_run_ends_as_soon_as_its_wish_is_met(void **state)
{
	struct reactor *r = reactor_new();
	struct task t = { .run = on_meet };
	int64_t began = reactor_now_us(r);

	met = false;
	reactor_defer(r, &t);
	assert_true(reactor_run_until(r, &met, 60000));
	assert_true(reactor_now_us(r) - began < 30000000);	/* it did not sleep */
	reactor_free(r);
}

static void on_again(struct task *t)
{
	reactor_defer(container_of(t, struct letter, task)->r, t);
}

static void an_endless_task_starves_nobody(void **state)
{
	struct reactor *r = reactor_new();
	struct letter busy = letter(r, 'x'), t = letter(r, 't');
	bool never = false;

	busy.task.run = on_again;
	reactor_defer(r, &busy.task);
	timer_arm(&t.timer, 5);
	reactor_run_until(r, &never, 20);
	assert_string_equal(order, "t");
	reactor_cancel_task(&busy.task);
	reactor_free(r);
}

static void buckets_fill_with_time(void **state)
{
	struct bucket b;

	bucket_init(&b, 10, 2, 1000);
	for (int i = 0; i < 10; i++)
		assert_true(bucket_take(&b, 1, 1000));
	assert_false(bucket_take(&b, 1, 1000));
	assert_false(bucket_take(&b, 1, 1499));
	assert_true(bucket_take(&b, 1, 1500));
	assert_int_equal((int)bucket_level(&b, 100000), 10);	/* never over the brim */
	bucket_init(&b, 4, 3, 100000);
	assert_true(bucket_take(&b, 4, 100000));
	/* A third of a second thrice makes a token: no drift from fractions. */
	assert_false(bucket_take(&b, 1, 100333));
	assert_true(bucket_take(&b, 1, 100334));
	assert_false(bucket_take(&b, 1, 50));	/* a clock that went back */
}

struct seen {
	int count, events, sig;
	struct watch *w;
};

static void on_ready(void *ctx, int events)
{
	struct seen *s = ctx;

	s->count++;
	s->events = events;
	watch_set(s->w, 0);
}

static void watches_tell_readiness(void **state)
{
	struct reactor *r = reactor_new();
	struct seen s = { 0 };
	int fds[2], file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	s.w = watch_new(r, fds[0], WATCH_READ, on_ready, &s);
	reactor_advance(r, 5);
	assert_int_equal(s.count, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	reactor_advance(r, 5);
	assert_int_equal(s.count, 1);		/* paused by the callback */
	assert_int_equal(s.events, WATCH_READ);
	watch_set(s.w, WATCH_READ);
	reactor_advance(r, 5);
	assert_int_equal(s.count, 2);
	watch_set(s.w, WATCH_READ);
	watch_close(s.w);
	close(fds[0]);
	close(fds[1]);
	reactor_advance(r, 5);
	assert_int_equal(s.count, 2);
	watch_close(NULL);
	assert_null(watch_new(r, file, WATCH_READ, on_ready, &s));
	close(file);
	reactor_free(r);
}

static void slow(void *ctx, int events)
{
	struct timespec nap = { 0, 30000000 };

	nanosleep(&nap, NULL);
	on_ready(ctx, events);
}

static void lag_counts_callbacks_of_sockets(void **state)
{
	struct reactor *r = reactor_new();
	struct seen s = { 0 };
	uint64_t long_turns = 0;
	bool never = false;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	s.w = watch_new(r, fds[0], WATCH_READ, slow, &s);
	reactor_run_until(r, &never, 50);
	assert_true(reactor_lag_us(r) >= 30000);
	for (unsigned int i = 1; i < REACTOR_TURNS; i++) {
		assert_true(reactor_turn_us(i) > reactor_turn_us(i - 1));
		if (reactor_turn_us(i) > 30000)
			long_turns += reactor_turns(r, i - 1);
	}
	assert_true(long_turns >= 1);
	watch_close(s.w);
	close(fds[0]);
	close(fds[1]);
	reactor_free(r);
}

static void on_signal(void *ctx, int sig)
{
	struct seen *s = ctx;

	s->count++;
	s->sig = sig;
}

static void signals_come_on_the_loop(void **state)
{
	static const int list[] = { SIGUSR1, SIGHUP };
	struct reactor *r = reactor_new();
	struct seen s = { 0 };
	struct signals *sg = signals_new(r, list, 2, on_signal, &s);

	raise(SIGHUP);
	assert_int_equal(s.count, 0);
	reactor_advance(r, 10);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.sig, SIGHUP);
	signals_free(sg);
	signals_free(NULL);
	reactor_free(r);
}

/* What the service manager at address gets; "" when nothing. */
static const char *told(int fd)
{
	static char text[2048];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void the_service_manager_is_told(void **state)
{
	char dir[] = "/tmp/test_notify.XXXXXX";
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_non_null(mkdtemp(dir));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/n", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	unsetenv("NOTIFY_SOCKET");
	notify_ready("nobody listens");
	setenv("NOTIFY_SOCKET", un.sun_path, 1);
	notify_ready("up\nMAINPID=1");
	assert_string_equal(told(fd), "READY=1\nSTATUS=up MAINPID=1\n");
	notify_stopping();
	assert_string_equal(told(fd), "STOPPING=1\n");
	unsetenv("NOTIFY_SOCKET");
	close(fd);
	unlink(un.sun_path);
	rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_run_in_order_and_once),
		cmocka_unit_test(virtual_timers_fire_in_order),
		cmocka_unit_test(real_timers_and_tasks_wake_the_loop),
		cmocka_unit_test(a_run_ends_as_soon_as_its_wish_is_met),
		cmocka_unit_test(an_endless_task_starves_nobody),
		cmocka_unit_test(buckets_fill_with_time),
		cmocka_unit_test(watches_tell_readiness),
		cmocka_unit_test(lag_counts_callbacks_of_sockets),
		cmocka_unit_test(signals_come_on_the_loop),
		cmocka_unit_test(the_service_manager_is_told),
	};

	return cmocka_run_group_tests_name("reactor", tests, NULL, NULL);
}
