/* The instance metadata service (IMDSv2 only) of one instance of the model:
 * tokens with their life, the identity document, placement, network interfaces,
 * block device mapping, role credentials that expire. */
#ifndef SIM_IMDS_H
#define SIM_IMDS_H

#include "base/err.h"
#include "reactor/reactor.h"
#include "sim/model.h"

struct sim_imds;

struct sim_imds_options {
	const char *instance_id;	/* of the model; must exist when asked */
	const char *role;		/* NULL: the instance has none */
	const char *access_key;		/* what the role's credentials are */
	const char *secret_key;
	const char *session_token;
	int64_t credentials_ms;		/* their life; 0 = 6 h. Each request within
					   the last 5 minutes gets new ones */
};

/* The model is the caller's; the strings are copied. */
struct sim_imds *sim_imds_new(struct reactor *r, struct sim_model *m,
			      const struct sim_imds_options *opt);
int sim_imds_listen(struct sim_imds *s, const char *endpoint, struct err *err);
const char *sim_imds_address(const struct sim_imds *s);	/* of the first listener */
void sim_imds_free(struct sim_imds *s);			/* NULL is fine */

#endif
