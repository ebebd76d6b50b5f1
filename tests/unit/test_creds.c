/* The credential chain in virtual time, with a metadata service of the test's
 * own behind the functions of imds.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "aws/creds.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"

#define START 1768480496000	/* 2026-01-15T12:34:56Z */
#define HOUR 3600000
#define MINUTE 60000

static char dir[] = "/tmp/test_creds.XXXXXX";
static char credentials_path[64], config_path[64];

/* ---- the metadata service ---- */

struct imds {
	struct reactor *reactor;
	bool down;
	bool no_role;
	const char *code;
	int serial;		/* of the keys handed out */
	int64_t life_ms;
	unsigned int asked;	/* for keys */
};

static struct imds meta;

struct reactor *imds_reactor(const struct imds *m)
{
	return m->reactor;
}

static void write_keys(struct imds *m, struct buf *out)
{
	buf_printf(out, "{\"Code\":\"%s\",\"AccessKeyId\":\"ASIA%d\",\"SecretAccessKey\":"
		   "\"secret%d\",\"Token\":\"token%d\",\"Expiration\":\"", m->code, m->serial,
		   m->serial, m->serial);
	encode_time(out, reactor_wall(m->reactor) + m->life_ms);
	buf_adds(out, "\"}");
}

static enum op_verdict fake_answer(struct op *op)
{
	struct imds_get *g = container_of(op, struct imds_get, op);
	struct imds *m = g->imds;

	if (m->down)
		return op_fail(op, GRPC_UNAVAILABLE, "IMDS is down");
	if (m->no_role)
		return op_fail(op, GRPC_NOT_FOUND, "404");
	if (str_ends(str_c(g->path), "/")) {
		buf_adds(&g->body, "my-role\n");
		return OP_DONE;
	}
	assert_string_equal(g->path, "/latest/meta-data/iam/security-credentials/my-role");
	m->asked++;
	write_keys(m, &g->body);
	return OP_DONE;
}

static enum op_verdict fake_begin(struct op *op)
{
	struct imds_get *g = container_of(op, struct imds_get, op);

	op_sleep_init(&g->pause, op->reactor, 10);
	return op_await(op, &g->pause.op, fake_answer);
}

static void fake_fini(struct op *op)
{
	buf_fini(&container_of(op, struct imds_get, op)->body);
}

static const struct op_class fake_class = { .name = "imds_get", .fini = fake_fini };

void imds_get_init(struct imds_get *g, struct imds *m, const char *path)
{
	op_init(&g->op, &fake_class, m->reactor, fake_begin);
	buf_init(&g->body, 65536);
	g->imds = m;
	g->path = path;
}

/* ---- fixture ---- */

struct fixture {
	struct reactor *r;
	struct creds *c;
};

static char logged[8192];

static void keep_log(enum log_area area, enum log_level level, const char *line)
{
	size_t n = strlen(logged);

	snprintf(logged + n, sizeof(logged) - n, "%s\n", line);
}

static int set_up(void **state)
{
	static const char *const names[] = {
		"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY",
		"AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE",
		"AWS_DEFAULT_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	};
	struct fixture *f = xcalloc(1, sizeof(*f));

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
	setenv("AWS_SHARED_CREDENTIALS_FILE", credentials_path, 1);
	setenv("AWS_CONFIG_FILE", config_path, 1);
	unlink(credentials_path);
	unlink(config_path);
	logged[0] = '\0';
	log_set_hook(keep_log);
	f->r = reactor_new_virtual(START);
	meta = (struct imds){ .reactor = f->r, .code = "Success", .serial = 1,
			      .life_ms = 6 * (int64_t)HOUR };
	f->c = creds_new(f->r, &meta);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	creds_stop(f->c);
	reactor_settle(f->r);
	creds_free(f->c);
	reactor_free(f->r);
	log_set_hook(NULL);
	free(f);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Gets credentials and returns the access key, "" when there are none. */
static const char *get(struct fixture *f, struct err *err, uint64_t *generation)
{
	static char key[64];
	struct creds_get g = { 0 };

	creds_get_init(&g, f->c);
	op_start(&g.op, NULL);
	reactor_advance(f->r, 100);
	assert_true(op_ended(&g.op));
	snprintf(key, sizeof(key), "%s", g.result ? g.result->keys.access_key : "");
	if (g.result && generation)
		*generation = g.result->generation;
	if (err)
		err_copy(err, &g.op.err);
	op_fini(&g.op);
	return key;
}

static void assert_none(struct fixture *f, enum grpc_code code, const char *text)
{
	struct err err = { 0 };

	assert_string_equal(get(f, &err, NULL), "");
	assert_int_equal(err.code, code);
	if (!strstr(err.msg, text))
		fail_msg("%s", err.msg);
	err_fini(&err);
}

/* ---- the chain ---- */

static void the_environment_comes_first(void **state)
{
	struct fixture *f = *state;

	write_file(credentials_path, "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
	setenv("AWS_ACCESS_KEY", "OLDNAME", 1);
	setenv("AWS_SECRET_KEY", "s", 1);
	assert_string_equal(get(f, NULL, NULL), "OLDNAME");
	assert_int_equal(meta.asked, 0);
}

static void then_the_profile(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	setenv("AWS_ACCESS_KEY_ID", "HALF", 1);		/* no secret: not configured */
	write_file(credentials_path, "[default]\naws_access_key_id=HALFFILE\n"
				     "[dev]\naws_access_key_id=DEVKEY\naws_secret_access_key=s\n");
	write_file(config_path, "[default]\naws_access_key_id=CONFIG\naws_secret_access_key=s\n"
				"aws_session_token=t\n");
	assert_string_equal(get(f, NULL, NULL), "CONFIG");
	creds_free(f->c);
	setenv("AWS_PROFILE", "dev", 1);
	f->c = creds_new(f->r, &meta);
	assert_string_equal(get(f, NULL, NULL), "DEVKEY");
	buf_init(&text, 1000);
	creds_describe(f->c, &text);
	assert_non_null(strstr(buf_cstr(&text), "profile dev in "));
	assert_non_null(strstr(buf_cstr(&text), "DEVK..."));
	assert_null(strstr(buf_cstr(&text), "DEVKEY"));
	buf_fini(&text);
}

static void then_the_role(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(get(f, NULL, NULL), "ASIA1");
	assert_string_equal(get(f, NULL, NULL), "ASIA1");
	assert_int_equal(meta.asked, 1);
	assert_null(strstr(logged, "secret1"));
	assert_null(strstr(logged, "token1"));
}

static void what_is_not_built_is_refused_by_name(void **state)
{
	struct fixture *f = *state;

	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials", 1);
	assert_none(f, GRPC_UNAUTHENTICATED, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	reactor_advance(f->r, HOUR);
	write_file(config_path, "[default]\nrole_arn=arn:aws:iam::1:role/x\nsource_profile=y\n");
	assert_none(f, GRPC_UNAUTHENTICATED, "\"default\" has role_arn");
	reactor_advance(f->r, HOUR);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/x", 1);
	assert_none(f, GRPC_UNAUTHENTICATED, "AWS_WEB_IDENTITY_TOKEN_FILE");
	assert_int_equal(meta.asked, 0);
}

static void every_source_says_why(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	meta.no_role = true;
	get(f, &err, NULL);
	assert_int_equal(err.code, GRPC_UNAUTHENTICATED);
	assert_non_null(strstr(err.msg, "AWS_ACCESS_KEY_ID is not set"));
	assert_non_null(strstr(err.msg, credentials_path));
	assert_non_null(strstr(err.msg, "No such file"));
	assert_non_null(strstr(err.msg, "has no role"));
	err_fini(&err);
}

static void a_profile_that_is_named_must_exist(void **state)
{
	struct fixture *f = *state;

	setenv("AWS_PROFILE", "typo", 1);
	assert_none(f, GRPC_UNAUTHENTICATED, "\"typo\"");
	assert_int_equal(meta.asked, 0);
}

static void a_role_that_fails_is_named(void **state)
{
	struct fixture *f = *state;

	meta.code = "AssumeRoleUnauthorizedAccess";
	assert_none(f, GRPC_UNAUTHENTICATED, "role my-role: IMDS says AssumeRoleUnauthorizedAccess");
}

/* ---- refresh ---- */

static void one_refresh_serves_all_who_wait(void **state)
{
	struct fixture *f = *state;
	struct creds_get g[50];

	memset(g, 0, sizeof(g));
	for (int i = 0; i < 50; i++) {
		creds_get_init(&g[i], f->c);
		op_start(&g[i].op, NULL);
	}
	reactor_advance(f->r, 5);
	op_cancel(&g[7].op, GRPC_CANCELLED, "enough");
	reactor_advance(f->r, 100);
	for (int i = 0; i < 50; i++) {
		assert_true(op_ended(&g[i].op));
		assert_int_equal(op_failed(&g[i].op), i == 7);
		op_fini(&g[i].op);
	}
	assert_int_equal(meta.asked, 1);
}

static void keys_are_replaced_ahead_of_their_end(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(get(f, NULL, NULL), "ASIA1");
	meta.serial = 2;
	reactor_advance(f->r, meta.life_ms - 16 * MINUTE);
	assert_int_equal(meta.asked, 1);
	reactor_advance(f->r, 7 * MINUTE);	/* 15 to 10 minutes before the end */
	assert_int_equal(meta.asked, 2);
	assert_string_equal(get(f, NULL, NULL), "ASIA2");
	assert_int_equal(meta.asked, 2);
}

static void a_failed_refresh_is_repeated_and_harms_nobody(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	assert_string_equal(get(f, NULL, NULL), "ASIA1");
	meta.down = true;
	meta.serial = 2;
	reactor_advance(f->r, meta.life_ms - 5 * MINUTE);
	assert_string_equal(get(f, NULL, NULL), "ASIA1");
	buf_init(&text, 2000);
	creds_describe(f->c, &text);
	assert_non_null(strstr(buf_cstr(&text), "the last refresh failed"));
	buf_fini(&text);
	reactor_advance(f->r, HOUR);		/* long past their end */
	assert_string_equal(get(f, NULL, NULL), "ASIA1");
	meta.down = false;
	reactor_advance(f->r, 2 * MINUTE);	/* pauses are 72 s at most */
	assert_string_equal(get(f, NULL, NULL), "ASIA2");
}

/* In an outage IMDS goes on to hand out keys that have ended: used, and not
 * asked for at every call. */
static void expired_keys_from_imds_are_used(void **state)
{
	struct fixture *f = *state;

	meta.life_ms = -10 * MINUTE;
	for (int i = 0; i < 20; i++)
		assert_string_equal(get(f, NULL, NULL), "ASIA1");
	assert_int_equal(meta.asked, 1);
	reactor_advance(f->r, 10 * MINUTE);
	assert_in_range(meta.asked, 2, 25);
}

static void after_a_failure_calls_do_not_storm(void **state)
{
	struct fixture *f = *state;

	meta.down = true;
	for (int i = 0; i < 5; i++)
		assert_none(f, GRPC_UNAVAILABLE, "IMDS is down");
	meta.down = false;
	assert_none(f, GRPC_UNAVAILABLE, "IMDS is down");	/* the pause is not over */
	reactor_advance(f->r, 2000);
	assert_string_equal(get(f, NULL, NULL), "ASIA1");
}

static void refused_keys_are_fetched_anew_once_a_minute(void **state)
{
	struct fixture *f = *state;
	uint64_t first = 0, second = 0;

	get(f, NULL, &first);
	creds_refused(f->c, first);		/* just fetched: pointless */
	get(f, NULL, NULL);
	assert_int_equal(meta.asked, 1);
	reactor_advance(f->r, 2 * MINUTE);
	meta.serial = 2;
	creds_refused(f->c, first + 1);		/* not the ones in force */
	assert_string_equal(get(f, NULL, NULL), "ASIA1");
	creds_refused(f->c, first);
	assert_string_equal(get(f, NULL, &second), "ASIA2");
	assert_int_not_equal(first, second);
	creds_refused(f->c, first);		/* a late word about the old ones */
	get(f, NULL, NULL);
	assert_int_equal(meta.asked, 2);
}

static void keys_of_a_file_are_read_again_when_refused(void **state)
{
	struct fixture *f = *state;
	uint64_t generation = 0;

	write_file(credentials_path, "[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
	get(f, NULL, &generation);
	write_file(credentials_path, "[default]\naws_access_key_id=B\naws_secret_access_key=s\n");
	reactor_advance(f->r, 2 * MINUTE);
	assert_string_equal(get(f, NULL, NULL), "A");
	creds_refused(f->c, generation);
	assert_string_equal(get(f, NULL, NULL), "B");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_environment_comes_first),
		TEST(then_the_profile),
		TEST(then_the_role),
		TEST(what_is_not_built_is_refused_by_name),
		TEST(every_source_says_why),
		TEST(a_profile_that_is_named_must_exist),
		TEST(a_role_that_fails_is_named),
		TEST(one_refresh_serves_all_who_wait),
		TEST(keys_are_replaced_ahead_of_their_end),
		TEST(a_failed_refresh_is_repeated_and_harms_nobody),
		TEST(expired_keys_from_imds_are_used),
		TEST(after_a_failure_calls_do_not_storm),
		TEST(refused_keys_are_fetched_anew_once_a_minute),
		TEST(keys_of_a_file_are_read_again_when_refused),
	};
	int rc;

	if (!mkdtemp(dir))
		return 1;
	snprintf(credentials_path, sizeof(credentials_path), "%s/credentials", dir);
	snprintf(config_path, sizeof(config_path), "%s/config", dir);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(credentials_path);
	unlink(config_path);
	rmdir(dir);
	return rc;
}
