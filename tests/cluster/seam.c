#include "seam.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/creds.h"
#include "aws/ec2_http.h"
#include "sim/sim_transport.h"
#include "tests/lib/byte_link.h"

#define ACCESS_KEY "AKIDSIMULATION"
#define LINK_SEED 1		/* of how answers are cut into pieces */

struct seam {
	struct reactor *reactor;
	struct sim_transport *typed;	/* NULL: bytes */

	struct sim_world world;
	struct sim_front front;
	struct http *http;
	unsigned int keys;		/* how often the secret key was changed */
	char secret_key[24];
	/* The controller's. */
	struct creds *creds;
	struct ec2_transport *client;
};

static const struct endpoint endpoint = {
	.url = (char *)"http://ec2.test/", .host = (char *)"ec2.test", .path = (char *)"/",
	.region = (char *)"us-east-1", .source = (char *)"the simulation", .custom = true,
};

void seam_change_key(struct seam *s)
{
	snprintf(s->secret_key, sizeof(s->secret_key), "secret%u", ++s->keys);
}

void seam_give_key(struct seam *s)
{
	if (!s->typed)
		setenv("AWS_SECRET_ACCESS_KEY", s->secret_key, 1);
}

/* Nothing of the machine the test runs on. */
static void set_environment(void)
{
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
	setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY, 1);
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION");
}

static void open_bytes(struct seam *s, struct sim_model *m)
{
	set_environment();
	seam_change_key(s);
	seam_give_key(s);
	sim_world_init(&s->world, s->reactor, m);
	s->front.world = &s->world;
	s->front.auth = (struct sim_auth){ .access_key = ACCESS_KEY,
					   .secret_key = s->secret_key,
					   .region = endpoint.region };
	s->http = byte_link_new(s->reactor, &s->front, LINK_SEED);
}

struct seam *seam_new(struct reactor *r, struct sim_model *m, bool bytes)
{
	struct seam *s = xcalloc(1, sizeof(*s));

	s->reactor = r;
	if (bytes)
		open_bytes(s, m);
	else
		s->typed = sim_transport_new(r, m);
	return s;
}

void seam_free(struct seam *s)
{
	if (s->typed) {
		sim_transport_free(s->typed);
	} else {
		byte_link_free(s->http);
		sim_world_fini(&s->world);
	}
	free(s);
}

struct ec2_transport *seam_open(struct seam *s)
{
	struct ec2_http_options opt = {
		.reactor = s->reactor, .http = s->http, .endpoint = &endpoint, .version = "1",
	};

	if (s->typed)
		return sim_transport_ec2(s->typed);
	s->creds = opt.creds = creds_new(s->reactor, NULL);
	s->client = ec2_http_new(&opt);
	return s->client;
}

void seam_close(struct seam *s)
{
	if (s->typed)
		return;
	ec2_http_free(s->client);
	creds_free(s->creds);
}

void seam_set_reachable(struct seam *s, bool on)
{
	if (s->typed)
		sim_transport_set_reachable(s->typed, on);
	else
		byte_link_set_reachable(s->http, on);
}

void seam_set_transit(struct seam *s, const struct sim_delay *transit, uint64_t seed)
{
	if (s->typed)
		sim_transport_set_transit(s->typed, transit, seed);
	else
		byte_link_set_transit(s->http, transit);
}

size_t seam_orphans(const struct seam *s)
{
	return s->typed ? sim_transport_orphans(s->typed) : byte_link_orphans(s->http);
}

void seam_jump(struct seam *s, int64_t ms)
{
	reactor_shift_wall(s->reactor, ms);
	s->front.clock_ms -= ms;
}
