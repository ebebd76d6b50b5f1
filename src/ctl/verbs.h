/* The verbs, by verbs.tbl.h. */
#ifndef CTL_VERBS_H
#define CTL_VERBS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "ctl/options.h"

enum ctl_where { CTL_ENDPOINT, CTL_NODE };

struct ctl_call {
	const char *verb;
	const char *arguments;
	enum ctl_where where;
	const char *path;	/* "/csi.v1.Identity/Probe" */
	const ProtobufCMessageDescriptor *request, *response;
	const char *fields;
	bool optional;
	const char *help;
};

/* The next call of the verb after prev (NULL: the first), or NULL. */
const struct ctl_call *ctl_next_call(const char *verb, const struct ctl_call *prev);
/* "CreateVolume" */
const char *ctl_call_name(const struct ctl_call *call);

/* The number of arguments fits the verb, and each option given means something to
 * it. The calls of one verb take the same arguments. */
int ctl_check_usage(const struct ctl_call *first, const struct ctl_options *o, struct err *err);
/* The request, filled from the command line; memory of the arena. NULL and err
 * when a value does not fit. */
ProtobufCMessage *ctl_build_request(const struct ctl_call *call, const struct ctl_options *o,
				    struct arena *a, struct err *err);

void ctl_print_help(FILE *out);

#endif
