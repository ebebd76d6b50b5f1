#include "fake_dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUESTION_AT = 12, TYPE_A = 1, SERVFAIL = 2, NXDOMAIN = 3 };

/* The end of the question, or 0 if it is not one. */
static size_t question_end(const unsigned char *p, size_t n)
{
	size_t i = QUESTION_AT;

	while (i < n && p[i])
		i += p[i] + 1u;
	return i + 5 <= n ? i + 5 : 0;
}

static bool asks_for(const unsigned char *p, const char *label)
{
	return strncasecmp((const char *)p + QUESTION_AT + 1, label, strlen(label)) == 0;
}

static size_t add_record(unsigned char *p, size_t n, unsigned char ttl)
{
	const unsigned char record[] = { 0xc0, QUESTION_AT, 0, TYPE_A, 0, 1, 0, 0, 0, ttl,
					 0, 4, 127, 0, 0, 1 };

	p[7] = 1;
	memcpy(p + n, record, sizeof(record));
	return n + sizeof(record);
}

static void on_query(void *ctx, int events)
{
	struct fake_dns *d = ctx;
	unsigned char p[600];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t got = recvfrom(d->fd, p, 512, 0, (struct sockaddr *)&from, &len);
	size_t n = got > QUESTION_AT ? question_end(p, (size_t)got) : 0;
	bool a;

	if (n == 0)
		return;
	a = p[n - 3] == TYPE_A;
	d->queries += a;
	if (d->mute || asks_for(p, "silent"))
		return;
	p[2] = 0x84;
	p[3] = asks_for(p, "absent") ? NXDOMAIN : asks_for(p, "broken") ? SERVFAIL : 0;
	memset(p + 6, 0, 6);
	if (a && p[3] == 0)
		n = add_record(p, n, asks_for(p, "brief") ? 0 : 60);
	(void)!sendto(d->fd, p, n, 0, (struct sockaddr *)&from, len);
}

void fake_dns_start(struct fake_dns *d, struct reactor *r)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);

	memset(d, 0, sizeof(*d));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0 || bind(d->fd, (struct sockaddr *)&sa, len) < 0 ||
	    getsockname(d->fd, (struct sockaddr *)&sa, &len) < 0)
		abort();
	snprintf(d->address, sizeof(d->address), "127.0.0.1:%d", ntohs(sa.sin_port));
	d->watch = watch_new(r, d->fd, WATCH_READ, on_query, d);
}

void fake_dns_stop(struct fake_dns *d)
{
	watch_close(d->watch);
	close(d->fd);
}
