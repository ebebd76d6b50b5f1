/* One pass over the text: what is parsed is evaluated at once, except in branches
 * that are not taken, which are parsed only. */
#include "csi/template.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "csi/template_value.h"

#define DEPTH_MAX 16	/* parentheses, and if inside if */

enum token_kind { T_END, T_WORD, T_FIELD, T_STRING, T_NUMBER, T_PIPE, T_OPEN, T_CLOSE };

struct token {
	enum token_kind kind;
	struct str text;	/* T_STRING: without the quotes, escapes as they are */
	char quote;
};

/* One {{if}}: whether a branch of it was taken, whether the present one is. */
struct branch {
	bool outer;	/* the surroundings are evaluated */
	bool taken;
	bool active;
	bool in_else;
};

struct template {
	struct arena *arena;
	const struct template_field *fields;
	size_t n_fields;
	const char *p;		/* next byte */
	struct token tok;	/* the present token of an action */
	struct branch branches[DEPTH_MAX];
	size_t depth;
	size_t parens;
	struct buf out;
	struct err *err;
};

static int bad(struct template *t, const char *what)
{
	return err_set(t->err, GRPC_INVALID_ARGUMENT, "template: %s", what);
}

static bool active(const struct template *t)
{
	return !t->depth || t->branches[t->depth - 1].active;
}

/* ---- tokens ---- */

static bool at_close(const char *p)
{
	if (p[0] == '-' && p[1] == '}' && p[2] == '}')
		return true;
	return p[0] == '}' && p[1] == '}';
}

static int quoted(struct template *t)
{
	char q = *t->p++;
	const char *start = t->p;

	while (*t->p && *t->p != q) {
		if (q == '"' && *t->p == '\\' && t->p[1])
			t->p++;
		if (q == '"' && *t->p == '\n')
			return bad(t, "a string in quotes goes over the end of the line");
		t->p++;
	}
	if (!*t->p)
		return bad(t, "a string has no closing quote");
	t->tok = (struct token){ T_STRING, str_n(start, (size_t)(t->p - start)), q };
	t->p++;
	return 0;
}

static void span(struct template *t, enum token_kind kind, const char *start)
{
	while (isalnum((unsigned char)*t->p) || *t->p == '_')
		t->p++;
	t->tok = (struct token){ kind, str_n(start, (size_t)(t->p - start)), 0 };
}

static int single(struct template *t, enum token_kind kind)
{
	t->tok = (struct token){ kind, str_n(t->p, 1), 0 };
	t->p++;
	return 0;
}

static int next(struct template *t)
{
	const char *start;

	while (*t->p && isspace((unsigned char)*t->p))
		t->p++;
	start = t->p;
	if (!*start)
		return bad(t, "an action is not closed by }}");
	if (at_close(start)) {
		t->tok = (struct token){ .kind = T_END };
		return 0;
	}
	if (*start == '"' || *start == '`')
		return quoted(t);
	if (*start == '|' || *start == '(' || *start == ')')
		return single(t, *start == '|' ? T_PIPE : *start == '(' ? T_OPEN : T_CLOSE);
	if (*start == '.') {
		t->p++;
		span(t, T_FIELD, start + 1);
		return 0;
	}
	if (isdigit((unsigned char)*start) || ((*start == '-' || *start == '+') &&
					       isdigit((unsigned char)start[1]))) {
		t->p++;
		span(t, T_NUMBER, start);
		return 0;
	}
	if (isalpha((unsigned char)*start)) {
		span(t, T_WORD, start);
		return 0;
	}
	return err_set(t->err, GRPC_INVALID_ARGUMENT,
		       "template: \"%.20s\" is not understood", start);
}

/* ---- operands ---- */

static int unescape(struct template *t, struct str s, const char **ret)
{
	static const char from[] = "ntr\\\"'", to[] = "\n\t\r\\\"'";
	char *out = arena_alloc(t->arena, s.n + 1);
	const char *c;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\') {
			out[n++] = s.p[i];
			continue;
		}
		c = strchr(from, s.p[++i]);
		if (!c || !*c)
			return bad(t, "an escape in a string is not one of \\n \\t \\r \\\\ \\\" \\'");
		out[n++] = to[c - from];
	}
	*ret = out;
	return 0;
}

static int string_operand(struct template *t, struct value *ret)
{
	*ret = value_string("");
	if (t->tok.quote == '`') {
		ret->s = arena_strn(t->arena, t->tok.text.p, t->tok.text.n);
		return 0;
	}
	return unescape(t, t->tok.text, &ret->s);
}

static int number_operand(struct template *t, struct value *ret)
{
	struct str s = t->tok.text;

	*ret = value_int(0);
	if (s.n && *s.p == '+')
		s = str_n(s.p + 1, s.n - 1);
	if (value_parse_int(s, &ret->i) < 0)
		return err_set(t->err, GRPC_INVALID_ARGUMENT,
			       "template: \"%.*s\" is not a whole number", STR(t->tok.text));
	return 0;
}

/* A bare dot is the whole data, which is of no use in a tag. */
static int field_operand(struct template *t, struct value *ret)
{
	*ret = value_string("");
	for (size_t i = 0; i < t->n_fields; i++) {
		if (str_eq_c(t->tok.text, t->fields[i].name)) {
			ret->s = cstr_or(t->fields[i].value, "");
			return 0;
		}
	}
	if (!active(t))
		return 0;
	return err_set(t->err, GRPC_INVALID_ARGUMENT, "template: there is no field .%.*s",
		       STR(t->tok.text));
}

static int pipeline(struct template *t, struct value *ret);

static int paren_operand(struct template *t, struct value *ret)
{
	if (++t->parens > DEPTH_MAX)
		return bad(t, "too many parentheses");
	if (next(t) < 0 || pipeline(t, ret) < 0)
		return -1;
	if (t->tok.kind != T_CLOSE)
		return bad(t, "a parenthesis is not closed");
	t->parens--;
	return 0;
}

/* 1: an operand, 0: none is here, -1: an error. Leaves its last token current. */
static int operand(struct template *t, struct value *ret)
{
	switch (t->tok.kind) {
	case T_STRING:
		return string_operand(t, ret) < 0 ? -1 : 1;
	case T_NUMBER:
		return number_operand(t, ret) < 0 ? -1 : 1;
	case T_FIELD:
		return field_operand(t, ret) < 0 ? -1 : 1;
	case T_OPEN:
		return paren_operand(t, ret) < 0 ? -1 : 1;
	case T_WORD:
		if (!str_eq_c(t->tok.text, "true") && !str_eq_c(t->tok.text, "false"))
			return 0;
		*ret = value_bool(str_eq_c(t->tok.text, "true"));
		return 1;
	default:
		return 0;
	}
}

/* ---- commands and pipelines ---- */

static int arguments(struct template *t, struct value_args *args)
{
	for (;;) {
		struct value v;
		int got = operand(t, &v);

		if (got <= 0)
			return got;
		if (args->n == VALUE_ARGS_MAX)
			return bad(t, "a function has too many arguments");
		args->v[args->n++] = v;
		if (next(t) < 0)
			return -1;
	}
}

/* A function with its arguments, what was piped in as the last one. */
static int call(struct template *t, const struct value *piped, struct value *ret)
{
	const struct value_function *f = value_function(t->tok.text);
	struct value_args args = {0};

	if (!f)
		return err_set(t->err, GRPC_INVALID_ARGUMENT,
			       "template: there is no function %.*s", STR(t->tok.text));
	if (next(t) < 0 || arguments(t, &args) < 0)
		return -1;
	if (piped) {
		if (args.n == VALUE_ARGS_MAX)
			return bad(t, "a function has too many arguments");
		args.v[args.n++] = *piped;
	}
	if (t->tok.kind == T_WORD)
		return bad(t, "a function cannot be an argument without parentheses");
	if (!active(t)) {
		*ret = value_string("");
		return 0;
	}
	return value_call(f, t->arena, &args, ret, t->err);
}

static int command(struct template *t, const struct value *piped, struct value *ret)
{
	int got = operand(t, ret);

	if (got < 0)
		return -1;
	if (got == 0) {
		if (t->tok.kind == T_WORD)
			return call(t, piped, ret);
		return bad(t, "a value or a function is missing");
	}
	if (next(t) < 0)
		return -1;
	if (piped || (t->tok.kind != T_PIPE && t->tok.kind != T_END && t->tok.kind != T_CLOSE))
		return bad(t, "a value that is no function has arguments");
	return 0;
}

static int pipeline(struct template *t, struct value *ret)
{
	struct value piped;

	if (command(t, NULL, ret) < 0)
		return -1;
	while (t->tok.kind == T_PIPE) {
		piped = *ret;
		if (next(t) < 0 || command(t, &piped, ret) < 0)
			return -1;
	}
	return 0;
}

/* ---- actions ---- */

static int do_if(struct template *t)
{
	struct branch *b;
	struct value v;
	bool outer = active(t);

	if (t->depth == DEPTH_MAX)
		return bad(t, "too many if inside each other");
	if (next(t) < 0 || pipeline(t, &v) < 0)
		return -1;
	b = &t->branches[t->depth++];
	*b = (struct branch){ .outer = outer, .taken = value_truth(&v) };
	b->active = outer && b->taken;
	return 0;
}

/* {{else}} and {{else if …}}; the condition of the latter counts only when no
 * branch was taken before. */
static int do_else(struct template *t)
{
	struct branch *b;
	struct value v;

	if (!t->depth || t->branches[t->depth - 1].in_else)
		return bad(t, "else without if");
	b = &t->branches[t->depth - 1];
	b->active = b->outer && !b->taken;
	if (next(t) < 0)
		return -1;
	if (t->tok.kind == T_END) {
		b->in_else = true;
		return 0;
	}
	if (t->tok.kind != T_WORD || !str_eq_c(t->tok.text, "if"))
		return bad(t, "after else comes }} or if");
	if (next(t) < 0 || pipeline(t, &v) < 0)
		return -1;
	b->active = b->active && value_truth(&v);
	b->taken = b->taken || b->active;
	return 0;
}

static int do_end(struct template *t)
{
	if (!t->depth)
		return bad(t, "end without if");
	t->depth--;
	return next(t);
}

static int do_print(struct template *t)
{
	struct value v;

	if (pipeline(t, &v) < 0)
		return -1;
	if (active(t))
		value_print(&v, &t->out);
	return 0;
}

static int action(struct template *t)
{
	if (next(t) < 0)
		return -1;
	if (t->tok.kind == T_END)
		return bad(t, "an action is empty");
	if (t->tok.kind == T_WORD && str_eq_c(t->tok.text, "if"))
		return do_if(t);
	if (t->tok.kind == T_WORD && str_eq_c(t->tok.text, "else"))
		return do_else(t);
	if (t->tok.kind == T_WORD && str_eq_c(t->tok.text, "end"))
		return do_end(t);
	return do_print(t);
}

static int comment(struct template *t)
{
	const char *end = strstr(t->p + 2, "*/");

	if (!end)
		return bad(t, "a comment is not closed");
	t->p = end + 2;
	while (isspace((unsigned char)*t->p))
		t->p++;
	if (!at_close(t->p))
		return bad(t, "a comment is not followed by }}");
	return 0;
}

static void add_text(struct template *t, const char *end, bool trim)
{
	while (trim && end > t->p && isspace((unsigned char)end[-1]))
		end--;
	if (active(t))
		buf_add(&t->out, t->p, (size_t)(end - t->p));
}

/* Behind the closing braces; with a trim marker, behind the blanks as well. */
static void leave_action(struct template *t)
{
	bool trim = *t->p == '-';

	t->p += trim ? 3 : 2;
	while (trim && isspace((unsigned char)*t->p))
		t->p++;
}

static int run(struct template *t)
{
	const char *open;

	while ((open = strstr(t->p, "{{"))) {
		bool trim = open[2] == '-' && isspace((unsigned char)open[3]);
		const char *inside = open + (trim ? 3 : 2);

		add_text(t, open, trim);
		while (isspace((unsigned char)*inside))
			inside++;
		t->p = inside;
		if ((inside[0] == '/' && inside[1] == '*' ? comment(t) : action(t)) < 0)
			return -1;
		if (!at_close(t->p))
			return bad(t, "an action is not closed by }}");
		leave_action(t);
	}
	add_text(t, t->p + strlen(t->p), false);
	if (t->depth)
		return bad(t, "an if has no end");
	if (t->out.overflow)
		return bad(t, "the value is too long");
	return 0;
}

int template_eval(struct arena *a, const char *text, const struct template_field *fields,
		  size_t n, const char **ret, struct err *err)
{
	struct template t = {
		.arena = a,
		.fields = fields,
		.n_fields = n,
		.p = text,
		.err = err,
	};
	int rc;

	buf_init(&t.out, TEMPLATE_OUTPUT_MAX);
	rc = run(&t);
	if (rc == 0)
		*ret = arena_strn(a, buf_cstr(&t.out), t.out.len);
	buf_fini(&t.out);
	return rc;
}
