#include "net/proxy.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/parse.h"

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

void proxy_settings_load(struct proxy_settings *ps)
{
	const char *all = env("all_proxy") ?: env("ALL_PROXY");

	/* HTTP_PROXY can be set by a request's header in a CGI: curl and Go's
	 * clients ignore or distrust it. */
	ps->http = xstrdup(env("http_proxy") ?: all);
	ps->https = xstrdup(env("https_proxy") ?: env("HTTPS_PROXY") ?: all);
	ps->none = xstrdup(env("no_proxy") ?: env("NO_PROXY"));
}

void proxy_settings_fini(struct proxy_settings *ps)
{
	free(ps->http);
	free(ps->https);
	free(ps->none);
	memset(ps, 0, sizeof(*ps));
}

/* 4 or 16 bytes of address into ret, their number or 0. */
static size_t address_bytes(struct str s, unsigned char ret[16])
{
	char text[INET6_ADDRSTRLEN];

	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = str_n(s.p + 1, s.n - 2);
	if (s.n == 0 || s.n >= sizeof(text))
		return 0;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, ret) == 1)
		return 4;
	return inet_pton(AF_INET6, text, ret) == 1 ? 16 : 0;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, size_t bits)
{
	size_t bytes = bits / 8;
	unsigned int mask = 0xff00u >> (bits % 8) & 0xff;

	return memcmp(a, b, bytes) == 0 && (mask == 0 || ((a[bytes] ^ b[bytes]) & mask) == 0);
}

/* entry: an address, perhaps with "/bits". */
static bool network_has(struct str entry, struct str host)
{
	unsigned char net[16] = { 0 }, addr[16] = { 0 };
	struct str rest = entry;
	size_t n = address_bytes(str_cut(&rest, '/'), net);
	uint64_t bits = n * 8;

	if (n == 0 || address_bytes(host, addr) != n)
		return false;
	if (rest.p && (parse_u64(rest, &bits) < 0 || bits > n * 8))
		return false;
	return bits == n * 8 ? memcmp(net, addr, n) == 0 : same_bits(net, addr, (size_t)bits);
}

/* "example.com" and ".example.com" both mean the name and all below it. */
static bool name_has(struct str entry, struct str host)
{
	if (str_starts(entry, "."))
		entry = str_n(entry.p + 1, entry.n - 1);
	if (entry.n == 0 || host.n < entry.n ||
	    strncasecmp(host.p + host.n - entry.n, entry.p, entry.n) != 0)
		return false;
	return host.n == entry.n || host.p[host.n - entry.n - 1] == '.';
}

static bool entry_has(struct str entry, struct str host)
{
	return str_eq_c(entry, "*") || network_has(entry, host) || name_has(entry, host);
}

bool proxy_excluded(const char *list, const char *host)
{
	struct str rest = str_c(list);

	while (rest.p) {
		struct str words = str_cut(&rest, ',');

		while (words.p) {
			if (entry_has(str_trim(str_cut(&words, ' ')), str_c(host)))
				return true;
		}
	}
	return false;
}

const char *proxy_for(const struct proxy_settings *ps, const char *scheme, const char *host)
{
	const char *proxy = strcasecmp(scheme, "https") == 0 ? ps->https : ps->http;

	return proxy && !proxy_excluded(ps->none, host) ? proxy : NULL;
}
