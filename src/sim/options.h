/* Command line of ebs-csi-sim: --name=value or --name value. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdio.h>

#include "base/err.h"

struct sim_options {
#define SIM_OPTION(member, ...) const char *member;
#include "sim/options.tbl.h"
#undef SIM_OPTION
	bool help, version;
};

/* Values point into argv. -1 and err for an unknown name, a missing value or a
 * stray word. */
int sim_options_parse(struct sim_options *o, int argc, char **argv, struct err *err);
void sim_options_help(FILE *out);

#endif
