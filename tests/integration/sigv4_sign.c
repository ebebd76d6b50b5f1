/* Reads requests as JSON, one a line, and prints the Authorization header of
 * each. For the comparison with another signer. */
#include <stdio.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/json.h"
#include "base/mem.h"

#define HEADERS_MAX 32

static size_t read_headers(const json_t *list, struct sigv4_header *ret)
{
	size_t n = json_array_size(list);

	if (n > HEADERS_MAX)
		n = HEADERS_MAX;
	for (size_t i = 0; i < n; i++) {
		const json_t *pair = json_array_get(list, i);

		ret[i].name = json_string_value(json_array_get(pair, 0));
		ret[i].value = json_string_value(json_array_get(pair, 1));
	}
	return n;
}

static int sign_one(const json_t *in, struct buf *out, struct err *err)
{
	struct sigv4_header headers[HEADERS_MAX];
	struct sigv4_keys keys = { json_get_str(in, "access"), json_get_str(in, "secret"), NULL };
	struct sigv4_request req = {
		.method = json_get_str(in, "method"),
		.path = json_get_str(in, "path"),
		.query = json_get_str(in, "query"),
		.body = str_c(json_get_str(in, "body")),
		.headers = headers,
	};
	struct sigv4 *s = sigv4_new(json_get_str(in, "region"), json_get_str(in, "service"));
	int rc;

	req.n_headers = read_headers(json_object_get(in, "headers"), headers);
	rc = sigv4_sign(s, &keys, &req, json_get_str(in, "time"), out, err);
	sigv4_free(s);
	return rc;
}

static int sign_line(struct str line, struct err *err)
{
	json_t *in = json_parse(line, err);
	struct buf out;
	int rc;

	if (!in)
		return -1;
	buf_init(&out, 1 << 20);
	rc = sign_one(in, &out, err);
	if (rc == 0)
		puts(buf_cstr(&out));
	buf_fini(&out);
	json_decref(in);
	return rc;
}

int main(void)
{
	auto_free char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct err err = { 0 };

		if (sign_line(str_n(line, (size_t)n), &err) < 0) {
			fprintf(stderr, "sigv4_sign: %s\n", err_msg(&err));
			err_fini(&err);
			return 1;
		}
	}
	return 0;
}
