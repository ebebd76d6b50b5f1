/* --help and --version. */
#include <string.h>

#include "base/buf.h"
#include "config_options.h"

#define HELP_COLUMN 42
#define HELP_WIDTH 100

static const char *modes_text(const struct config_option *o)
{
	return o->modes == MODES_CONTROLLER ? " [controller, all]" :
	       o->modes == MODES_NODE ? " [node, all]" : "";
}

/* Words of text in the right-hand column. */
static void print_column(FILE *out, const char *text, int at)
{
	struct str rest = str_c(text);

	while (rest.p) {
		struct str word = str_cut(&rest, ' ');

		if (at + 1 + (int)word.n > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN - 1, "");
			at = HELP_COLUMN - 1;
		}
		at += fprintf(out, " %.*s", STR(word));
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct config_option *o)
{
	struct buf name, help;
	int at;

	buf_init(&name, 128);
	buf_init(&help, 1024);
	buf_printf(&name, "  --%s%s%s", o->name, *o->arg ? "=" : "", o->arg);
	for (size_t i = 4; i < 4 + strlen(o->name); i++)
		if (name.data[i] == '_')
			name.data[i] = '-';
	buf_printf(&help, "%s%s", o->help, modes_text(o));
	if (o->type != TYPE_BOOL && *o->fallback)
		buf_printf(&help, " (default %s)", o->fallback);
	at = fprintf(out, "%-*s", HELP_COLUMN - 1, buf_cstr(&name));
	print_column(out, buf_cstr(&help), at);
	buf_fini(&name);
	buf_fini(&help);
}

void config_print_help(FILE *out)
{
	fprintf(out, "usage: ebs-csid [controller | node | all] [OPTION...]\n\n"
		     "The Amazon EBS driver of the Container Storage Interface.\n\n");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (config_options[i].effect != EFFECT_REFUSED)
			print_option(out, &config_options[i]);
	fprintf(out, "\nOptions of the Go driver that are refused, since this version does not have:\n\n");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (config_options[i].effect == EFFECT_REFUSED)
			print_option(out, &config_options[i]);
	fprintf(out, "\nAlso from the environment (EBS_CSID_DRAIN_TIMEOUT=5s) and from\n"
		     "%s/ebs-csid.conf; see ebs-csid(8), ebs-csid.conf(5).\n", PKGSYSCONFDIR);
}

#ifdef __clang__
#define COMPILER "clang "
#else
#define COMPILER "gcc "
#endif

#if defined(__x86_64__)
#define PLATFORM "linux/amd64"
#elif defined(__aarch64__)
#define PLATFORM "linux/arm64"
#else
#define PLATFORM "linux"
#endif

const char *config_version(void)
{
	return EBS_CSID_VERSION;
}

void config_print_version(FILE *out)
{
	fprintf(out,
		"{\n"
		"  \"driverVersion\": \"%s\",\n"
		"  \"gitCommit\": \"%s\",\n"
		"  \"buildDate\": \"%s\",\n"
		"  \"goVersion\": \"\",\n"
		"  \"compiler\": \"%s\",\n"
		"  \"platform\": \"%s\"\n"
		"}\n",
		EBS_CSID_VERSION, EBS_CSID_COMMIT, EBS_CSID_BUILD_DATE, COMPILER __VERSION__,
		PLATFORM);
}
