#include "base/scrub.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* Parts of field names. */
static const char *const secret_keys[] = {
	"secret", "token", "password", "credential", "signature", "authorization",
};

/* Names that, followed by a value, are hidden in running text; fuller than the
 * above, so that prose about tokens stays readable. */
static const char *const secret_words[] = {
	"authorization", "x-amz-security-token", "x-aws-ec2-metadata-token",
	"x-amz-signature", "x-amz-credential", "signature", "credential",
	"secretaccesskey", "secret_access_key", "sessiontoken", "session_token",
	"security_token", "securitytoken", "password", "\"token\"",
};

bool scrub_key_is_secret(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(secret_keys); i++) {
		if (strcasestr(key, secret_keys[i]))
			return true;
	}
	return false;
}

static bool starts_with(struct str s, const char *word)
{
	size_t n = strlen(word);

	return s.n >= n && strncasecmp(s.p, word, n) == 0;
}

static struct str skip(struct str s, size_t n)
{
	return str_n(s.p + n, s.n - n);
}

/* What links a name to its value: ": ", "=", "\":\"", ">". 0: nothing does. */
static size_t link_length(struct str s)
{
	size_t i = 0;
	bool linked = false;

	while (i < s.n && s.p[i] && strchr(" \"':=>\\", s.p[i])) {
		linked |= strchr(":=>", s.p[i]) != NULL;
		i++;
	}
	return linked ? i : 0;
}

static size_t value_length(struct str s, bool to_line_end)
{
	const char *stop = to_line_end ? "\r\n" : " \t\r\n&,;\"'<";
	size_t i = 0;

	while (i < s.n && s.p[i] && !strchr(stop, s.p[i]))
		i++;
	return i;
}

/* Bytes of a secret-named field with its value at the front of s, and in *shown
 * how many of them are the name. 0: there is none. */
static size_t secret_field(struct str s, size_t *shown)
{
	for (size_t i = 0; i < ARRAY_SIZE(secret_words); i++) {
		size_t word = strlen(secret_words[i]), link, value;

		if (!starts_with(s, secret_words[i]))
			continue;
		link = link_length(skip(s, word));
		if (!link)
			continue;
		value = value_length(skip(s, word + link), i == 0);
		*shown = word + link;
		return value ? word + link + value : 0;
	}
	return 0;
}

/* An access key id: four letters and at least twelve of A-Z, 0-9. */
static size_t key_id(struct str s)
{
	size_t i = 4;

	if (!str_starts(s, "AKIA") && !str_starts(s, "ASIA"))
		return 0;
	while (i < s.n && (isupper((unsigned char)s.p[i]) || isdigit((unsigned char)s.p[i])))
		i++;
	return i >= 16 ? i : 0;
}

static size_t secret_at(struct str s, size_t *shown)
{
	/* Every word of the table begins with one of these. */
	if (!strchr("AaXxSsCcPp\"", s.p[0]) || !s.p[0])
		return 0;
	*shown = 4;
	return key_id(s) ? key_id(s) : secret_field(s, shown);
}

void scrub_text(struct buf *out, struct str text)
{
	while (text.n && !out->overflow) {
		size_t shown = 0;
		size_t n = secret_at(text, &shown);

		if (n) {
			buf_add(out, text.p, shown);
			buf_adds(out, "***");
		} else {
			n = 1;
			buf_addc(out, *text.p);
		}
		text = skip(text, n);
	}
}
