#include "csi/template_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"

#define TEXT_MAX 4096	/* of what one call makes */

struct call {
	const struct value_args *args;
	struct arena *arena;
	struct value *ret;
	const char *name;
	struct err *err;
};

/* signature: one letter an argument, s string, i number, v anything; a last '*'
 * repeats the one before it. NULL run: known to Go, refused in tags. */
struct value_function {
	const char *name;
	const char *signature;
	int (*run)(struct call *c);
};

struct value value_string(const char *s)
{
	return (struct value){ VALUE_STRING, s, 0 };
}

struct value value_int(int64_t i)
{
	return (struct value){ VALUE_INT, NULL, i };
}

struct value value_bool(bool b)
{
	return (struct value){ VALUE_BOOL, NULL, b };
}

int value_parse_int(struct str s, int64_t *ret)
{
	return parse_i64(s, ret);
}

bool value_truth(const struct value *v)
{
	return v->type == VALUE_STRING ? *v->s != '\0' : v->i != 0;
}

void value_print(const struct value *v, struct buf *out)
{
	if (v->type == VALUE_STRING)
		buf_adds(out, v->s);
	else if (v->type == VALUE_BOOL)
		buf_adds(out, v->i ? "true" : "false");
	else
		buf_printf(out, "%" PRId64, v->i);
}

static int fail_call(struct call *c, const char *what)
{
	return err_set(c->err, GRPC_INVALID_ARGUMENT, "template: %s: %s", c->name, what);
}

static const char *str_arg(const struct call *c, size_t i)
{
	return c->args->v[i].s;
}

static int fn_contains(struct call *c)
{
	*c->ret = value_bool(strstr(str_arg(c, 1), str_arg(c, 0)) != NULL);
	return 0;
}

static int change_case(struct call *c, int (*to)(int))
{
	char *s = arena_str(c->arena, str_arg(c, 0));

	/* ASCII; the names of Kubernetes objects have nothing else. */
	for (char *p = s; *p; p++)
		if ((unsigned char)*p < 0x80)
			*p = (char)to((unsigned char)*p);
	*c->ret = value_string(s);
	return 0;
}

static int fn_upper(struct call *c)
{
	return change_case(c, toupper);
}

static int fn_lower(struct call *c)
{
	return change_case(c, tolower);
}

/* start < 0: from the beginning; end < 0 or beyond: to the end. */
static int fn_substring(struct call *c)
{
	int64_t start = c->args->v[0].i, end = c->args->v[1].i;
	const char *s = str_arg(c, 2);
	int64_t n = (int64_t)strlen(s);

	if (start < 0) {
		start = 0;
		if (end < 0 || end > n)
			return fail_call(c, "the end is outside the string");
	} else if (end < 0 || end > n) {
		end = n;
	}
	if (start > end)
		return fail_call(c, "the start is behind the end");
	*c->ret = value_string(arena_strn(c->arena, s + start, (size_t)(end - start)));
	return 0;
}

/* The idx-th part; an empty delimiter cuts between characters. */
static int fn_field(struct call *c)
{
	const char *delim = str_arg(c, 0), *s = str_arg(c, 2), *end;
	int64_t idx = c->args->v[1].i;
	size_t n = strlen(delim);

	if (idx < 0)
		return fail_call(c, "the index is negative");
	for (;;) {
		if (n) {
			end = strstr(s, delim);
		} else {
			end = *s ? s + 1 : NULL;
			while (end && ((unsigned char)*end & 0xc0) == 0x80)
				end++;
			if (!*s || (idx && end && !*end))
				return fail_call(c, "there is no part of that index");
		}
		if (idx == 0)
			break;
		if (!end)
			return fail_call(c, "there is no part of that index");
		s = end + n;
		idx--;
	}
	*c->ret = value_string(arena_strn(c->arena, s, end ? (size_t)(end - s) : strlen(s)));
	return 0;
}

static int fn_index(struct call *c)
{
	const char *s = str_arg(c, 1), *at = strstr(s, str_arg(c, 0));

	*c->ret = value_int(at ? at - s : -1);
	return 0;
}

static int fn_last_index(struct call *c)
{
	const char *sub = str_arg(c, 0), *s = str_arg(c, 1);
	size_t n = strlen(sub);

	*c->ret = value_int(-1);
	for (int64_t i = (int64_t)strlen(s) - (int64_t)n; i >= 0; i--) {
		if (memcmp(s + i, sub, n) == 0) {
			*c->ret = value_int(i);
			break;
		}
	}
	return 0;
}

static int equal(struct call *c, const struct value *a, const struct value *b, bool *ret)
{
	if (a->type != b->type)
		return fail_call(c, "values of different types are compared");
	*ret = a->type == VALUE_STRING ? strcmp(a->s, b->s) == 0 : a->i == b->i;
	return 0;
}

/* The first against each of the others. */
static int fn_eq(struct call *c)
{
	bool same = false;

	for (size_t i = 1; i < c->args->n && !same; i++)
		if (equal(c, &c->args->v[0], &c->args->v[i], &same) < 0)
			return -1;
	*c->ret = value_bool(same);
	return 0;
}

static int fn_ne(struct call *c)
{
	bool same = false;

	if (equal(c, &c->args->v[0], &c->args->v[1], &same) < 0)
		return -1;
	*c->ret = value_bool(!same);
	return 0;
}

/* The first argument that decides, else the last. */
static int choose(struct call *c, bool decides)
{
	size_t i = 0;

	while (i + 1 < c->args->n && value_truth(&c->args->v[i]) != decides)
		i++;
	*c->ret = c->args->v[i];
	return 0;
}

static int fn_and(struct call *c)
{
	return choose(c, false);
}

static int fn_or(struct call *c)
{
	return choose(c, true);
}

static int fn_not(struct call *c)
{
	*c->ret = value_bool(!value_truth(&c->args->v[0]));
	return 0;
}

static int fn_len(struct call *c)
{
	*c->ret = value_int((int64_t)strlen(str_arg(c, 0)));
	return 0;
}

static int return_text(struct call *c, struct buf *b)
{
	int rc = b->overflow ? fail_call(c, "the text is too long") : 0;

	*c->ret = value_string(arena_strn(c->arena, buf_cstr(b), b->len));
	buf_fini(b);
	return rc;
}

/* Go's Sprint: a space between two neighbours that are both no strings. */
static int fn_print(struct call *c)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < c->args->n; i++) {
		if (i && c->args->v[i].type != VALUE_STRING &&
		    c->args->v[i - 1].type != VALUE_STRING)
			buf_addc(&b, ' ');
		value_print(&c->args->v[i], &b);
	}
	return return_text(c, &b);
}

static bool verb_fits(char verb, const struct value *v)
{
	switch (verb) {
	case 'v':
		return true;
	case 's':
	case 'q':
		return v->type == VALUE_STRING;
	case 'd':
		return v->type == VALUE_INT;
	case 't':
		return v->type == VALUE_BOOL;
	default:
		return false;
	}
}

static void print_verb(char verb, const struct value *v, struct buf *b)
{
	if (verb != 'q') {
		value_print(v, b);
		return;
	}
	buf_addc(b, '"');
	for (const char *p = v->s; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *p);
	}
	buf_addc(b, '"');
}

/* %s %q %d %t %v and %%, without widths. */
static int fn_printf(struct call *c)
{
	size_t arg = 1;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (const char *f = str_arg(c, 0); *f; f++) {
		if (*f != '%' || f[1] == '%') {
			buf_addc(&b, *f);
			f += *f == '%';
			continue;
		}
		f++;
		if (arg == c->args->n || !verb_fits(*f, &c->args->v[arg])) {
			buf_fini(&b);
			return fail_call(c, "verbs are %s %q %d %t %v, each with its argument");
		}
		print_verb(*f, &c->args->v[arg++], &b);
	}
	if (arg == c->args->n)
		return return_text(c, &b);
	buf_fini(&b);
	return fail_call(c, "there are more arguments than verbs");
}

static const struct value_function functions[] = {
	{ "contains", "ss", fn_contains },
	{ "toUpper", "s", fn_upper },
	{ "toLower", "s", fn_lower },
	{ "substring", "iis", fn_substring },
	{ "field", "sis", fn_field },
	{ "index", "ss", fn_index },
	{ "lastIndex", "ss", fn_last_index },
	{ "eq", "vv*", fn_eq },
	{ "ne", "vv", fn_ne },
	{ "and", "v*", fn_and },
	{ "or", "v*", fn_or },
	{ "not", "v", fn_not },
	{ "len", "s", fn_len },
	{ "print", "v*", fn_print },
	{ "printf", "sv*", fn_printf },
	{ "html", "v*", NULL },
	{ "js", "v*", NULL },
	{ "call", "v*", NULL },
	{ "urlquery", "v*", NULL },
};

const struct value_function *value_function(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (str_eq_c(name, functions[i].name))
			return &functions[i];
	return NULL;
}

static bool type_fits(char want, enum value_type type)
{
	return want == 'v' || (want == 's' && type == VALUE_STRING) ||
	       (want == 'i' && type == VALUE_INT);
}

/* A repeated last argument may be absent for printf, but not for the others. */
static bool count_fits(const struct value_function *f, size_t n)
{
	size_t fixed = strcspn(f->signature, "*");

	if (!f->signature[fixed])
		return n == fixed;
	return n >= fixed || (f->run == fn_printf && n == 1) || (f->run == fn_print && n == 0);
}

int value_call(const struct value_function *f, struct arena *a, const struct value_args *args,
	       struct value *ret, struct err *err)
{
	struct call c = { args, a, ret, f->name, err };
	size_t fixed = strcspn(f->signature, "*");

	if (!f->run)
		return fail_call(&c, "not allowed in tags");
	if (!count_fits(f, args->n))
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "template: %s does not take %zu arguments", f->name, args->n);
	for (size_t i = 0; i < args->n; i++)
		if (!type_fits(f->signature[i < fixed ? i : fixed - 1], args->v[i].type))
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "template: %s: argument %zu has the wrong type", f->name,
				       i + 1);
	return f->run(&c);
}
