#include "sim/imds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "net/http1.h"
#include "sim/rng.h"

#define TOKENS 256		/* live at once; the oldest is forgotten */
#define TTL_MAX_S 21600
#define TTL_HEADER "x-aws-ec2-metadata-token-ttl-seconds"
#define TOKEN_HEADER "x-aws-ec2-metadata-token"
#define REFRESH_MS (5 * 60 * 1000)

struct token {
	char text[41];
	int64_t expires;
};

struct sim_imds {
	struct reactor *reactor;
	struct sim_model *model;
	struct http1_server *http;
	struct sim_rng rng;
	struct token tokens[TOKENS];
	unsigned int next;
	char *instance_id, *role, *access_key, *secret_key, *session_token;
	int64_t credentials_ms;
	int64_t issued, expires;	/* wall clock, of the role's credentials */
};

/* ---- tokens ---- */

static void put_token(struct http1_request *req)
{
	struct sim_imds *s = req->ctx;
	const char *ttl = http1_header(req, TTL_HEADER);
	struct token *t = &s->tokens[s->next];
	uint64_t seconds;

	if (http1_header(req, "x-forwarded-for")) {
		http1_fail(req, 403, "a token is not given through a proxy");
		return;
	}
	if (parse_u64(str_c(ttl), &seconds) < 0 || seconds == 0 || seconds > TTL_MAX_S) {
		http1_fail(req, 400, "%s must be 1-%d", TTL_HEADER, TTL_MAX_S);
		return;
	}
	s->next = (s->next + 1) % TOKENS;
	snprintf(t->text, sizeof(t->text), "AQAEA%016" PRIx64 "%016" PRIx64 "==",
		 sim_rng_next(&s->rng), sim_rng_next(&s->rng));
	t->expires = reactor_now(s->reactor) + (int64_t)seconds * 1000;
	http1_add_header(req, TTL_HEADER, ttl);
	http1_reply(req, 200, "text/plain", str_c(t->text));
}

static bool token_is_good(const struct sim_imds *s, const char *text)
{
	if (cstr_empty(text))
		return false;
	for (unsigned int i = 0; i < TOKENS; i++)
		if (cstr_eq(s->tokens[i].text, text))
			return s->tokens[i].expires > reactor_now(s->reactor);
	return false;
}

/* ---- what there is to read ---- */

struct page {
	const struct sim_imds *imds;
	struct sim_instance_info info;
	struct buf out;
};

static void identity(struct page *p)
{
	struct buf launched;

	buf_init(&launched, 64);
	encode_time(&launched, p->info.launch_ms);
	buf_printf(&p->out,
		   "{\n  \"accountId\" : \"%s\",\n  \"architecture\" : \"x86_64\",\n"
		   "  \"availabilityZone\" : \"%s\",\n  \"imageId\" : \"ami-0123456789abcdef0\",\n"
		   "  \"instanceId\" : \"%s\",\n  \"instanceType\" : \"%s\",\n"
		   "  \"pendingTime\" : \"%s\",\n  \"privateIp\" : \"127.0.0.1\",\n"
		   "  \"region\" : \"%s\",\n  \"version\" : \"2017-09-30\"\n}\n",
		   sim_model_account(p->imds->model), p->info.zone, p->info.id, p->info.type,
		   buf_cstr(&launched), sim_model_region(p->imds->model));
	buf_fini(&launched);
}

static void instance_id(struct page *p)
{
	buf_adds(&p->out, p->info.id);
}

static void instance_type(struct page *p)
{
	buf_adds(&p->out, p->info.type);
}

static void zone(struct page *p)
{
	buf_adds(&p->out, p->info.zone);
}

static void zone_id(struct page *p)
{
	buf_adds(&p->out, p->info.zone_id);
}

static void region(struct page *p)
{
	buf_adds(&p->out, sim_model_region(p->imds->model));
}

static void macs(struct page *p)
{
	for (unsigned int i = 0; i < p->info.enis; i++)
		buf_printf(&p->out, "%s0e:00:00:00:%02x:%02x/", i ? "\n" : "", i >> 8, i & 255);
}

static void block_devices(struct page *p)
{
	buf_adds(&p->out, "ami\nroot");
}

static void role_list(struct page *p)
{
	if (p->imds->role)
		buf_adds(&p->out, p->imds->role);
}

static const struct {
	const char *path;
	void (*write)(struct page *p);
} pages[] = {
	{ "/latest/dynamic/instance-identity/document", identity },
	{ "/latest/meta-data/instance-id", instance_id },
	{ "/latest/meta-data/instance-type", instance_type },
	{ "/latest/meta-data/placement/availability-zone", zone },
	{ "/latest/meta-data/placement/availability-zone-id", zone_id },
	{ "/latest/meta-data/placement/region", region },
	{ "/latest/meta-data/network/interfaces/macs", macs },
	{ "/latest/meta-data/block-device-mapping", block_devices },
	{ "/latest/meta-data/iam/security-credentials", role_list },
};

/* ---- role credentials ---- */

static void renew(struct sim_imds *s)
{
	int64_t now = reactor_wall(s->reactor);

	if (s->expires - now > REFRESH_MS && now >= s->issued)
		return;
	s->issued = now;
	s->expires = now + s->credentials_ms;
}

static void credentials(struct http1_request *req)
{
	struct sim_imds *s = req->ctx;
	struct buf out;

	renew(s);
	buf_init(&out, 4096);
	buf_adds(&out, "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"");
	encode_time(&out, s->issued);
	buf_printf(&out,
		   "\",\n  \"Type\" : \"AWS-HMAC\",\n  \"AccessKeyId\" : \"%s\",\n"
		   "  \"SecretAccessKey\" : \"%s\",\n  \"Token\" : \"%s\",\n  \"Expiration\" : \"",
		   s->access_key, s->secret_key, s->session_token);
	encode_time(&out, s->expires);
	buf_adds(&out, "\"\n}");
	http1_reply(req, 200, "text/plain", buf_view(&out));
	buf_fini(&out);
}

static bool is_role(const struct sim_imds *s, const char *path)
{
	static const char prefix[] = "/latest/meta-data/iam/security-credentials/";

	return s->role && strncmp(path, prefix, sizeof(prefix) - 1) == 0 &&
	       cstr_eq(path + sizeof(prefix) - 1, s->role);
}

/* ---- requests ---- */

/* With or without a slash at the end: clients ask both ways. */
static bool same_path(const char *asked, const char *path)
{
	size_t n = strlen(path);

	return strncmp(asked, path, n) == 0 && (!asked[n] || strcmp(asked + n, "/") == 0);
}

static void get(struct http1_request *req)
{
	struct sim_imds *s = req->ctx;
	struct page p = { .imds = s };

	if (!token_is_good(s, http1_header(req, TOKEN_HEADER))) {
		http1_fail(req, 401, "a valid %s header is needed (IMDSv2)", TOKEN_HEADER);
		return;
	}
	if (!sim_model_instance(s->model, s->instance_id, &p.info)) {
		http1_fail(req, 503, "instance %s does not exist", s->instance_id);
		return;
	}
	if (is_role(s, req->path)) {
		credentials(req);
		return;
	}
	buf_init(&p.out, 64 << 10);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (same_path(req->path, pages[i].path))
			pages[i].write(&p);
	if (p.out.len)
		http1_reply(req, 200, "text/plain", buf_view(&p.out));
	else
		http1_fail(req, 404, "no such item: %s", req->path);
	buf_fini(&p.out);
}

static void on_request(struct http1_request *req)
{
	static const struct http1_route routes[] = {
		{ "PUT", "/latest/api/token", put_token },
		{ "GET", "/latest/*", get },
	};

	http1_dispatch(req, routes, ARRAY_SIZE(routes));
}

struct sim_imds *sim_imds_new(struct reactor *r, struct sim_model *m,
			      const struct sim_imds_options *opt)
{
	struct sim_imds *s = xcalloc(1, sizeof(*s));

	s->reactor = r;
	s->model = m;
	s->instance_id = xstrdup(opt->instance_id);
	s->role = xstrdup(opt->role);
	s->access_key = xstrdup(cstr_or(opt->access_key, ""));
	s->secret_key = xstrdup(cstr_or(opt->secret_key, ""));
	s->session_token = xstrdup(cstr_or(opt->session_token, ""));
	s->credentials_ms = opt->credentials_ms ? opt->credentials_ms : 6 * 3600 * 1000;
	s->rng.state = (uint64_t)reactor_wall(r);
	s->http = http1_server_new(r, NULL, on_request, s);
	return s;
}

int sim_imds_listen(struct sim_imds *s, const char *endpoint, struct err *err)
{
	return http1_server_listen(s->http, endpoint, err);
}

const char *sim_imds_address(const struct sim_imds *s)
{
	return http1_server_address(s->http, 0);
}

void sim_imds_free(struct sim_imds *s)
{
	if (!s)
		return;
	http1_server_free(s->http);
	free(s->instance_id);
	free(s->role);
	free(s->access_key);
	free(s->secret_key);
	free(s->session_token);
	free(s);
}
