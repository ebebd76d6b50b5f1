#include "sim/model_impl.h"

#include <stdio.h>
#include <string.h>

#define FILTERS_MAX 50
#define VALUES_MAX 200
#define VALUE_BYTES_MAX 255

bool sim_glob(const char *p, const char *s)
{
	const char *star = NULL, *retry = NULL;

	for (;;) {
		if (*p == '*') {
			star = ++p;
			retry = s;
		} else if (*s && (*p == '?' ||
				  (*p == '\\' && p[1] ? p[1] == *s : *p == *s))) {
			p += *p == '\\' && p[1] ? 2 : 1;
			s++;
		} else if (!*s && !*p) {
			return true;
		} else if (star && *retry) {	/* let the last * eat one more */
			p = star;
			s = ++retry;
		} else {
			return false;
		}
	}
}

bool sim_filter_has(const struct ec2_filter *f, const char *value)
{
	if (!value)
		return false;
	for (size_t i = 0; i < f->values.n; i++)
		if (sim_glob(f->values.v[i], value))
			return true;
	return false;
}

bool sim_filter_has_int(const struct ec2_filter *f, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return sim_filter_has(f, text);
}

int sim_filter_tags(const struct sim_tags *t, const struct ec2_filter *f)
{
	if (strncmp(f->name, "tag:", 4) == 0)
		return t && sim_filter_has(f, sim_tags_get(t, f->name + 4));
	if (strcmp(f->name, "tag-key") != 0)
		return -1;
	for (size_t i = 0; t && i < t->n; i++)
		if (sim_filter_has(f, t->v[i].key))
			return 1;
	return 0;
}

static int check_values(struct sim_call *c, const struct ec2_filter *f)
{
	if (f->values.n > VALUES_MAX)
		return sim_refuse(c, "FilterLimitExceeded",
				  "The filter '%s' has %zu values; the maximum is %d", f->name,
				  f->values.n, VALUES_MAX);
	for (size_t i = 0; i < f->values.n; i++)
		if (strlen(f->values.v[i]) > VALUE_BYTES_MAX)
			return sim_refuse(c, "FilterLimitExceeded",
					  "A value of the filter '%s' is longer than %d characters",
					  f->name, VALUE_BYTES_MAX);
	return 0;
}

int sim_filters_check(struct sim_call *c, const struct ec2_filters *f, sim_filter_test *test)
{
	if (f->n > FILTERS_MAX)
		return sim_refuse(c, "FilterLimitExceeded",
				  "%zu filters are more than the maximum of %d", f->n, FILTERS_MAX);
	for (size_t i = 0; i < f->n; i++) {
		const struct ec2_filter *one = &f->v[i];

		if (cstr_empty(one->name) || test(NULL, 0, one) < 0)
			return sim_refuse(c, "InvalidParameterValue",
					  "The filter '%s' is invalid", cstr_or(one->name, ""));
		if (check_values(c, one) < 0)
			return -1;
	}
	return 0;
}

bool sim_filters_match(const struct ec2_filters *f, sim_filter_test *test,
		       const void *object, int64_t at)
{
	for (size_t i = 0; i < f->n; i++)
		if (test(object, at, &f->v[i]) <= 0)
			return false;
	return true;
}
