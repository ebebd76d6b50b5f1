#include "ctl/verbs.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "csi/csi.pb-c.h"
#include "ctl/message.h"

#define OPTIONAL 1

static const struct ctl_call calls[] = {
#define CALL(verb, arguments, where, method, message, fields, flag, help) \
	{ verb, arguments, CTL_##where, "/csi.v1." method, \
	  &csi__v1__##message##_request__descriptor, \
	  &csi__v1__##message##_response__descriptor, fields, flag, help },
#include "ctl/verbs.tbl.h"
#undef CALL
};

const struct ctl_call *ctl_next_call(const char *verb, const struct ctl_call *prev)
{
	for (const struct ctl_call *c = prev ? prev + 1 : calls; c < calls + ARRAY_SIZE(calls); c++)
		if (!strcmp(c->verb, verb))
			return c;
	return NULL;
}

const char *ctl_call_name(const struct ctl_call *call)
{
	return strrchr(call->path, '/') + 1;
}

/* ---- usage ---- */

/* Takes the next word of a table's text off *rest; empty when there is none. */
static struct str next_word(struct str *rest)
{
	struct str word = { NULL, 0 };

	while (rest->p && !word.n)
		word = str_cut(rest, ' ');
	return word;
}

static int check_arguments(const struct ctl_call *call, const struct ctl_options *o,
			   struct err *err)
{
	struct str rest = str_c(call->arguments);
	size_t most = 0, least = 0;

	for (struct str w = next_word(&rest); w.n; w = next_word(&rest)) {
		most++;
		least += w.p[0] != '[';
	}
	if (ctl_arguments(o) >= least && ctl_arguments(o) <= most)
		return 0;
	return err_set(err, GRPC_INVALID_ARGUMENT, "usage: ebs-csictl [OPTION...] %s%s%s",
		       call->verb, *call->arguments ? " " : "", call->arguments);
}

/* "field=option" or "field=!option" is among the call's words. */
static bool takes_option(const struct ctl_call *call, const char *name)
{
	struct str rest = str_c(call->fields);

	for (struct str w = next_word(&rest); w.n; w = next_word(&rest)) {
		str_cut(&w, '=');
		if (str_starts(w, "!"))
			w = str_n(w.p + 1, w.n - 1);
		if (str_eq_c(w, name))
			return true;
	}
	return false;
}

static bool is_general(const char *name)
{
	static const char *const names[] = { "endpoint", "node-endpoint", "timeout", "json" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

int ctl_check_usage(const struct ctl_call *first, const struct ctl_options *o, struct err *err)
{
	for (size_t i = 0; i < ctl_option_count; i++) {
		const char *name = ctl_option_table[i].name;

		if (ctl_given(o, name) && !is_general(name) && !takes_option(first, name))
			return err_set(err, GRPC_INVALID_ARGUMENT,
				       "--%s means nothing to \"%s\"", name, first->verb);
	}
	return check_arguments(first, o, err);
}

/* ---- request ---- */

struct builder {
	const struct ctl_options *options;
	struct arena *arena;
	ProtobufCMessage *message;
	struct err *err;
};

static int set_many(struct builder *b, struct str path, const char *option)
{
	const char *const *v;
	size_t n = ctl_many(b->options, option, &v);

	for (size_t i = 0; i < n; i++)
		if (message_set(b->arena, b->message, path, v[i], b->err) < 0)
			return err_prefix(b->err, "--%s", option);
	return 0;
}

static int set_option(struct builder *b, struct str path, const char *option)
{
	bool negated = *option == '!';
	const char *name = option + negated;
	const char *text = NULL;

	if (ctl_type(name) == CTL_MANY)
		return set_many(b, path, name);
	if (ctl_type(name) == CTL_SWITCH)
		text = ctl_switch(b->options, name) != negated ? "true" : NULL;
	else
		text = ctl_text(b->options, name);
	if (text && message_set(b->arena, b->message, path, text, b->err) < 0)
		return err_prefix(b->err, "--%s", name);
	return 0;
}

static int set_source(struct builder *b, struct str path, struct str source)
{
	char *text = arena_strn(b->arena, source.p, source.n);
	const char *argument;

	if (*text < '0' || *text > '9')
		return set_option(b, path, text);
	argument = ctl_argument(b->options, (size_t)(*text - '0'));
	return argument ? message_set(b->arena, b->message, path, argument, b->err) : 0;
}

ProtobufCMessage *ctl_build_request(const struct ctl_call *call, const struct ctl_options *o,
				    struct arena *a, struct err *err)
{
	struct builder b = { o, a, message_new(a, call->request), err };
	struct str rest = str_c(call->fields);

	for (struct str w = next_word(&rest); w.n; w = next_word(&rest)) {
		struct str path = str_cut(&w, '=');

		if (set_source(&b, path, w) < 0)
			return NULL;
	}
	return b.message;
}

/* ---- help ---- */

void ctl_print_help(FILE *out)
{
	fprintf(out, "usage: ebs-csictl [OPTION...] VERB [ARGUMENT...]\n\n"
		     "CSI calls to ebs-csid or any other driver, from a shell.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (*calls[i].help)
			fprintf(out, "  %-15s %-23s %s\n", calls[i].verb, calls[i].arguments,
				calls[i].help);
	fprintf(out, "  %-15s %-23s %s\n\n", "ops", "",
		"what the daemon is doing: needs --debug-endpoint");
	for (size_t i = 0; i < ctl_option_count; i++) {
		const struct ctl_option *o = &ctl_option_table[i];
		auto_free char *head = xasprintf("--%s%s%s", o->name, *o->arg ? "=" : "", o->arg);

		fprintf(out, "  %-22s %s%s%s%s\n", head, o->help,
			o->fallback ? " (default " : "", o->fallback ? o->fallback : "",
			o->fallback ? ")" : "");
	}
	fprintf(out, "\nExit status: 0 done, 1 wrong usage, 2 not connected, 64 + N for gRPC\n"
		     "status N: 69 NOT_FOUND, 73 FAILED_PRECONDITION, 74 ABORTED, ...\n");
}
