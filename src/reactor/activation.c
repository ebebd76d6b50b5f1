/* Sockets handed over by the service manager: LISTEN_PID, LISTEN_FDS,
 * LISTEN_FDNAMES; the first descriptor is 3. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/parse.h"
#include "reactor/internal.h"

#define FIRST_FD 3
#define FDS_MAX 64

static struct {
	bool loaded;
	int count;
	bool taken[FDS_MAX];
} given;

static uint64_t env_number(const char *name)
{
	uint64_t n;

	return parse_u64(str_c(getenv(name)), &n) < 0 ? 0 : n;
}

static bool is_listening_stream(int fd)
{
	int on = 0, type = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) < 0 || !on)
		return false;
	len = sizeof(int);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* The variables are for this process only: children must not see them. */
static void load(void)
{
	uint64_t n = env_number("LISTEN_PID") == (uint64_t)getpid() ? env_number("LISTEN_FDS") : 0;
	struct str names = str_c(getenv("LISTEN_FDNAMES"));

	given.loaded = true;
	given.count = n > FDS_MAX ? FDS_MAX : (int)n;
	for (int i = 0; i < given.count; i++) {
		int fd = FIRST_FD + i;
		struct str name = str_cut(&names, ':');

		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		given.taken[i] = !is_listening_stream(fd);
		if (given.taken[i])
			log_warn(AREA_REACTOR, "descriptor %d (%.*s) from the service manager is "
				 "not a listening stream socket and is not used", fd, STR(name));
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

static bool same_address(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_storage own;
	socklen_t own_len = sizeof(own);
	auto_free char *a = NULL;
	auto_free char *b = NULL;

	memset(&own, 0, sizeof(own));
	if (getsockname(fd, (struct sockaddr *)&own, &own_len) < 0)
		return false;
	if (own.ss_family != sa->sa_family)
		return false;
	a = endpoint_format((struct sockaddr *)&own, own_len);
	b = endpoint_format(sa, len);
	return strcmp(a, b) == 0;
}

int activation_take(const struct sockaddr *sa, socklen_t len)
{
	/* Re-read when set anew: only tests do that. */
	if (!given.loaded || getenv("LISTEN_FDS"))
		load();
	for (int i = 0; i < given.count; i++) {
		int fd = FIRST_FD + i;

		if (given.taken[i] || !same_address(fd, sa, len))
			continue;
		given.taken[i] = true;
		(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		return fd;
	}
	return -1;
}
