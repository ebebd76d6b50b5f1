#include "reactor/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/log.h"

/* "/path" or "@abstract"; false: not set, or not a name we can send to. */
static bool manager_address(struct sockaddr_un *ret, socklen_t *len)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || (path[0] != '/' && path[0] != '@') || n >= sizeof(ret->sun_path))
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	memcpy(ret->sun_path, path, n);
	if (path[0] == '@')
		ret->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/'));
	return true;
}

static void send_text(const struct buf *text)
{
	struct sockaddr_un to;
	socklen_t len;
	auto_close int fd = -1;

	if (!manager_address(&to, &len))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || sendto(fd, text->data, text->len, MSG_NOSIGNAL,
			     (struct sockaddr *)&to, len) < 0)
		log_warn(AREA_MAIN, "service manager at %s cannot be told: %m",
			 getenv("NOTIFY_SOCKET"));
}

/* One assignment a line: a status text must not bring another. */
static void send_with_status(const char *state, const char *status)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_adds(&b, state);
	if (status)
		buf_printf(&b, "STATUS=%.1000s\n", status);
	for (char *p = b.data + strlen(state); status && (p = strchr(p, '\n')) && p[1]; p++)
		*p = ' ';
	send_text(&b);
	buf_fini(&b);
}

void notify_ready(const char *status)
{
	send_with_status("READY=1\n", status);
}

void notify_stopping(void)
{
	send_with_status("STOPPING=1\n", NULL);
}
