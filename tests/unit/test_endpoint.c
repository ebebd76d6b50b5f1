/* Shared files, regions, partitions and endpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "aws/endpoint.h"
#include "aws/profile.h"
#include "base/mem.h"

static char dir[] = "/tmp/test_endpoint.XXXXXX";
static char credentials_path[64], config_path[64];

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
}

/* No setting of whoever runs the test gets in. */
static int clean(void **state)
{
	static const char *const names[] = {
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_EC2_ENDPOINT", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_STS",
		"AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
	setenv("AWS_SHARED_CREDENTIALS_FILE", credentials_path, 1);
	setenv("AWS_CONFIG_FILE", config_path, 1);
	unlink(credentials_path);
	unlink(config_path);
	return 0;
}

/* ---- files ---- */

static void profiles_are_merged(void **state)
{
	struct aws_profiles *p;

	write_file(credentials_path,
		   "\xef\xbb\xbf# comment\r\n[default]\r\naws_access_key_id = AKID1\r\n"
		   "AWS_Secret_Access_Key=a/b+c=d#e;f\r\nregion = creds-wins\r\n"
		   "[profile odd]\nregion = not-a-profile-here\n"
		   "[ dev ] ; with a comment\naws_access_key_id : AKID2 # the old one\n"
		   "aws_access_key_id : AKID3\nquoted = \"a b\"\nbroken line\n");
	write_file(config_path,
		   "stray = 1\n[default]\nregion = us-west-2\noutput = json\n"
		   "[profile dev]\nregion = eu-central-1\n"
		   "lines = one\n  two ; x\n  three\nservices = local\n"
		   "[services local]\nec2 =\n  endpoint_url = http://localhost:4566\n"
		   "  other = 1\nsts =\n  endpoint_url = http://localhost:1\n"
		   "[dev]\nregion = ignored\n[sso-session x]\nregion = ignored\n");
	p = aws_profiles_load();
	assert_null(aws_profiles_trouble(p, AWS_FILE_CREDENTIALS));
	assert_string_equal(aws_profile_get(p, "default", "aws_secret_access_key"), "a/b+c=d#e;f");
	assert_string_equal(aws_profile_get(p, "default", "region"), "creds-wins");
	assert_string_equal(aws_profile_get(p, "default", "output"), "json");
	assert_string_equal(aws_profile_get(p, "dev", "region"), "eu-central-1");
	assert_string_equal(aws_profile_get(p, "dev", "aws_access_key_id"), "AKID3");
	assert_string_equal(aws_profile_get(p, "dev", "quoted"), "a b");
	assert_string_equal(aws_profile_get(p, "dev", "lines"), "one\ntwo\nthree");
	assert_string_equal(aws_profile_get_service(p, "dev", "ec2", "endpoint_url"),
			    "http://localhost:4566");
	assert_string_equal(aws_profile_get_service(p, "dev", "sts", "endpoint_url"),
			    "http://localhost:1");
	assert_null(aws_profile_get_service(p, "default", "ec2", "endpoint_url"));
	assert_null(aws_profile_get_from(p, AWS_FILE_CONFIG, "dev", "aws_access_key_id"));
	assert_true(aws_profile_exists(p, "dev"));
	assert_false(aws_profile_exists(p, "odd"));
	assert_false(aws_profile_exists(p, "nobody"));
	aws_profiles_free(p);
}

static void profile_default_beats_default(void **state)
{
	struct aws_profiles *p;

	write_file(config_path, "[profile default]\nregion = right\n[default]\nregion = wrong\n"
				"output = wrong\n");
	p = aws_profiles_load();
	assert_string_equal(aws_profile_get(p, "default", "region"), "right");
	assert_null(aws_profile_get(p, "default", "output"));
	aws_profiles_free(p);
}

/* A session token is far longer than the lines inih takes. */
static void long_values_stay_whole(void **state)
{
	char token[4001], text[5000];
	struct aws_profiles *p;

	memset(token, 'T', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	snprintf(text, sizeof(text), "[default]\naws_session_token = %s\n", token);
	write_file(credentials_path, text);
	p = aws_profiles_load();
	assert_string_equal(aws_profile_get(p, "default", "aws_session_token"), token);
	aws_profiles_free(p);
}

static void files_that_cannot_be_read_are_empty(void **state)
{
	struct aws_profiles *p;

	assert_int_equal(mkfifo(credentials_path, 0600), 0);	/* must not block */
	p = aws_profiles_load();
	assert_non_null(aws_profiles_trouble(p, AWS_FILE_CREDENTIALS));
	assert_string_equal(aws_profiles_trouble(p, AWS_FILE_CONFIG), "No such file or directory");
	assert_string_equal(aws_profiles_path(p, AWS_FILE_CONFIG), config_path);
	assert_false(aws_profile_exists(p, "default"));
	aws_profiles_free(p);
}

/* ---- regions ---- */

static void regions_belong_to_partitions(void **state)
{
	static const struct {
		const char *region, *partition;
		bool listed;
	} cases[] = {
		{ "us-west-2", "aws", true }, { "cn-north-1", "aws-cn", true },
		{ "us-gov-west-1", "aws-us-gov", true }, { "us-iso-east-1", "aws-iso", true },
		{ "us-isob-east-1", "aws-iso-b", true }, { "eu-isoe-west-1", "aws-iso-e", true },
		{ "eusc-de-east-1", "aws-eusc", true }, { "aws-cn-global", "aws-cn", true },
		{ "us-gov-north-7", "aws-us-gov", false }, { "cn-east-9", "aws-cn", false },
		{ "mx-north-3", "aws", false }, { "moon-1", "aws", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(aws_partition_of(cases[i].region)->name, cases[i].partition);
		assert_int_equal(aws_region_is_listed(cases[i].region), cases[i].listed);
	}
}

static void assert_region(const char *want)
{
	struct aws_profiles *p = aws_profiles_load();
	struct err err = { 0 };
	auto_free char *region = aws_region_find(p, &err);

	assert_false(err_is_set(&err));
	if (want)
		assert_string_equal(region, want);
	else
		assert_null(region);
	aws_profiles_free(p);
}

static void the_region_is_looked_for_in_order(void **state)
{
	assert_region(NULL);
	write_file(config_path, "[default]\nregion = eu-west-1\n[profile b]\nregion = eu-west-2\n");
	assert_region("eu-west-1");
	setenv("AWS_PROFILE", "b", 1);
	assert_region("eu-west-2");
	setenv("AWS_DEFAULT_REGION", "us-east-2", 1);
	assert_region("us-east-2");
	setenv("AWS_REGION", "us-west-2", 1);
	assert_region("us-west-2");
}

static void a_bad_region_is_refused(void **state)
{
	static const char *const bad[] = { "US-WEST-2", "us_west_2", "us-west-2.evil.com",
					   "us west", "-x", "a/b" };
	struct aws_profiles *p = aws_profiles_load();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { 0 };

		setenv("AWS_REGION", bad[i], 1);
		assert_null(aws_region_find(p, &err));
		assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
		assert_non_null(strstr(err.msg, "AWS_REGION"));
		err_fini(&err);
	}
	aws_profiles_free(p);
}

/* ---- endpoints ---- */

static void assert_endpoint(const char *region, const char *url, const char *host)
{
	struct aws_profiles *p = aws_profiles_load();
	struct endpoint e = { 0 };
	struct err err = { 0 };

	if (endpoint_resolve(&e, "ec2", region, p, &err) < 0)
		fail_msg("%s", err_msg(&err));
	assert_string_equal(e.url, url);
	if (host)
		assert_string_equal(e.host, host);
	assert_string_equal(e.region, region);
	endpoint_fini(&e);
	aws_profiles_free(p);
}

static void assert_no_endpoint(const char *text)
{
	struct aws_profiles *p = aws_profiles_load();
	struct endpoint e = { 0 };
	struct err err = { 0 };

	assert_int_equal(endpoint_resolve(&e, "ec2", "us-west-2", p, &err), -1);
	assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
	if (!strstr(err.msg, text))
		fail_msg("%s", err.msg);
	err_fini(&err);
	aws_profiles_free(p);
}

static void names_go_by_the_rules(void **state)
{
	assert_endpoint("us-west-2", "https://ec2.us-west-2.amazonaws.com/",
			"ec2.us-west-2.amazonaws.com");
	assert_endpoint("cn-north-1", "https://ec2.cn-north-1.amazonaws.com.cn/", NULL);
	assert_endpoint("eu-isoe-west-1", "https://ec2.eu-isoe-west-1.cloud.adc-e.uk/", NULL);
	setenv("AWS_USE_FIPS_ENDPOINT", "True", 1);
	assert_endpoint("us-west-2", "https://ec2-fips.us-west-2.amazonaws.com/", NULL);
	assert_endpoint("us-gov-west-1", "https://ec2.us-gov-west-1.amazonaws.com/", NULL);
	setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
	assert_endpoint("us-west-2", "https://ec2-fips.us-west-2.api.aws/", NULL);
	setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
	assert_endpoint("us-west-2", "https://ec2.us-west-2.api.aws/", NULL);
	setenv("AWS_USE_FIPS_ENDPOINT", "1", 1);
	assert_no_endpoint("AWS_USE_FIPS_ENDPOINT");
}

static void overrides_win_in_order(void **state)
{
	write_file(config_path, "[default]\nendpoint_url = http://e\nservices = s\n"
				"[services s]\nec2 =\n  endpoint_url = http://d\n");
	assert_endpoint("us-west-2", "http://d/", "d");
	setenv("AWS_ENDPOINT_URL", "http://c:80", 1);
	assert_endpoint("us-west-2", "http://c/", "c");
	setenv("AWS_ENDPOINT_URL_EC2", "https://b:443/x/", 1);
	assert_endpoint("us-west-2", "https://b/x", "b");
	setenv("AWS_EC2_ENDPOINT", "http://127.0.0.1:5000", 1);
	assert_endpoint("us-west-2", "http://127.0.0.1:5000/", "127.0.0.1:5000");
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	assert_endpoint("us-west-2", "http://127.0.0.1:5000/", NULL);
	setenv("AWS_EC2_ENDPOINT", "HTTPS://[::1]:8443", 1);
	assert_endpoint("us-west-2", "https://[::1]:8443/", "[::1]:8443");
	unsetenv("AWS_EC2_ENDPOINT");
	assert_endpoint("us-west-2", "https://ec2.us-west-2.amazonaws.com/", NULL);
}

static void bad_urls_name_their_source(void **state)
{
	static const char *const bad[] = {
		"localhost:5000", "ftp://x", "http://", "https://a b", "http://x:0",
		"http://x:99999", "http://x:1:2", "http://[::1", "http://[]", "http://u@x",
		"http://x/a?b", "http://x/a b", "http://x\r\nEvil: 1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		setenv("AWS_EC2_ENDPOINT", bad[i], 1);
		assert_no_endpoint("AWS_EC2_ENDPOINT");
	}
	unsetenv("AWS_EC2_ENDPOINT");
	setenv("AWS_ENDPOINT_URL_EC2", "http://ok", 1);
	setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
	assert_no_endpoint("AWS_ENDPOINT_URL_EC2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(profiles_are_merged, clean),
		cmocka_unit_test_setup(profile_default_beats_default, clean),
		cmocka_unit_test_setup(long_values_stay_whole, clean),
		cmocka_unit_test_setup(files_that_cannot_be_read_are_empty, clean),
		cmocka_unit_test_setup(regions_belong_to_partitions, clean),
		cmocka_unit_test_setup(the_region_is_looked_for_in_order, clean),
		cmocka_unit_test_setup(a_bad_region_is_refused, clean),
		cmocka_unit_test_setup(names_go_by_the_rules, clean),
		cmocka_unit_test_setup(overrides_win_in_order, clean),
		cmocka_unit_test_setup(bad_urls_name_their_source, clean),
	};
	int rc;

	if (!mkdtemp(dir))
		return 1;
	snprintf(credentials_path, sizeof(credentials_path), "%s/credentials", dir);
	snprintf(config_path, sizeof(config_path), "%s/config", dir);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	clean(NULL);
	rmdir(dir);
	return rc;
}
