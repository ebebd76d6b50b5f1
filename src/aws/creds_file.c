/* Keys of a profile in the shared files. */
#include "aws/creds_internal.h"
#include "aws/profile.h"
#include "base/mem.h"
#include "base/str.h"

/* What a profile may say to get credentials in ways that are not built. */
static const char *unsupported_key(const struct aws_profiles *p, const char *profile)
{
	static const char *const keys[] = {
		"role_arn", "source_profile", "credential_source", "web_identity_token_file",
		"sso_session", "sso_start_url", "credential_process", "login_session",
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!cstr_empty(aws_profile_get(p, profile, keys[i])))
			return keys[i];
	return NULL;
}

static void say_missing(const struct aws_profiles *p, const char *profile, struct buf *why)
{
	buf_printf(why, "profile: there is no \"%s\" with keys", profile);
	for (int f = AWS_FILE_CREDENTIALS; f <= AWS_FILE_CONFIG; f++) {
		const char *trouble = aws_profiles_trouble(p, (enum aws_file)f);

		buf_printf(why, "%s %s%s%s%s", f ? " or" : " in",
			   aws_profiles_path(p, (enum aws_file)f), trouble ? " (" : "",
			   cstr_or(trouble, ""), trouble ? ")" : "");
	}
}

/* Both keys from one file: a pair is never put together from two. */
static bool read_pair(const struct aws_profiles *p, enum aws_file file, const char *profile,
		      struct aws_creds **ret)
{
	const char *access = aws_profile_get_from(p, file, profile, "aws_access_key_id");
	const char *secret = aws_profile_get_from(p, file, profile, "aws_secret_access_key");
	const char *token = aws_profile_get_from(p, file, profile, "aws_session_token");
	auto_free char *source = NULL;

	if (cstr_empty(access) || cstr_empty(secret))
		return false;
	source = xasprintf("profile %s in %s", profile, aws_profiles_path(p, file));
	*ret = aws_creds_new(access, secret, cstr_empty(token) ? NULL : token, 0, 'n', source);
	return true;
}

static enum creds_verdict read_profile(const struct aws_profiles *p, const char *profile,
				       struct aws_creds **ret, struct buf *why)
{
	const char *key = unsupported_key(p, profile);

	if (key) {
		buf_printf(why, "profile: \"%s\" has %s, which this version cannot use: give it "
			   "keys, or use another profile", profile, key);
		return CREDS_BROKEN;
	}
	if (read_pair(p, AWS_FILE_CREDENTIALS, profile, ret) ||
	    read_pair(p, AWS_FILE_CONFIG, profile, ret))
		return CREDS_FOUND;
	say_missing(p, profile, why);
	return aws_profile_is_explicit() && !aws_profile_exists(p, profile) ? CREDS_BROKEN :
									     CREDS_ABSENT;
}

enum creds_verdict creds_from_profile(struct aws_creds **ret, struct buf *why)
{
	struct aws_profiles *p = aws_profiles_load();
	enum creds_verdict v = read_profile(p, aws_profile_name(), ret, why);

	aws_profiles_free(p);
	return v;
}
