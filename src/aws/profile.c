#include "aws/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

/* All settings in one map: "<class>/<section>/<key>". A section that is there is
 * an entry without a key. Classes: */
#define CREDENTIALS "k"		/* [NAME] of the credentials file */
#define CONFIG "c"		/* [profile NAME] of the config file */
#define DEFAULT "d"		/* [default] of it, if there is no [profile default] */
#define SERVICES "s"		/* [services NAME] of it */

struct aws_profiles {
	struct map values;
	struct arena arena;
	char *path[2];		/* by enum aws_file; NULL: no home directory */
	char *trouble[2];
};

/* ---- the grammar ---- */

struct reader {
	struct aws_profiles *p;
	enum aws_file file;
	const char *cls;	/* NULL: the section does not matter to us */
	struct str section;
	struct str key;		/* of the last property; for the lines indented below it */
	struct str value;
};

static void put(struct reader *r, const char *key, struct str value)
{
	char *name = arena_printf(&r->p->arena, "%s/%.*s/%s", r->cls, STR(r->section), key);

	map_put(&r->p->values, name, arena_strn(&r->p->arena, value.p, value.n));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cut where a blank stands before '#' or ';', trimmed, one pair of quotes off. */
static struct str clean_value(struct str v)
{
	v = str_trim(v);
	for (size_t i = 0; i < v.n; i++)
		if ((v.p[i] == '#' || v.p[i] == ';') && (i == 0 || is_blank(v.p[i - 1])))
			v.n = i;
	v = str_trim(v);
	if (v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
		v = str_n(v.p + 1, v.n - 2);
	return v;
}

/* The first of '=' and ':' separates. */
static bool split_property(struct str line, struct str *key, struct str *value)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] != '=' && line.p[i] != ':')
			continue;
		*key = str_trim(str_n(line.p, i));
		*value = clean_value(str_n(line.p + i + 1, line.n - i - 1));
		return key->n > 0;
	}
	return false;
}

static char *lower(struct arena *a, struct str s)
{
	char *p = arena_strn(a, s.p, s.n);

	for (char *c = p; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	return p;
}

static const char *class_of(enum aws_file file, struct str type, struct str name)
{
	if (file == AWS_FILE_CREDENTIALS)
		return name.n ? NULL : CREDENTIALS;	/* [profile x] is not one here */
	if (str_eq_c(type, "profile") && name.n)
		return CONFIG;
	if (str_eq_c(type, "services") && name.n)
		return SERVICES;
	return str_eq_c(type, "default") && !name.n ? DEFAULT : NULL;
}

static void read_section(struct reader *r, struct str line)
{
	struct str rest = str_n(line.p + 1, line.n - 1);
	struct str inside = str_trim(str_cut(&rest, ']')), name = { "", 0 };
	size_t i = 0;

	r->cls = NULL;
	r->key.n = 0;
	if (!rest.p)
		return;		/* no ']' */
	while (i < inside.n && !is_blank(inside.p[i]))
		i++;
	name = str_trim(str_n(inside.p + i, inside.n - i));
	inside.n = i;
	r->cls = class_of(r->file, inside, name);
	r->section = name.n ? name : inside;
	if (r->cls)
		put(r, "", str_n("", 0));
}

/* Below "ec2 =" a setting of that service, below "key = value" more of the value. */
static void read_indented(struct reader *r, struct str line)
{
	struct arena *a = &r->p->arena;
	struct str key, value;
	char *more;

	if (!r->key.n)
		return;
	if (!r->value.n) {
		if (split_property(line, &key, &value))
			put(r, arena_printf(a, "%s.%s", lower(a, r->key), lower(a, key)), value);
		return;
	}
	value = clean_value(line);
	more = arena_printf(a, "%.*s\n%.*s", STR(r->value), STR(value));
	r->value = str_c(more);
	put(r, lower(a, r->key), r->value);
}

static void read_line(struct reader *r, struct str line)
{
	struct str text = str_trim(line);

	if (!text.n || text.p[0] == '#' || text.p[0] == ';')
		return;
	if (text.p[0] == '[') {
		read_section(r, text);
	} else if (!r->cls) {
		return;
	} else if (is_blank(line.p[0])) {
		read_indented(r, text);
	} else if (split_property(text, &r->key, &r->value)) {
		put(r, lower(&r->p->arena, r->key), r->value);
	} else {
		r->key.n = 0;
	}
}

static void read_text(struct aws_profiles *p, enum aws_file file, struct str text)
{
	struct reader r = { .p = p, .file = file };

	if (str_starts(text, "\xef\xbb\xbf")) {
		text.p += 3;
		text.n -= 3;
	}
	while (text.p)
		read_line(&r, str_cut(&text, '\n'));
}

/* ---- the files ---- */

/* -1 with errno set. Not a FIFO or the like: those could block. */
static int open_regular(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= AWS_FILE_MAX) {
		*size = (size_t)st.st_size;
		return fd;
	}
	errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
	close(fd);
	return -1;
}

static void read_file(struct aws_profiles *p, enum aws_file file)
{
	size_t size = 0, len = 0;
	auto_close int fd = open_regular(p->path[file], &size);
	char *text;

	if (fd < 0) {
		p->trouble[file] = xasprintf("%s", strerror(errno));
		return;
	}
	text = arena_alloc(&p->arena, size + 1);	/* views into it are kept */
	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	read_text(p, file, str_n(text, len));
}

static char *file_path(const char *variable, const char *name)
{
	const char *path = getenv(variable), *home = getenv("HOME");

	if (!cstr_empty(path))
		return xstrdup(path);
	if (cstr_empty(home)) {
		const struct passwd *pw = getpwuid(getuid());

		home = pw ? pw->pw_dir : NULL;
	}
	return cstr_empty(home) ? NULL : xasprintf("%s/.aws/%s", home, name);
}

struct aws_profiles *aws_profiles_load(void)
{
	struct aws_profiles *p = xcalloc(1, sizeof(*p));

	p->path[AWS_FILE_CREDENTIALS] = file_path("AWS_SHARED_CREDENTIALS_FILE", "credentials");
	p->path[AWS_FILE_CONFIG] = file_path("AWS_CONFIG_FILE", "config");
	for (int i = 0; i < 2; i++) {
		if (p->path[i])
			read_file(p, (enum aws_file)i);
		else
			p->trouble[i] = xstrdup("no home directory");
	}
	return p;
}

void aws_profiles_free(struct aws_profiles *p)
{
	if (!p)
		return;
	for (int i = 0; i < 2; i++) {
		free(p->path[i]);
		free(p->trouble[i]);
	}
	map_fini(&p->values);
	arena_fini(&p->arena);
	free(p);
}

/* ---- questions ---- */

const char *aws_profile_name(void)
{
	const char *a = getenv("AWS_PROFILE"), *b = getenv("AWS_DEFAULT_PROFILE");

	return !cstr_empty(a) ? a : !cstr_empty(b) ? b : "default";
}

bool aws_profile_is_explicit(void)
{
	return !cstr_empty(getenv("AWS_PROFILE")) || !cstr_empty(getenv("AWS_DEFAULT_PROFILE"));
}

const char *aws_profiles_path(const struct aws_profiles *p, enum aws_file file)
{
	return cstr_or(p->path[file], "~/.aws");
}

const char *aws_profiles_trouble(const struct aws_profiles *p, enum aws_file file)
{
	return p->trouble[file];
}

static const char *look_up(const struct aws_profiles *p, const char *cls,
			   const char *section, const char *key)
{
	auto_free char *name = xasprintf("%s/%s/%s", cls, section, key);

	return map_get(&p->values, name);
}

/* Where the config file keeps this profile; NULL: nowhere. */
static const char *config_class(const struct aws_profiles *p, const char *profile)
{
	if (look_up(p, CONFIG, profile, ""))
		return CONFIG;
	return look_up(p, DEFAULT, profile, "") ? DEFAULT : NULL;
}

bool aws_profile_exists(const struct aws_profiles *p, const char *profile)
{
	return look_up(p, CREDENTIALS, profile, "") || config_class(p, profile);
}

const char *aws_profile_get_from(const struct aws_profiles *p, enum aws_file file,
				 const char *profile, const char *key)
{
	const char *cls = file == AWS_FILE_CREDENTIALS ? CREDENTIALS : config_class(p, profile);

	return cls ? look_up(p, cls, profile, key) : NULL;
}

const char *aws_profile_get(const struct aws_profiles *p, const char *profile, const char *key)
{
	const char *v = aws_profile_get_from(p, AWS_FILE_CREDENTIALS, profile, key);

	return v ? v : aws_profile_get_from(p, AWS_FILE_CONFIG, profile, key);
}

const char *aws_profile_get_service(const struct aws_profiles *p, const char *profile,
				    const char *service, const char *key)
{
	const char *services = aws_profile_get(p, profile, "services");
	auto_free char *full = xasprintf("%s.%s", service, key);

	return services ? look_up(p, SERVICES, services, full) : NULL;
}
