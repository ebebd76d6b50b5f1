#include "sim/options.h"

#include <stddef.h>
#include <string.h>

#include "base/str.h"

static const struct {
	const char *name, *value, *fallback, *help;
	size_t offset;
} table[] = {
#define SIM_OPTION(member, name, value, fallback, help) \
	{ name, value, fallback, help, offsetof(struct sim_options, member) },
#include "sim/options.tbl.h"
#undef SIM_OPTION
};

static const char **slot(struct sim_options *o, size_t i)
{
	return (const char **)(void *)((char *)o + table[i].offset);
}

static int find(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (str_eq_c(name, table[i].name))
			return (int)i;
	return -1;
}

/* Takes one option and, if it stands apart, its value; returns the words used. */
static int take(struct sim_options *o, char **word, struct err *err)
{
	struct str rest = str_c(word[0]), name;
	int i;

	while (rest.n && rest.p[0] == '-')
		rest = str_n(rest.p + 1, rest.n - 1);
	name = str_cut(&rest, '=');
	i = word[0][0] == '-' ? find(name) : -1;
	if (i < 0)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "\"%s\" is no option; see ebs-csi-sim --help", word[0]);
	*slot(o, (size_t)i) = rest.p ? rest.p : word[1];
	if (!rest.p && !word[1])
		return err_set(err, GRPC_INVALID_ARGUMENT, "%s needs a value: %s", word[0],
			       table[i].value);
	return rest.p ? 1 : 2;
}

int sim_options_parse(struct sim_options *o, int argc, char **argv, struct err *err)
{
	memset(o, 0, sizeof(*o));
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		*slot(o, i) = table[i].fallback;
	for (int i = 1; i < argc;) {
		int used;

		o->help |= cstr_eq(argv[i], "--help") || cstr_eq(argv[i], "-h");
		o->version |= cstr_eq(argv[i], "--version");
		if (o->help || o->version)
			return 0;
		used = take(o, &argv[i], err);
		if (used < 0)
			return -1;
		i += used;
	}
	return 0;
}

void sim_options_help(FILE *out)
{
	fprintf(out, "usage: ebs-csi-sim [OPTION...]\n\n"
		     "Simulates EC2's EBS calls and an instance's metadata service.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		fprintf(out, "  --%s=%s\n      %s", table[i].name, table[i].value, table[i].help);
		if (table[i].fallback)
			fprintf(out, " [%s]", table[i].fallback);
		fprintf(out, "\n");
	}
	fprintf(out, "  --help, --version\n");
}
