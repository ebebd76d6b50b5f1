#include "rpc_log.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"

/* What probes and orchestrators ask all the time. */
static bool is_routine(const char *path)
{
	return str_ends(str_c(path), "Capabilities") || strstr(path, ".Identity/") ||
	       strstr(path, "grpc.");
}

void rpc_log(void *ctx, const struct rpc *rpc, const struct err *err, int64_t took_ms)
{
	const char *path = rpc->method ? rpc->method->path : "?";
	bool failed = err && err_is_set(err);
	/* To ask for what is not there is how clients find out. */
	bool asked = failed && err->code == GRPC_UNIMPLEMENTED;

	if (failed)
		log_fields(AREA_CSI, asked ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "GRPC error", LOG_S("err", err_msg(err)),
			   LOG_S("method", path), LOG_S("code", grpc_code_name(err->code)),
			   LOG_I("ms", took_ms), LOG_I("rpc", rpc->id));
	else
		log_fields(AREA_CSI, is_routine(path) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
			   "GRPC done", LOG_S("method", path), LOG_I("ms", took_ms),
			   LOG_I("rpc", rpc->id));
}
