/* What http.c (exchanges) and http_wire.c (libcurl) share. */
#ifndef NET_HTTP_INTERNAL_H
#define NET_HTTP_INTERNAL_H

#include <curl/curl.h>

#include "net/http.h"
#include "net/proxy.h"

#define EASY_POOL_MAX 4		/* idle libcurl handles kept, of some 25 KiB each */

struct http {
	struct reactor *reactor;
	CURLM *multi;
	CURLSH *share;			/* TLS sessions */
	struct resolver *resolver;
	struct proxy_settings proxy;
	char *ca_bundle, *user_agent;
	unsigned int max_active, active;
	size_t opened;
	CURL *pool[EASY_POOL_MAX];
	size_t pool_len;
	struct list waiting;		/* exchanges without a connection yet */
	struct list doomed;		/* cancelled from inside libcurl */
	struct list socks;
	struct task pump;
	struct timer timer;
	bool in_curl;
};

/* An exchange while libcurl has it. */
struct wire {
	CURL *easy;
	struct curl_slist *resolve;	/* CURLOPT_RESOLVE */
	char why[CURL_ERROR_SIZE];
};

int wire_multi_open(struct http *h);
void wire_multi_close(struct http *h);

/* Hands x to libcurl; 0 or -1 with err. It comes back by exchange_through(). */
int wire_start(struct http_exchange *x, struct err *err);
/* Takes it back, at any time but from inside libcurl. */
void wire_stop(struct http_exchange *x);
/* libcurl is through with x, which is off the wire then. */
void exchange_through(struct http_exchange *x, CURLcode rc, const char *why);

#endif
