#include "aws/endpoint.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"

/* ---- regions and partitions ---- */

static const struct aws_partition partitions[] = {
#define PARTITION(name, dns, dualstack, pattern, global) \
	{ name, dns, dualstack, pattern, global },
#include "aws/partitions.tbl.h"
#undef PARTITION
};

static const struct {
	const char *partition, *name;
} regions[] = {
#define REGION(partition, name) { partition, name },
#include "aws/partitions.tbl.h"
#undef REGION
};

static const char *partition_of_listed(const char *region)
{
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		if (strcmp(regions[i].name, region) == 0)
			return regions[i].partition;
	return NULL;
}

bool aws_region_is_listed(const char *region)
{
	return partition_of_listed(region) != NULL;
}

static bool fits(const char *pattern, const char *text)
{
	regex_t re;
	bool yes;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		abort();	/* a pattern of our own table */
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

const struct aws_partition *aws_partition_of(const char *region)
{
	const char *name = partition_of_listed(region);

	for (size_t i = 0; i < ARRAY_SIZE(partitions); i++)
		if (name ? strcmp(partitions[i].name, name) == 0 :
			   fits(partitions[i].region_pattern, region))
			return &partitions[i];
	return &partitions[0];
}

int aws_region_check(const char *region, struct err *err)
{
	if (fits("^[a-z0-9][a-z0-9-]{0,62}$", region))
		return 0;
	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "region \"%.80s\" is not the name of a region (like us-west-2)", region);
}

char *aws_region_find(const struct aws_profiles *p, struct err *err)
{
	const char *found = getenv("AWS_REGION"), *where = "AWS_REGION";

	if (cstr_empty(found)) {
		where = "AWS_DEFAULT_REGION";
		found = getenv(where);
	}
	if (cstr_empty(found)) {
		where = "region of the profile";
		found = aws_profile_get(p, aws_profile_name(), "region");
	}
	if (cstr_empty(found))
		return NULL;
	if (aws_region_check(found, err) < 0) {
		err_prefix(err, "%s", where);
		return NULL;
	}
	return xstrdup(found);
}

/* ---- switches ---- */

/* A true/false setting of the environment or else of the profile. */
static int get_switch(bool *ret, const char *variable, const char *key,
		      const struct aws_profiles *p, struct err *err)
{
	const char *v = getenv(variable), *where = variable;

	*ret = false;
	if (cstr_empty(v)) {
		where = key;
		v = aws_profile_get(p, aws_profile_name(), key);
	}
	if (cstr_empty(v) || strcasecmp(v, "false") == 0)
		return 0;
	*ret = strcasecmp(v, "true") == 0;
	return *ret ? 0 : err_set(err, GRPC_INVALID_ARGUMENT,
				  "%s is \"%.40s\": say true or false", where, v);
}

/* ---- overrides ---- */

struct override {
	const char *url;	/* NULL: none */
	char source[80];
};

static bool set(struct override *o, const char *url, const char *source)
{
	if (cstr_empty(url))
		return false;
	o->url = url;
	snprintf(o->source, sizeof(o->source), "%s", source);
	return true;
}

/* The variable <before><SERVICE><after>. */
static bool set_from_variable(struct override *o, const char *before, const char *service,
			      const char *after)
{
	char name[80];
	int n = snprintf(name, sizeof(name), "%s%s%s", before, service, after);

	if (n < 0 || (size_t)n >= sizeof(name))
		return false;
	for (char *c = name; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 32);
	return set(o, getenv(name), name);
}

static int find_override(struct override *o, const char *service,
			 const struct aws_profiles *p, struct err *err)
{
	const char *profile = aws_profile_name();
	bool ignore;

	if (set_from_variable(o, "AWS_", service, "_ENDPOINT"))
		return 0;
	if (get_switch(&ignore, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		       "ignore_configured_endpoint_urls", p, err) < 0)
		return -1;
	if (ignore || set_from_variable(o, "AWS_ENDPOINT_URL_", service, "") ||
	    set(o, getenv("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL") ||
	    set(o, aws_profile_get_service(p, profile, service, "endpoint_url"),
		"endpoint_url in the services section of the profile"))
		return 0;
	set(o, aws_profile_get(p, profile, "endpoint_url"), "endpoint_url of the profile");
	return 0;
}

/* ---- URLs ---- */

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("-._", c);
}

/* "name", "name:123", "[::1]:123". */
static bool host_is_good(struct str host)
{
	struct str name = host, port = { NULL, 0 };
	uint64_t n;

	if (host.n && host.p[0] == '[') {
		port = host;
		name = str_cut(&port, ']');
		if (!port.p || (port.n && port.p[0] != ':'))
			return false;
		for (size_t i = 1; i < name.n; i++)
			if (!strchr("0123456789abcdefABCDEF:.", name.p[i]))
				return false;
		if (!port.n)
			return name.n > 1;
		port = str_n(port.p + 1, port.n - 1);
	} else {
		port = host;
		name = str_cut(&port, ':');
		for (size_t i = 0; i < name.n; i++)
			if (!host_char(name.p[i]))
				return false;
	}
	return name.n && (!port.p || (parse_u64(port, &n) == 0 && n >= 1 && n <= 65535));
}

/* A port that the scheme implies is not in the Host header. */
static struct str without_default_port(struct str host, bool tls)
{
	const char *port = tls ? ":443" : ":80";

	if (str_ends(host, port))
		host.n -= strlen(port);
	return host;
}

static bool path_is_good(struct str path)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= ' ' || path.p[i] > '~' || strchr("?#\"<>\\^`{|}", path.p[i]))
			return false;
	return true;
}

static int set_url(struct endpoint *e, const char *url, const char *source, struct err *err)
{
	struct str rest = str_c(url), host;
	bool tls = strncasecmp(url, "https://", 8) == 0;

	if (!tls && strncasecmp(url, "http://", 7) != 0)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s is \"%.200s\": a URL that begins with https:// or http:// "
			       "is needed", source, url);
	rest = str_n(url + (tls ? 8 : 7), rest.n - (tls ? 8 : 7));
	host = str_cut(&rest, '/');
	if (!host_is_good(host) || !path_is_good(rest))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s is \"%.200s\": not a URL of the form scheme://host[:port][/path]",
			       source, url);
	while (rest.n && rest.p[rest.n - 1] == '/')
		rest.n--;
	e->host = xasprintf("%.*s", STR(without_default_port(host, tls)));
	e->path = xasprintf("/%.*s", STR(rest));
	e->url = xasprintf("%s://%s%s", tls ? "https" : "http", e->host, e->path);
	e->source = xstrdup(source);
	return 0;
}

/* ---- names by rule ---- */

static char *host_by_rule(const char *service, const char *region, bool fips, bool dualstack)
{
	const struct aws_partition *p = aws_partition_of(region);

	/* The plain endpoints of GovCloud are FIPS endpoints; -fips names do not
	 * exist there. */
	if (fips && !dualstack && strcmp(p->name, "aws-us-gov") == 0)
		fips = false;
	return xasprintf("https://%s%s.%s.%s/", service, fips ? "-fips" : "", region,
			 dualstack ? p->dualstack_suffix : p->dns_suffix);
}

int endpoint_resolve(struct endpoint *ret, const char *service, const char *region,
		     const struct aws_profiles *p, struct err *err)
{
	struct override o = { 0 };
	struct endpoint e = { 0 };
	auto_free char *url = NULL;
	bool fips, dualstack;

	if (aws_region_check(region, err) < 0 ||
	    get_switch(&fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", p, err) < 0 ||
	    get_switch(&dualstack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", p,
		       err) < 0 ||
	    find_override(&o, service, p, err) < 0)
		return -1;
	if (o.url && (fips || dualstack))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "%s is set together with %s: an endpoint given by its URL cannot "
			       "be made another kind; drop one of them", o.source,
			       fips ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT");
	url = o.url ? xstrdup(o.url) : host_by_rule(service, region, fips, dualstack);
	if (set_url(&e, url, o.url ? o.source : "the region", err) < 0)
		return -1;
	e.custom = o.url != NULL;
	e.region = xstrdup(region);
	*ret = e;
	return 0;
}

void endpoint_fini(struct endpoint *e)
{
	free(e->url);
	free(e->host);
	free(e->path);
	free(e->region);
	free(e->source);
	memset(e, 0, sizeof(*e));
}
