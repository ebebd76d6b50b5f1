#include "config_options.h"

const struct config_option config_options[OPTION_COUNT] = {
#define OPTION(member, type, fallback, min, max, modes, effect, arg, help) \
	{ #member, TYPE_##type, offsetof(struct config, member), fallback, min, max, \
	  MODES_##modes, EFFECT_##effect, arg, help },
#include "config.tbl.h"
#undef OPTION
};
