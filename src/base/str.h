/* A view of bytes owned by somebody else; not NUL-terminated. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
	const char *p;
	size_t n;
};

/* For "%.*s". */
#define STR(s) (int)(s).n, (s).p

struct str str_c(const char *cstr);	/* NULL gives the empty view */
struct str str_n(const char *p, size_t n);
bool str_eq(struct str a, struct str b);
bool str_eq_c(struct str a, const char *cstr);
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);

/* Cuts the part before the first sep off *rest and returns it; *rest is what
 * follows sep, or empty with p == NULL when there was no sep. Loop:
 * while (rest.p) { part = str_cut(&rest, ','); … } */
struct str str_cut(struct str *rest, char sep);
struct str str_trim(struct str s);	/* ASCII blanks on both sides */

/* For C strings that may be NULL (a missing field is an empty one). */
bool cstr_empty(const char *s);
bool cstr_eq(const char *a, const char *b);
const char *cstr_or(const char *s, const char *fallback);

#endif
