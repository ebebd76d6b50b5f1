/* The options as an array; for config*.c only. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stddef.h>

#include "base/str.h"
#include "config.h"

enum config_type { TYPE_STRING, TYPE_BOOL, TYPE_INT, TYPE_MS, TYPE_LIST };
enum config_effect { EFFECT_USED, EFFECT_INERT, EFFECT_REFUSED, EFFECT_ONCE };
enum { MODES_CONTROLLER = CONFIG_CONTROLLER, MODES_NODE = CONFIG_NODE, MODES_ANY = CONFIG_ALL };

struct config_option {
	const char *name;	/* of the struct's member: with '_' */
	enum config_type type;
	size_t offset;		/* in struct config */
	const char *fallback;
	int64_t min, max;
	int modes;
	enum config_effect effect;
	const char *arg;
	const char *help;
};

enum config_index {
#define OPTION(member, ...) OPTION_##member,
#include "config.tbl.h"
#undef OPTION
	OPTION_COUNT
};

extern const struct config_option config_options[OPTION_COUNT];

/* Where a value comes from; a later one replaces an earlier one's. */
enum config_source { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE };

struct config_loader {
	struct config *config;
	struct err *err;
	enum config_source source[OPTION_COUNT];	/* of the present values */
};

/* The option of this name as it is written on the command line ("drain-timeout"),
 * or NULL. */
const struct config_option *config_find(struct str name);
/* Takes text from source for o; -1 and err, which names the option. */
int config_apply(struct config_loader *l, const struct config_option *o,
		 enum config_source source, const char *text);
int config_apply_file(struct config_loader *l, const char *path, bool must_exist);

#endif
