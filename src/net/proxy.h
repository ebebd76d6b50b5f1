/* Which proxy the environment asks for. */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>

struct proxy_settings {
	char *http, *https, *none;	/* http_proxy, https_proxy, no_proxy or NULL */
};

/* Reads the environment; empty variables count as absent. */
void proxy_settings_load(struct proxy_settings *ps);
void proxy_settings_fini(struct proxy_settings *ps);

/* The proxy's URL for a request, or NULL: go directly. host may be in brackets. */
const char *proxy_for(const struct proxy_settings *ps, const char *scheme, const char *host);
/* A no_proxy list: "*", names (with all below them), addresses, networks
 * ("10.0.0.0/8"); separated by commas or blanks. */
bool proxy_excluded(const char *list, const char *host);

#endif
