/* Listening sockets: endpoint text, stale unix sockets, socket activation,
 * accept with a reserve descriptor (spec: gRPC notes 1.1, 1.2). */
#ifndef REACTOR_LISTENER_H
#define REACTOR_LISTENER_H

#include <sys/socket.h>

#include "base/err.h"
#include "reactor/reactor.h"

struct listener;

/* unix:///abs, unix:/abs, unix://rel (rooted at /, as the Go driver does),
 * tcp://host:port (host an IP literal, empty or localhost). The scheme's case
 * is folded. 0, or INVALID_ARGUMENT naming what is wrong. */
int endpoint_parse(const char *endpoint, struct sockaddr_storage *ret, socklen_t *len,
		   struct err *err);

struct listener_options {
	unsigned int mode;	/* of a unix socket, e.g. 0660; 0 = 0660 */
};

/* Binds under a temporary name, sets the mode, renames into place. A live peer
 * on the path is an error (ALREADY_EXISTS), a stale socket is replaced, any
 * other file is an error. If the service manager handed over a socket for this
 * endpoint (LISTEN_FDS), that one is used. on_accept owns fd (non-blocking,
 * close-on-exec). */
struct listener *listener_new(struct reactor *r, const char *endpoint,
			      const struct listener_options *opt,
			      void (*on_accept)(void *ctx, int fd), void *ctx,
			      struct err *err);
/* Stops accepting; unlinks the path if it is still the socket made here. */
void listener_close(struct listener *l);
/* "unix:///run/x.sock", "tcp://127.0.0.1:40123" (with the port the kernel gave). */
const char *listener_address(const struct listener *l);

#endif
