#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"
#include "config_options.h"

/* ---- values ---- */

static int bad_value(const char *text, const char *want, struct err *err)
{
	return err_set(err, GRPC_INVALID_ARGUMENT, "\"%s\" is not %s", text, want);
}

static int bad_number(const struct config_option *o, const char *text, struct err *err)
{
	if (o->type == TYPE_MS)
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "\"%s\" is not a time such as 2s or 1m30s, from %lldms to %lldms",
			       text, (long long)o->min, (long long)o->max);
	return err_set(err, GRPC_INVALID_ARGUMENT, "\"%s\" is not a number from %lld to %lld",
		       text, (long long)o->min, (long long)o->max);
}

static int set_number(const struct config_option *o, int64_t *member, const char *text,
		      struct err *err)
{
	int64_t n;
	int rc = o->type == TYPE_MS ? parse_duration_ms(str_c(text), &n)
				    : parse_i64(str_c(text), &n);

	if (rc < 0 || n < o->min || n > o->max)
		return bad_number(o, text, err);
	*member = n;
	return 0;
}

/* Adds the items of text to the comma-joined list in *member. */
static void add_items(struct config *c, const char **member, const char *text)
{
	*member = cstr_empty(*member) ? arena_str(&c->arena, text)
				      : arena_printf(&c->arena, "%s,%s", *member, text);
}

/* Sets the member; a LIST is extended. */
static int set_member(const struct config_option *o, struct config *c, const char *text,
		      struct err *err)
{
	void *member = (char *)c + o->offset;

	switch (o->type) {
	case TYPE_STRING:
		*(const char **)member = arena_str(&c->arena, text);
		return 0;
	case TYPE_BOOL:
		if (parse_bool(str_c(text), member) < 0)
			return bad_value(text, "true or false", err);
		return 0;
	case TYPE_INT:
	case TYPE_MS:
		return set_number(o, member, text, err);
	case TYPE_LIST:
		add_items(c, member, text);
		return 0;
	}
	return 0;
}

/* "--drain-timeout", "EBS_CSID_DRAIN_TIMEOUT", "drain-timeout". */
static const char *name_in(const struct config_option *o, enum config_source source, struct arena *a)
{
	char *name = arena_printf(a, "%s%s",
				  source == FROM_COMMAND_LINE ? "--" :
				  source == FROM_ENVIRONMENT ? "EBS_CSID_" : "", o->name);

	for (char *p = name; *p; p++) {
		if (source == FROM_ENVIRONMENT)
			*p = (char)toupper((unsigned char)*p);
		else if (*p == '_')
			*p = '-';
	}
	return name;
}

/* True if text says no more than the default does. */
static bool is_fallback(const struct config_option *o, const char *text)
{
	bool on;

	if (o->type == TYPE_BOOL)
		return parse_bool(str_c(text), &on) == 0 && !on;
	return !strcmp(text, o->fallback);
}

int config_apply(struct config_loader *l, const struct config_option *o,
		 enum config_source source, const char *text)
{
	struct config *c = l->config;
	size_t i = (size_t)(o - config_options);

	if (o->effect == EFFECT_REFUSED && !is_fallback(o, text))
		return err_set(l->err, GRPC_UNIMPLEMENTED,
			       "%s: this version does not have it (%s); leave it out",
			       name_in(o, source, &c->arena), o->help);
	if (l->source[i] < source && o->type == TYPE_LIST)
		*(const char **)((char *)c + o->offset) = NULL;
	l->source[i] = source;
	if (set_member(o, c, text, l->err) == 0)
		return 0;
	return err_prefix(l->err, "%s", name_in(o, source, &c->arena));
}

/* ---- sources ---- */

static bool name_matches(const char *member, struct str name)
{
	if (strlen(member) != name.n)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != (member[i] == '_' ? '-' : member[i]))
			return false;
	return true;
}

const struct config_option *config_find(struct str name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (name_matches(config_options[i].name, name))
			return &config_options[i];
	return NULL;
}

static int apply_defaults(struct config_loader *l)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (config_apply(l, &config_options[i], FROM_DEFAULT, config_options[i].fallback) < 0)
			return -1;
	return 0;
}

static int apply_environment(struct config_loader *l)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct config_option *o = &config_options[i];
		const char *text = getenv(name_in(o, FROM_ENVIRONMENT, &l->config->arena));

		if (!text || o->effect == EFFECT_ONCE || !(o->modes & (int)l->config->mode))
			continue;
		if (config_apply(l, o, FROM_ENVIRONMENT, text) < 0)
			return -1;
	}
	return 0;
}

/* One argument, "--name=value" or "--name" with the value in next; *used says
 * how many arguments were taken. */
static int apply_argument(struct config_loader *l, const char *arg, const char *next, int *used)
{
	bool brief = !strncmp(arg, "-v", 2) && (arg[2] == 0 || arg[2] == '=');
	struct str rest = str_c(brief ? arg + 1 : arg + 2);
	struct str name = str_cut(&rest, '=');
	const struct config_option *o = NULL;

	if (brief || !strncmp(arg, "--", 2))
		o = config_find(name);
	if (!o)
		return err_set(l->err, GRPC_INVALID_ARGUMENT, "unknown option \"%s\"", arg);
	if (!(o->modes & (int)l->config->mode))
		return err_set(l->err, GRPC_INVALID_ARGUMENT,
			       "option --%.*s does not exist in mode %s", STR(name),
			       config_mode_name(l->config->mode));
	*used = 1;
	if (rest.p)
		return config_apply(l, o, FROM_COMMAND_LINE, rest.p);
	if (o->type == TYPE_BOOL)
		return config_apply(l, o, FROM_COMMAND_LINE, "true");
	if (!next)
		return err_set(l->err, GRPC_INVALID_ARGUMENT, "option %s needs a value", arg);
	*used = 2;
	return config_apply(l, o, FROM_COMMAND_LINE, next);
}

static int apply_command_line(struct config_loader *l, int argc, char **argv)
{
	for (int i = 0, used = 1; i < argc; i += used)
		if (apply_argument(l, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used) < 0)
			return -1;
	return 0;
}

/* ---- all together ---- */

static const struct {
	const char *name;
	enum config_mode mode;
} modes[] = {
	{ "controller", CONFIG_CONTROLLER },
	{ "node", CONFIG_NODE },
	{ "all", CONFIG_ALL },
};

const char *config_mode_name(enum config_mode mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].mode == mode)
			return modes[i].name;
	return "?";
}

static int find_mode(struct config *c, const char *name, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(name, modes[i].name)) {
			c->mode = modes[i].mode;
			return 0;
		}
	}
	if (!strcmp(name, "pre-stop-hook") || !strcmp(name, "metadataLabeler"))
		return err_set(err, GRPC_UNIMPLEMENTED,
			       "this version does not have the mode %s (the Kubernetes API)", name);
	return err_set(err, GRPC_INVALID_ARGUMENT,
		       "unknown mode \"%s\": it is controller, node or all", name);
}

static bool wants_text_only(struct config *c, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		c->help = c->help || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");
		c->version = c->version || !strcmp(argv[i], "--version");
	}
	return c->help || c->version;
}

/* The file must be known before the command line is applied over it. */
static const char *file_argument(int argc, char **argv)
{
	const char *path = NULL;

	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "--config=", 9))
			path = argv[i] + 9;
		else if (!strcmp(argv[i], "--config") && i + 1 < argc)
			path = argv[i + 1];
	}
	return path;
}

int config_load(struct config *c, int argc, char **argv, struct err *err)
{
	struct config_loader l = { .config = c, .err = err };
	const char *path;

	*c = (struct config){ .mode = CONFIG_ALL };
	argc -= argc > 0;
	argv += argc >= 0;
	if (wants_text_only(c, argc, argv))
		return 0;
	if (argc > 0 && argv[0][0] != '-') {
		if (find_mode(c, argv[0], err) < 0)
			return -1;
		argc--;
		argv++;
	}
	path = file_argument(argc, argv);
	if (apply_defaults(&l) < 0 ||
	    config_apply_file(&l, path ? path : PKGSYSCONFDIR "/ebs-csid.conf", path != NULL) < 0 ||
	    apply_environment(&l) < 0 || apply_command_line(&l, argc, argv) < 0)
		return -1;
	return config_check(c, err);
}

void config_fini(struct config *c)
{
	arena_fini(&c->arena);
}
