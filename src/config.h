/* Option values: command line > environment > file > default. The options
 * themselves are in config.tbl.h.
 *
 *   command line  --name=value, --name value; a BOOL also --name; -v N, -v=N
 *   environment   EBS_CSID_NAME, upper case, '_' for '-'
 *   file          name = value; before any section for all modes, or in the
 *                 section [controller], [node] or [all] for that mode only
 *
 * A LIST given more than once in one of these places adds up. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

enum config_mode { CONFIG_CONTROLLER = 1, CONFIG_NODE = 2, CONFIG_ALL = 3 };

struct config {
	struct arena arena;	/* owns every text below */
	enum config_mode mode;
#define CONFIG_STRING const char *
#define CONFIG_BOOL bool
#define CONFIG_INT int64_t
#define CONFIG_MS int64_t
#define CONFIG_LIST const char *
#define OPTION(member, type, ...) CONFIG_##type member;
#include "config.tbl.h"
#undef OPTION
};

/* Reads all sources and checks the values against each other. argv as main has
 * it: an optional mode first, then options. With --help or --version on the
 * command line nothing else is read or checked. -1 and err: one line that names
 * the option and the place it came from. c is to be released in either case. */
int config_load(struct config *c, int argc, char **argv, struct err *err);
void config_fini(struct config *c);

const char *config_version(void);	/* "0.1.0" */
const char *config_mode_name(enum config_mode mode);
void config_print_help(FILE *out);
void config_print_version(FILE *out);

/* Rules between options and of single ones that the table cannot say; called by
 * config_load. */
int config_check(struct config *c, struct err *err);

#endif
