#include "sim/model_impl.h"

#include <string.h>

bool sim_id_good(const char *id, const char *prefix)
{
	size_t p = strlen(prefix), n = strlen(id);

	return strncmp(id, prefix, p) == 0 && (n - p == 8 || n - p == 17) &&
	       strspn(id + p, "0123456789abcdef") == n - p;
}

void sim_id_new(struct sim_model *m, const char *prefix, char ret[SIM_ID_SIZE])
{
	size_t n = strlen(prefix);

	memcpy(ret, prefix, n);
	ret[n] = '0';
	sim_rng_hex(&m->rng, ret + n + 1, 16);
}

int sim_id_check(struct sim_call *c, const char *id, const char *kind)
{
	bool volume = strcmp(kind, "volume") == 0;

	if (cstr_empty(id))
		return sim_refuse(c, "MissingParameter",
				  "The request must contain the parameter %sId", kind);
	if (sim_id_good(id, volume ? "vol-" : "i-"))
		return 0;
	return sim_refuse(c, volume ? "InvalidVolumeID.Malformed" : "InvalidInstanceID.Malformed",
			  "Invalid id: \"%s\" (expecting \"%s\" and 8 or 17 hex digits)", id,
			  volume ? "vol-" : "i-");
}
