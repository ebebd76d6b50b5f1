/* What the tests of the EC2 model share: a model, its time, one answer. */
#ifndef TEST_SIM_FIXTURE_H
#define TEST_SIM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/model.h"

#define NODE "i-0123456789abcdef0"
#define NODE2 "i-0123456789abcdef1"
#define ZONE "us-east-1a"

struct fixture {
	struct sim_model *m;
	int64_t now;
	struct sim_answer a;	/* of the last call */
	char id[32];		/* of the last volume made */
};

static inline void use_model(struct fixture *f, const struct sim_config *c)
{
	struct sim_instance_spec spec = { .id = NODE, .zone = ZONE };
	struct err err = { 0 };

	sim_answer_fini(&f->a);
	sim_model_free(f->m);
	f->now = 0;
	f->m = sim_model_new(c, &err);
	assert_non_null(f->m);
	assert_non_null(sim_model_add_instance(f->m, 0, &spec, &err));
	spec.id = NODE2;
	assert_non_null(sim_model_add_instance(f->m, 0, &spec, &err));
}

/* Delays of EC2, all constant, so that tests can say when; no buckets. */
static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct sim_config c;

	sim_config_default(&c);
	c.bucket_scale = 0;
	c.creating = (struct sim_delay){ 1500, 1500, 1500, 1500 };
	c.deleting = (struct sim_delay){ 1000, 1000, 1000, 1000 };
	c.attaching = (struct sim_delay){ 2000, 2000, 2000, 2000 };
	c.detaching = (struct sim_delay){ 2500, 2500, 2500, 2500 };
	use_model(f, &c);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	sim_answer_fini(&f->a);
	sim_model_free(f->m);
	free(f);
	return 0;
}

/* The answer's EC2 code, "" for success. */
static inline const char *call(struct fixture *f, const struct ec2_request *req)
{
	sim_answer_fini(&f->a);
	sim_model_call(f->m, f->now, req, &f->a);
	assert_non_null(f->a.resp.request_id);
	return cstr_or(f->a.code, "");
}

static inline void pass(struct fixture *f, int64_t ms)
{
	f->now += ms;
	sim_model_advance(f->m, f->now);
}

static inline const char *create(struct fixture *f, const struct ec2_create_volume *r)
{
	struct ec2_request req = { .action = EC2_CREATE_VOLUME, .create_volume = *r };
	const char *code = call(f, &req);

	if (!*code)
		snprintf(f->id, sizeof(f->id), "%s", f->a.resp.volume.volume_id);
	return code;
}

/* A plain 10 GiB gp3 volume, not waited for. */
static inline const char *create_plain(struct fixture *f, const char *token)
{
	return create(f, &(struct ec2_create_volume){
		.client_token = token, .availability_zone = ZONE, .size = 10,
		.volume_type = "gp3" });
}

static inline void make_available(struct fixture *f)
{
	assert_string_equal(create_plain(f, NULL), "");
	pass(f, 1500);
}

static inline const char *delete_volume(struct fixture *f, const char *id)
{
	return call(f, &(struct ec2_request){ .action = EC2_DELETE_VOLUME,
					      .delete_volume = { .volume_id = id } });
}

static inline const char *attach(struct fixture *f, const char *id, const char *node,
				 const char *device)
{
	return call(f, &(struct ec2_request){ .action = EC2_ATTACH_VOLUME,
		.attach_volume = { .volume_id = id, .instance_id = node, .device = device } });
}

static inline const char *detach(struct fixture *f, const char *id, const char *node)
{
	return call(f, &(struct ec2_request){ .action = EC2_DETACH_VOLUME,
		.detach_volume = { .volume_id = id, .instance_id = node } });
}

static inline const char *describe(struct fixture *f, const char **ids, size_t n)
{
	return call(f, &(struct ec2_request){ .action = EC2_DESCRIBE_VOLUMES,
		.describe_volumes = { .volume_ids = { ids, n } } });
}

/* The last made volume as DescribeVolumes shows it; it must be there. */
static inline const struct ec2_volume *look(struct fixture *f)
{
	const char *ids[] = { f->id };

	assert_string_equal(describe(f, ids, 1), "");
	assert_int_equal(f->a.resp.volumes.n, 1);
	return &f->a.resp.volumes.v[0];
}

/* Status of its attachment; "" when there is none. */
static inline const char *attachment(struct fixture *f)
{
	const struct ec2_volume *v = look(f);

	return v->attachments.n ? v->attachments.v[0].status : "";
}

static inline void add_fault(struct fixture *f, const struct sim_fault *fault)
{
	assert_int_equal(sim_model_add_fault(f->m, fault, NULL), 0);
}

#endif
