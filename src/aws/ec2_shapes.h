/* Where each field of ec2_types.h lies in memory and what it is called on the
 * wire: the only description that the four codecs (Query form out and in, XML
 * out and in) go by. A new field is one line in ec2_shapes.c. */
#ifndef AWS_EC2_SHAPES_H
#define AWS_EC2_SHAPES_H

#include <stddef.h>
#include <stdint.h>

#include "aws/ec2_types.h"

#define EC2_API_VERSION "2016-11-15"
#define EC2_XML_NAMESPACE "http://ec2.amazonaws.com/doc/" EC2_API_VERSION "/"

/* Limits on what a peer may make us build. */
#define EC2_LIST_MAX 10000		/* elements of one list */
#define EC2_MEMORY_MAX (64u << 20)	/* arena bytes of one request or response */

enum ec2_kind {
	EC2_KIND_STRING,	/* const char *; an empty or blank element is NULL */
	EC2_KIND_TEXT,		/* const char *; kept as it is, empty is "" */
	EC2_KIND_INT,		/* int64_t; 0 is not sent */
	EC2_KIND_BOOL,		/* enum tristate */
	EC2_KIND_TIME,		/* int64_t, ms since 1970; responses only */
	EC2_KIND_STRINGS,	/* struct ec2_strings; requests only */
	EC2_KIND_STRUCTS,	/* list of `of` */
	EC2_KIND_CONST,		/* fixed text that goes with the non-empty list at
				   offset; requests only */
};

struct ec2_shape;

struct ec2_field {
	/* Requests: "Filter" for Filter.N; a list may have a longer path
	 * ("TagSpecification.1.Tag" for TagSpecification.1.Tag.N). Responses:
	 * "status", "placement/availabilityZone"; a list is <wire><item>…. Fields
	 * that share a parent element stand together. */
	const char *wire;
	size_t offset;
	enum ec2_kind kind;
	const struct ec2_shape *of;	/* EC2_KIND_STRUCTS */
	const char *text;		/* EC2_KIND_CONST */
};

struct ec2_shape {
	const char *name;
	size_t size;
	const struct ec2_field *fields;
	size_t n;
};

const struct ec2_shape *ec2_request_shape(enum ec2_action a);
const struct ec2_shape *ec2_response_shape(enum ec2_action a);

/* The member of the union that the shape describes. */
void *ec2_request_body(const struct ec2_request *req);
void *ec2_response_body(const struct ec2_response *resp);

/* Every list of ec2_types.h begins so. Read and written by these two only, since
 * the element types differ. */
struct ec2_list {
	void *v;
	size_t n;
};
struct ec2_list ec2_list_get(const void *base, const struct ec2_field *f);
void ec2_list_set(void *base, const struct ec2_field *f, struct ec2_list list);

/* Scalars at f; the caller knows the kind. */
const char **ec2_string_at(const void *base, const struct ec2_field *f);
int64_t *ec2_int_at(const void *base, const struct ec2_field *f);
enum tristate *ec2_bool_at(const void *base, const struct ec2_field *f);

#endif
