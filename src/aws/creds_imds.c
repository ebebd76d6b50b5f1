/* Credentials of the instance's role. */
#include <string.h>

#include "aws/creds_internal.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"

#define ROLES_PATH "/latest/meta-data/iam/security-credentials/"

/* ask_list -> ask_role -> read_role -> OP_DONE */

static op_step ask_role, read_role;

static enum op_verdict ask_list(struct op *op)
{
	struct creds_imds *ci = container_of(op, struct creds_imds, op);

	imds_get_init(&ci->list, ci->imds, ROLES_PATH);
	return op_await(op, &ci->list.op, ask_role);
}

static bool is_role_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("/?#%\\", s.p[i]))
			return false;
	return s.n > 0 && s.n <= 128;
}

static enum op_verdict ask_role(struct op *op)
{
	struct creds_imds *ci = container_of(op, struct creds_imds, op);
	struct str lines = buf_view(&ci->list.body), name;

	if (op_failed(&ci->list.op)) {
		if (ci->list.op.err.code == GRPC_NOT_FOUND)
			return op_fail(op, GRPC_NOT_FOUND, "the instance has no role: attach an "
				       "instance profile, or give keys");
		return op_fail_as(op, &ci->list.op, NULL);
	}
	name = str_trim(str_cut(&lines, '\n'));
	if (!name.n)
		return op_fail(op, GRPC_NOT_FOUND, "the instance has no role: attach an "
			       "instance profile, or give keys");
	if (!is_role_name(name))
		return op_fail(op, GRPC_UNAUTHENTICATED, "the name of the role is not one");
	ci->role_name = xstrndup(name.p, name.n);
	ci->path = xasprintf(ROLES_PATH "%s", ci->role_name);
	imds_get_init(&ci->role, ci->imds, ci->path);
	return op_await(op, &ci->role.op, read_role);
}

static int take_keys(struct creds_imds *ci, const json_t *doc, struct err *err)
{
	const char *code = json_get_str(doc, "Code");
	const char *access = json_get_str(doc, "AccessKeyId");
	const char *secret = json_get_str(doc, "SecretAccessKey");
	const char *token = json_get_str(doc, "Token");
	auto_free char *source = xasprintf("role %s from IMDS", ci->role_name);
	int64_t expires;

	if (code && strcmp(code, "Success") != 0)
		return err_set(err, GRPC_UNAUTHENTICATED, "role %s: IMDS says %.80s: %.200s",
			       ci->role_name, code, cstr_or(json_get_str(doc, "Message"), ""));
	if (cstr_empty(access) || cstr_empty(secret) ||
	    parse_time_ms(str_c(json_get_str(doc, "Expiration")), &expires) < 0)
		return err_set(err, GRPC_UNAUTHENTICATED,
			       "role %s: IMDS gives no AccessKeyId, SecretAccessKey and Expiration",
			       ci->role_name);
	ci->result = aws_creds_new(access, secret, token, expires, '0', source);
	return 0;
}

static enum op_verdict read_role(struct op *op)
{
	struct creds_imds *ci = container_of(op, struct creds_imds, op);
	struct err err = { 0 };
	json_t *doc;
	int rc;

	if (op_failed(&ci->role.op))
		return op_fail_as(op, &ci->role.op, "role %s", ci->role_name);
	doc = json_parse(buf_view(&ci->role.body), &err);
	if (!doc) {
		err_fini(&err);		/* might quote a secret */
		return op_fail(op, GRPC_UNAUTHENTICATED, "role %s: what IMDS gives is not JSON",
			       ci->role_name);
	}
	rc = take_keys(ci, doc, &err);
	json_decref(doc);
	return rc < 0 ? op_fail_err(op, &err) : OP_DONE;
}

static void fini(struct op *op)
{
	struct creds_imds *ci = container_of(op, struct creds_imds, op);

	aws_creds_unref(ci->result);
	free(ci->path);
	free(ci->role_name);
	ci->result = NULL;
	ci->path = ci->role_name = NULL;
}

static const struct op_class creds_imds_class = {
	.name = "creds_imds",
	.fini = fini,
};

void creds_imds_init(struct creds_imds *ci, struct imds *m)
{
	op_init(&ci->op, &creds_imds_class, imds_reactor(m), ask_list);
	ci->imds = m;
}
