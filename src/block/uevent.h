/* Kernel uevents: one datagram of "action@devpath\0KEY=VALUE\0…". */
#ifndef BLOCK_UEVENT_H
#define BLOCK_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

#define UEVENT_MAX 8192

struct uevent {		/* strings point into the datagram */
	const char *action, *subsystem, *devname, *devtype;	/* "" = absent */
	bool resize;
};

/* 0; -1 for what is no kernel uevent (udevd's own format, damaged bytes). */
int uevent_parse(const char *p, size_t n, struct uevent *ret);

/* Opens the kernel's group, non-blocking. fd or a negative errno. */
int uevent_open(void);
/* One datagram from the kernel (others are dropped). Length, 0 when there is no
 * more, -ENOBUFS when some were lost, or another negative errno. */
int uevent_recv(int fd, char p[UEVENT_MAX]);

#endif
