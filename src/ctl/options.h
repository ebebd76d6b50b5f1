/* Command line of ebs-csictl: options by the table, then a verb and its arguments. */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum ctl_option_type { CTL_TEXT, CTL_SWITCH, CTL_MANY };

struct ctl_option {
	const char *name;
	enum ctl_option_type type;
	const char *fallback;
	const char *arg;
	const char *help;
};

#define CTL_ARGUMENTS_MAX 8

struct ctl_options;	/* the values */

extern const struct ctl_option ctl_option_table[];
extern const size_t ctl_option_count;

/* Reads the command line; argv must outlive the result. NULL and err: one line
 * that names what is wrong. */
struct ctl_options *ctl_options_new(int argc, char **argv, struct err *err);
void ctl_options_free(struct ctl_options *o);

/* By name; asking for one that is not in the table aborts. */
const char *ctl_text(const struct ctl_options *o, const char *name);	/* or NULL */
bool ctl_switch(const struct ctl_options *o, const char *name);
size_t ctl_many(const struct ctl_options *o, const char *name, const char *const **ret);
/* True if it was given on the command line. */
bool ctl_given(const struct ctl_options *o, const char *name);
enum ctl_option_type ctl_type(const char *name);

const char *ctl_verb(const struct ctl_options *o);	/* NULL: none was given */
/* The n-th argument after the verb, from 1; NULL beyond the last. */
const char *ctl_argument(const struct ctl_options *o, size_t n);
size_t ctl_arguments(const struct ctl_options *o);

#endif
