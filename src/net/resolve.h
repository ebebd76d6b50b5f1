/* Names to addresses by c-ares on the loop: no threads, short time-outs, a small
 * cache, one query in flight per name however many ask. */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "reactor/op.h"

#define RESOLVE_ADDRS_MAX 8
#define RESOLVE_ADDR_LEN 46	/* INET6_ADDRSTRLEN */

struct resolver;

struct resolver_options {
	const char *servers;	/* "10.0.0.2:53,…" instead of resolv.conf; NULL: that.
				   Lives as long as the resolver. */
	int timeout_ms;		/* of one try; 0 = 1000 */
	int tries;		/* 0 = 2 */
	int min_ttl_ms;		/* an answer is kept for so long at least; 0 = 5000 */
};

/* opt may be NULL. Never NULL; a broken set-up is reported by the look-ups. */
struct resolver *resolver_new(struct reactor *r, const struct resolver_options *opt);
void resolver_free(struct resolver *rs);	/* no look-up may be active */

/* True for an IP literal and for localhost: no query is needed, by anybody. */
bool resolve_is_local(const char *host);

/* A look-up: a leaf op. When no server answers, an address known from before is
 * given, if it is not older than a day. IP literals ("::1" with or without brackets) and
 * localhost are answered without a query. Fails with NOT_FOUND (the name does
 * not exist) or UNAVAILABLE (no server answers); the text names the host. */
struct resolve {
	struct op op;
	struct resolver *resolver;
	const char *host;	/* caller's; lives as long as the op */
	char addrs[RESOLVE_ADDRS_MAX][RESOLVE_ADDR_LEN];	/* the answer, as text */
	size_t count;
	struct list waiter;	/* on the query that runs; the resolver's */
};
void resolve_init(struct resolve *rv, struct resolver *rs, const char *host);

#endif
