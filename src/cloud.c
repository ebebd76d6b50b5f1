#include "cloud.h"

#include <stdlib.h>

#include "aws/creds.h"
#include "aws/ec2.h"
#include "aws/ec2_http.h"
#include "aws/endpoint.h"
#include "aws/imds.h"
#include "aws/profile.h"
#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include "ebs/ebs.h"
#include "net/http.h"

/* The start waits for the region no longer than this; with its three tries the
 * metadata service has answered or not by then. */
#define REGION_MS 5000

struct cloud {
	struct reactor *reactor;
	struct http *http;
	struct imds *imds;
	char *region;
	struct aws_profiles *profiles;
	struct creds *creds;
	struct endpoint endpoint;
	struct ec2_transport *transport;
	struct ec2 *ec2;
	struct ebs *ebs;
};

/* ---- region ---- */

struct asking {
	struct imds_instance_info info;
	bool ended;
};

static void on_answer(struct op *op)
{
	container_of(op, struct asking, info.op)->ended = true;
}

/* Said nowhere: this instance's own. The only thing a start ever waits for. */
static int ask_region(struct cloud *c, struct err *err)
{
	struct asking a = { .ended = false };

	imds_instance_info_init(&a.info, c->imds);
	op_set_deadline(&a.info.op, REGION_MS);
	op_start(&a.info.op, on_answer);
	reactor_run_until(c->reactor, &a.ended, 2 * REGION_MS);
	if (op_failed(&a.info.op)) {
		err_move(err, &a.info.op.err);
		err_prefix(err, "the region is not known: set AWS_REGION, or let the instance metadata service be asked");
	} else {
		c->region = xstrdup(a.info.info.region);
	}
	op_fini(&a.info.op);
	return c->region ? 0 : -1;
}

static int find_region(struct cloud *c, struct err *err)
{
	c->region = aws_region_find(c->profiles, err);
	if (c->region)
		return 0;
	return err_is_set(err) ? -1 : ask_region(c, err);
}

/* ---- controller ---- */

static int build_controller(struct cloud *c, const struct cloud_options *opt, struct err *err)
{
	struct ec2_http_options transport;

	c->profiles = aws_profiles_load();
	if (find_region(c, err) < 0 ||
	    endpoint_resolve(&c->endpoint, "ec2", c->region, c->profiles, err) < 0)
		return -1;
	log_fields(AREA_MAIN, LOG_LEVEL_INFO, "EC2 endpoint", LOG_S("region", c->region),
		   LOG_S("url", c->endpoint.url), LOG_S("from", c->endpoint.source));
	c->creds = creds_new(c->reactor, c->imds);
	transport = (struct ec2_http_options){
		.reactor = c->reactor,
		.http = c->http,
		.creds = c->creds,
		.endpoint = &c->endpoint,
		.version = config_version(),
		.user_agent_extra = opt->user_agent_extra,
	};
	c->transport = ec2_http_new(&transport);
	c->ec2 = ec2_new(c->reactor, c->transport);
	c->ebs = ebs_new(c->reactor, c->ec2, NULL);
	return 0;
}

struct cloud *cloud_new(struct reactor *r, const struct cloud_options *opt, struct err *err)
{
	struct cloud *c = xcalloc(1, sizeof(*c));

	c->reactor = r;
	c->http = http_new(r, NULL);
	c->imds = imds_new(r, c->http, err);
	if (c->imds && (!opt->controller || build_controller(c, opt, err) == 0))
		return c;
	cloud_stop(c);
	cloud_free(c);
	return NULL;
}

void cloud_stop(struct cloud *c)
{
	if (c->ebs)
		ebs_stop(c->ebs);
	if (c->creds)
		creds_stop(c->creds);
}

void cloud_free(struct cloud *c)
{
	if (!c)
		return;
	if (c->ebs)
		ebs_free(c->ebs);
	if (c->ec2)
		ec2_free(c->ec2);
	if (c->transport)
		ec2_http_free(c->transport);
	endpoint_fini(&c->endpoint);
	if (c->creds)
		creds_free(c->creds);
	aws_profiles_free(c->profiles);
	if (c->imds)
		imds_free(c->imds);
	http_free(c->http);
	free(c->region);
	free(c);
}

struct ebs *cloud_ebs(struct cloud *c)
{
	return c->ebs;
}

struct ec2 *cloud_ec2(struct cloud *c)
{
	return c->ec2;
}

struct imds *cloud_imds(struct cloud *c)
{
	return c->imds;
}

const char *cloud_region(struct cloud *c)
{
	return c->region;
}
