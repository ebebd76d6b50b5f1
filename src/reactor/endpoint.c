/* Endpoint texts: where to listen or connect. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/parse.h"
#include "base/str.h"
#include "reactor/internal.h"
#include "reactor/listener.h"

static int unix_address(const char *endpoint, const char *rest, struct sockaddr_storage *ret,
			socklen_t *len, struct err *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)ret;
	const char *root = "";
	size_t n;

	if (strncmp(rest, "//", 2) == 0) {
		rest += 2;
		root = *rest == '/' ? "" : "/";		/* unix://tmp/x is /tmp/x */
	}
	n = strlen(root) + strlen(rest);
	if (!*rest || strcmp(rest, "/") == 0 || rest[strlen(rest) - 1] == '/' ||
	    (!*root && *rest != '/'))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "endpoint \"%s\" has no absolute path of a socket "
			       "(want unix:///run/x.sock)", endpoint);
	if (n >= sizeof(un->sun_path))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "endpoint \"%s\": the path has %zu bytes, a unix socket's may have "
			       "%zu at most", endpoint, n, sizeof(un->sun_path) - 1);
	un->sun_family = AF_UNIX;
	(void)snprintf(un->sun_path, sizeof(un->sun_path), "%s%s", root, rest);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

/* An IP literal, "" (any) or localhost. False: something else. */
static bool host_address(struct str host, struct sockaddr_storage *ret, socklen_t *len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	char text[INET6_ADDRSTRLEN] = "";

	if (str_eq_c(host, "localhost"))
		host = str_c("127.0.0.1");
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = str_n(host.p + 1, host.n - 2);
	if (host.n >= sizeof(text))
		return false;
	if (host.n)
		memcpy(text, host.p, host.n);
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		*len = sizeof(*in);
		return true;
	}
	in6->sin6_family = AF_INET6;
	*len = sizeof(*in6);
	return host.n == 0 || inet_pton(AF_INET6, text, &in6->sin6_addr) == 1;
}

static int tcp_address(const char *endpoint, const char *rest, struct sockaddr_storage *ret,
		       socklen_t *len, struct err *err)
{
	struct str all = str_c(rest);
	const char *colon;
	uint64_t port;

	if (str_ends(all, "/"))
		all.n--;
	colon = all.n ? memrchr(all.p, ':', all.n) : NULL;
	if (!colon || parse_u64(str_n(colon + 1, (size_t)(all.p + all.n - colon - 1)), &port) < 0 ||
	    port > 65535)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "endpoint \"%s\" has no port in 0-65535 (want tcp://127.0.0.1:10000)",
			       endpoint);
	if (!host_address(str_n(all.p, (size_t)(colon - all.p)), ret, len))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "endpoint \"%s\": \"%.*s\" is not an IP address or localhost",
			       endpoint, (int)(colon - all.p), all.p);
	/* The port lies at the same place in both kinds. */
	((struct sockaddr_in *)ret)->sin_port = htons((uint16_t)port);
	return 0;
}

int endpoint_parse(const char *endpoint, struct sockaddr_storage *ret, socklen_t *len,
		   struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	if (strncasecmp(endpoint, "unix:", 5) == 0)
		return unix_address(endpoint, endpoint + 5, ret, len, err);
	if (strncasecmp(endpoint, "tcp://", 6) == 0)
		return tcp_address(endpoint, endpoint + 6, ret, len, err);
	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "endpoint \"%s\": unsupported protocol (want unix:///path or tcp://host:port)",
		       endpoint);
}

char *endpoint_format(const struct sockaddr *sa, socklen_t len)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		return xasprintf("tcp://%s:%d", host, ntohs(in->sin_port));
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		return xasprintf("tcp://[%s]:%d", host, ntohs(in6->sin6_port));
	}
	return xasprintf("unix://%s", ((const struct sockaddr_un *)sa)->sun_path);
}
