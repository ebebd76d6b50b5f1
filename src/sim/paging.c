#include "sim/model_impl.h"

#include <stdio.h>
#include <string.h>

#include "aws/ec2_query.h"
#include "aws/ec2_shapes.h"
#include "base/encode.h"

#define PAGE_MIN 5
#define PAGE_MAX 1000

/* Begins with bytes that base64 writes as "+//+": clients must escape tokens. */
struct token {
	unsigned char mark[3];
	unsigned char action;
	uint64_t last;
	uint64_t digest;
} __attribute__((packed));

static const unsigned char mark[3] = { 0xfb, 0xff, 0xfe };

uint64_t sim_request_digest(const struct ec2_request *req)
{
	struct ec2_request same = *req;
	uint64_t h = 0xcbf29ce484222325u;
	struct buf b;

	if (req->action == EC2_DESCRIBE_VOLUMES)
		same.describe_volumes.next_token = NULL;
	else if (req->action == EC2_DESCRIBE_INSTANCES)
		same.describe_instances.next_token = NULL;
	buf_init(&b, EC2_QUERY_MAX);
	ec2_query_encode(&same, &b);
	for (size_t i = 0; i < b.len; i++)
		h = (h ^ (unsigned char)b.data[i]) * 0x100000001b3u;
	buf_fini(&b);
	return h;
}

char *sim_page_token(struct sim_call *c, uint64_t last, uint64_t digest)
{
	struct token t = { .action = (unsigned char)c->req->action, .last = last,
			   .digest = digest };
	struct buf b;
	char *ret;

	memcpy(t.mark, mark, sizeof(mark));
	buf_init(&b, 64);
	encode_base64(&b, &t, sizeof(t));
	ret = arena_str(&c->a->resp.arena, buf_cstr(&b));
	buf_fini(&b);
	return ret;
}

static int read_token(struct sim_call *c, const char *text, uint64_t digest, uint64_t *last)
{
	struct token t;
	struct buf b;
	bool good;

	buf_init(&b, 256);
	good = decode_base64(&b, str_c(text)) == 0 && b.len == sizeof(t);
	if (good)
		memcpy(&t, b.data, sizeof(t));
	buf_fini(&b);
	if (!good || memcmp(t.mark, mark, sizeof(mark)) != 0 || t.action != c->req->action)
		return sim_refuse(c, "InvalidNextToken", "The token '%s' is invalid", text);
	if (t.digest != digest)
		return sim_refuse(c, "InvalidNextToken",
				  "The token '%s' belongs to a request with other parameters", text);
	*last = t.last;
	return 0;
}

int sim_page_open(struct sim_call *c, int64_t max_results, const char *token,
		  bool with_ids, uint64_t digest, struct sim_page *ret)
{
	if (max_results && with_ids)
		return sim_refuse(c, "InvalidParameterCombination",
				  "The parameter maxResults cannot be used with a list of ids");
	if (max_results && (max_results < PAGE_MIN || max_results > PAGE_MAX))
		return sim_refuse(c, "InvalidParameterValue",
				  "Value ( %lld ) for parameter maxResults is invalid. "
				  "Expecting a value from %d to %d.", (long long)max_results,
				  PAGE_MIN, PAGE_MAX);
	ret->after = 0;
	ret->max = max_results ? (size_t)max_results : EC2_LIST_MAX;
	if (cstr_empty(token))
		return 0;
	return read_token(c, token, digest, &ret->after);
}
