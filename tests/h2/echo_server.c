/* A server for clients of other makers: the test service, health and reflection
 * on the endpoints given. Prints "ready <address>" for each, then, when SIGTERM
 * has drained it, what is left over. */
#include <signal.h>
#include <stdio.h>

#include "h2/echo.h"
#include "h2/health.h"
#include "h2/reflection.h"
#include "reactor/signals.h"

#define DRAIN_MS 2000

struct program {
	struct reactor *reactor;
	struct grpc_server *server;
	struct grpc_health *health;
	struct grpc_reflection *reflection;
	unsigned long calls[GRPC_UNAUTHENTICATED + 1];
};

static void on_rpc_done(void *ctx, const struct rpc *rpc, const struct err *err, int64_t took_ms)
{
	struct program *p = ctx;

	p->calls[err->code]++;
}

static void on_drained(void *ctx)
{
	struct program *p = ctx;

	reactor_stop(p->reactor);
}

static void on_signal(void *ctx, int signum)
{
	struct program *p = ctx;

	grpc_health_shutdown(p->health);
	grpc_server_drain(p->server, DRAIN_MS, on_drained, p);
}

static int listen_all(struct program *p, int n, char **endpoints)
{
	struct err err = {0};

	for (int i = 0; i < n; i++) {
		if (grpc_server_listen(p->server, endpoints[i], &err) < 0) {
			fprintf(stderr, "echo_server: %s\n", err_msg(&err));
			err_fini(&err);
			return -1;
		}
		printf("ready %s\n", grpc_server_address(p->server, (size_t)i));
	}
	fflush(stdout);
	return 0;
}

static int set_up(struct program *p)
{
	const struct grpc_server_options opt = {
		.on_rpc_done = on_rpc_done, .ctx = p, .max_buffered = 1u << 30,
	};
	struct err err = {0};

	p->reactor = reactor_new();
	p->server = grpc_server_new(p->reactor, &opt);
	p->health = grpc_health_new();
	p->reflection = grpc_reflection_new();
	echo_add_to(p->server);
	grpc_health_set(p->health, "test.Echo", true);
	grpc_health_add_to(p->health, p->server);
	grpc_reflection_add_to(p->reflection, p->server);
	if (grpc_reflection_add_set(p->reflection, echo_descriptor_set,
				    echo_descriptor_set_len, &err) < 0 ||
	    grpc_reflection_add_set(p->reflection, grpc_health_descriptor_set,
				    grpc_health_descriptor_set_len, &err) < 0) {
		fprintf(stderr, "echo_server: %s\n", err_msg(&err));
		err_fini(&err);
		return -1;
	}
	return 0;
}

static void report(const struct program *p)
{
	printf("left: calls %zu, connections %zu, operations %llu, naps %u\n",
	       grpc_server_calls(p->server), grpc_server_connections(p->server),
	       (unsigned long long)op_count(p->reactor),
	       echo_counts.naps - echo_counts.woken);
	for (int i = 0; i <= GRPC_UNAUTHENTICATED; i++)
		if (p->calls[i])
			printf("ended: %s %lu\n", grpc_code_name((enum grpc_code)i), p->calls[i]);
}

int main(int argc, char **argv)
{
	struct program p = {0};
	const int stop_signals[] = { SIGTERM, SIGINT };
	struct signals *sig;

	if (set_up(&p) < 0 || listen_all(&p, argc - 1, argv + 1) < 0)
		return 1;
	sig = signals_new(p.reactor, stop_signals, ARRAY_SIZE(stop_signals), on_signal, &p);
	reactor_run(p.reactor);
	signals_free(sig);
	report(&p);
	grpc_server_free(p.server);
	grpc_health_free(p.health);
	grpc_reflection_free(p.reflection);
	reactor_free(p.reactor);
	return 0;
}
