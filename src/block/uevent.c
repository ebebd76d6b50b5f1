#include "block/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_GROUP 1
#define QUEUE_BYTES (1 << 20)

static void take(struct uevent *ev, const char *line)
{
	static const struct {
		const char *key;
		size_t field;
	} keys[] = {
		{ "ACTION=", offsetof(struct uevent, action) },
		{ "SUBSYSTEM=", offsetof(struct uevent, subsystem) },
		{ "DEVNAME=", offsetof(struct uevent, devname) },
		{ "DEVTYPE=", offsetof(struct uevent, devtype) },
	};

	if (strcmp(line, "RESIZE=1") == 0)
		ev->resize = true;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t n = strlen(keys[i].key);

		if (strncmp(line, keys[i].key, n) == 0)
			*(const char **)(void *)((char *)ev + keys[i].field) = line + n;
	}
}

int uevent_parse(const char *p, size_t n, struct uevent *ret)
{
	struct uevent ev = { "", "", "", "", false };
	const char *end = p + n;

	if (n == 0 || p[n - 1] != '\0' || !strchr(p, '@'))
		return -1;
	for (p += strlen(p) + 1; p < end; p += strlen(p) + 1)
		take(&ev, p);
	if (!ev.action[0] || !ev.subsystem[0])
		return -1;
	*ret = ev;
	return 0;
}

int uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);
	int size = QUEUE_BYTES;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int e = errno;

		close(fd);
		return -e;
	}
	return fd;
}

int uevent_recv(int fd, char p[UEVENT_MAX])
{
	struct sockaddr_nl from = { .nl_pid = 1 };
	socklen_t len = sizeof(from);
	ssize_t n;

	for (;;) {
		n = recvfrom(fd, p, UEVENT_MAX, 0, (struct sockaddr *)&from, &len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n > 0 && from.nl_pid == 0)
			return (int)n;
	}
}
