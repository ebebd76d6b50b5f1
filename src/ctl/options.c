#include "ctl/options.h"

#include <getopt.h>
#include <string.h>

#include "base/mem.h"

const struct ctl_option ctl_option_table[] = {
#define OPTION(name, type, fallback, arg, help) { name, CTL_##type, fallback, arg, help },
#include "ctl/options.tbl.h"
#undef OPTION
};
const size_t ctl_option_count = ARRAY_SIZE(ctl_option_table);

struct value {
	const char **v;
	size_t n;	/* times given */
};

struct ctl_options {
	struct value values[ARRAY_SIZE(ctl_option_table)];
	char **words;	/* verb and arguments; argv's */
	size_t n_words;
};

static int find(const char *name)
{
	for (size_t i = 0; i < ctl_option_count; i++)
		if (!strcmp(ctl_option_table[i].name, name))
			return (int)i;
	return -1;
}

static size_t must_find(const char *name)
{
	int i = find(name);

	if (i < 0)
		abort();
	return (size_t)i;
}

static void add_value(struct value *value, const char *text)
{
	value->v = xrealloc(value->v, (value->n + 1) * sizeof(*value->v));
	value->v[value->n++] = text;
}

static int read_options(struct ctl_options *o, int argc, char **argv, struct err *err)
{
	struct option longs[ARRAY_SIZE(ctl_option_table) + 1] = { 0 };
	int c, at = 0;

	for (size_t i = 0; i < ctl_option_count; i++) {
		longs[i].name = ctl_option_table[i].name;
		longs[i].has_arg = ctl_option_table[i].type == CTL_SWITCH ? no_argument
									  : required_argument;
	}
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longs, &at)) != -1) {
		if (c == ':')
			return err_set(err, GRPC_INVALID_ARGUMENT, "option %s needs a value",
				       argv[optind - 1]);
		if (c != 0)
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "unknown option \"%s\"; see --help", argv[optind - 1]);
		add_value(&o->values[at], optarg ? optarg : "");
	}
	return 0;
}

struct ctl_options *ctl_options_new(int argc, char **argv, struct err *err)
{
	struct ctl_options *o = xcalloc(1, sizeof(*o));

	if (read_options(o, argc, argv, err) < 0) {
		ctl_options_free(o);
		return NULL;
	}
	o->words = argv + optind;
	o->n_words = (size_t)(argc - optind);
	return o;
}

void ctl_options_free(struct ctl_options *o)
{
	for (size_t i = 0; o && i < ctl_option_count; i++)
		free(o->values[i].v);
	free(o);
}

const char *ctl_text(const struct ctl_options *o, const char *name)
{
	size_t i = must_find(name);
	const struct value *value = &o->values[i];

	return value->n ? value->v[value->n - 1] : ctl_option_table[i].fallback;
}

bool ctl_switch(const struct ctl_options *o, const char *name)
{
	return o->values[must_find(name)].n > 0;
}

size_t ctl_many(const struct ctl_options *o, const char *name, const char *const **ret)
{
	const struct value *value = &o->values[must_find(name)];

	*ret = value->v;
	return value->n;
}

bool ctl_given(const struct ctl_options *o, const char *name)
{
	return o->values[must_find(name)].n > 0;
}

enum ctl_option_type ctl_type(const char *name)
{
	return ctl_option_table[must_find(name)].type;
}

const char *ctl_verb(const struct ctl_options *o)
{
	return o->n_words ? o->words[0] : NULL;
}

const char *ctl_argument(const struct ctl_options *o, size_t n)
{
	return n < o->n_words ? o->words[n] : NULL;
}

size_t ctl_arguments(const struct ctl_options *o)
{
	return o->n_words ? o->n_words - 1 : 0;
}
