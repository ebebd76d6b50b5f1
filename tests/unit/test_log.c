/* Log records: both formats, and that secrets stay out of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/scrub.h"

static char last[1 << 18];
static int records;

static void keep(enum log_area area, enum log_level level, const char *line)
{
	snprintf(last, sizeof(last), "%s", line);
	records++;
}

static int setup(void **state)
{
	log_set_hook(keep);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO, 2);
	records = 0;
	return 0;
}

static int teardown(void **state)
{
	log_set_hook(NULL);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO, 2);
	return 0;
}

static void assert_matches(const char *line, const char *pattern)
{
	regex_t re;
	int rc;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	rc = regexec(&re, line, 0, NULL, 0);
	regfree(&re);
	if (rc)
		fail_msg("%s\ndoes not match %s", line, pattern);
}

static void text_is_klogs(void **state)
{
	log_fields(AREA_CSI, LOG_LEVEL_INFO, "rpc \"done\"", LOG_S("method", "Probe"),
		   LOG_I("ms", -5), LOG_S("err", "bad"), LOG_S("none", NULL));
	assert_matches(last, "^I[0-9]{4} [0-9:]{8}\\.[0-9]{6} [ 0-9]{7} test_log\\.c:[0-9]+\\] "
		       "\"rpc \\\\\"done\\\\\"\" err=\"bad\" method=\"Probe\" ms=-5 none=\"\"$");
	log_error(AREA_CSI, "x");
	assert_int_equal(last[0], 'E');
	log_warn(AREA_CSI, "x");
	assert_int_equal(last[0], 'W');
	log_fields(AREA_CSI, LOG_LEVEL_INFO, "m", LOG_S("out", "a\nb"));
	assert_non_null(strstr(last, "\"m\" out=<\n\ta\n\tb\n >"));
}

static void json_is_one_object_a_line(void **state)
{
	json_t *j;

	log_setup(LOG_FORMAT_JSON, LOG_LEVEL_DEBUG, 2);
	log_fields(AREA_EC2, LOG_LEVEL_DEBUG, "a\nb", LOG_S("volumeID", "vol-\xff"), LOG_I("n", 3));
	assert_null(strchr(last, '\n'));
	j = json_parse(str_c(last), NULL);
	assert_non_null(j);
	assert_string_equal(json_get_str(j, "msg"), "a\nb");
	assert_string_equal(json_get_str(j, "logger"), "ec2");
	assert_int_equal(json_get_int(j, "v", -1), 4);
	assert_int_equal(json_get_int(j, "n", -1), 3);
	assert_true(json_is_real(json_object_get(j, "ts")));
	json_decref(j);
	log_error(AREA_EC2, "x");
	assert_null(strstr(last, "\"v\":"));
}

static void levels_are_obeyed(void **state)
{
	log_debug(AREA_CSI, "not shown");
	assert_int_equal(records, 0);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_TRACE, 2);
	log_trace(AREA_CSI, "shown");
	assert_int_equal(records, 1);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, 2);
	log_warn(AREA_CSI, "not shown");
	assert_int_equal(records, 1);
}

static void long_texts_stay_records(void **state)
{
	size_t n = 100000;
	auto_free char *big = xmalloc(n + 1);
	json_t *j;

	memset(big, '\x01', n);
	big[n] = '\0';
	log_setup(LOG_FORMAT_JSON, LOG_LEVEL_INFO, 2);
	log_fields(AREA_CSI, LOG_LEVEL_INFO, big, LOG_S("a", big), LOG_S("b", big));
	j = json_parse(str_c(last), NULL);
	assert_non_null(j);
	assert_true(strlen(json_get_str(j, "b")) > 1000);
	json_decref(j);
}

static void records_reach_the_descriptor(void **state)
{
	char got[256];
	int fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	log_set_hook(NULL);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO, fds[1]);
	log_info(AREA_MAIN, "one %d", 1);
	n = read(fds[0], got, sizeof(got) - 1);
	assert_true(n > 0 && got[n - 1] == '\n');
	got[n] = '\0';
	assert_non_null(strstr(got, "] \"one 1\""));
	close(fds[0]);
	close(fds[1]);
}

/* Whatever stands in it as SECRET… must not come out. */
static void secrets_are_scrubbed(void **state)
{
	static const char *const texts[] = {
		"Authorization: AWS4-HMAC-SHA256 Credential=SECRET, Signature=SECRET",
		"?X-Amz-Security-Token=SECRET&a=b", "X-Amz-Security-Token: SECRET",
		"{\"SecretAccessKey\" : \"SECRET\", \"Token\":\"SECRET\"}",
		"<SecretAccessKey>SECRET</SecretAccessKey><SessionToken>SECRET</SessionToken>",
		"aws_secret_access_key = SECRET", "aws_session_token=SECRET",
		"X-aws-ec2-metadata-token: SECRET", "password=SECRET", "authorization:SECRET a SECRET",
		"\\\"SessionToken\\\":\\\"SECRET\\\"", "&X-Amz-Signature=SECRET",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		log_info(AREA_AWS, "%s", texts[i]);
		if (strstr(last, "SECRET"))
			fail_msg("%s", last);
		assert_non_null(strstr(last, "***"));
		log_fields(AREA_AWS, LOG_LEVEL_INFO, "m", LOG_S("body", texts[i]));
		if (strstr(last, "SECRET"))
			fail_msg("%s", last);
	}
	log_fields(AREA_AWS, LOG_LEVEL_INFO, "m", LOG_S("clientSecret", "SECRET"),
		   LOG_S("X-Amz-Security-Token", "SECRET"), LOG_S("empty_password", ""));
	assert_null(strstr(last, "SECRET"));
	log_info(AREA_AWS, "key AKIAIOSFODNN7EXAMPLE and ASIAIOSFODNN7EXAMPLE.");
	assert_non_null(strstr(last, "key AKIA*** and ASIA***."));
}

static void plain_texts_stay_as_they_are(void **state)
{
	static const char *const texts[] = {
		"the client token 1234 is in use", "ASIA is a continent", "no signature was found",
		"volume vol-0123456789abcdef0 is attached", "", "pass", "AKIA",
	};
	struct buf out;

	buf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		buf_reset(&out);
		scrub_text(&out, str_c(texts[i]));
		assert_string_equal(buf_cstr(&out), texts[i]);
	}
	buf_fini(&out);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(text_is_klogs),
		TEST(json_is_one_object_a_line),
		TEST(levels_are_obeyed),
		TEST(long_texts_stay_records),
		TEST(records_reach_the_descriptor),
		TEST(secrets_are_scrubbed),
		TEST(plain_texts_stay_as_they_are),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
