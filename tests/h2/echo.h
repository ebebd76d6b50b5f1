/* The test service of echo.proto. */
#ifndef TESTS_H2_ECHO_H
#define TESTS_H2_ECHO_H

#include "h2/server.h"

void echo_add_to(struct grpc_server *s);

/* Sleep operations that have begun and that were released, in this process. */
struct echo_counts {
	unsigned int naps, woken;
};
extern struct echo_counts echo_counts;

extern const unsigned char echo_descriptor_set[];
extern const size_t echo_descriptor_set_len;

#endif
