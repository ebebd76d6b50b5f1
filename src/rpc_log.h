/* One log line per finished RPC. */
#ifndef RPC_LOG_H
#define RPC_LOG_H

#include <stdint.h>

#include "base/err.h"
#include "h2/rpc.h"

/* For grpc_server_options.on_rpc_done. */
void rpc_log(void *ctx, const struct rpc *rpc, const struct err *err, int64_t took_ms);

#endif
