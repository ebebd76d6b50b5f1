/* A name server for tests, on a loopback UDP port of the same loop. By the first
 * label of the name asked for:
 *   good…   A 127.0.0.1, TTL 60 (no AAAA)      brief…  the same with TTL 0
 *   absent… NXDOMAIN                           silent… no answer
 *   broken… SERVFAIL */
#ifndef TESTS_LIB_FAKE_DNS_H
#define TESTS_LIB_FAKE_DNS_H

#include <stdbool.h>

#include "reactor/reactor.h"
#include "reactor/watch.h"

struct fake_dns {
	int fd;
	struct watch *watch;
	char address[32];	/* "127.0.0.1:40000", for resolver_options.servers */
	int queries;		/* for A records */
	bool mute;		/* answers nothing any more */
};

void fake_dns_start(struct fake_dns *d, struct reactor *r);
void fake_dns_stop(struct fake_dns *d);

#endif
