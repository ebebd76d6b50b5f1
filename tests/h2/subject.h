/* A server session to test, with a service that counts what happens to it. For
 * cmocka tests; the includes that cmocka wants come before this one. */
#ifndef TESTS_H2_SUBJECT_H
#define TESTS_H2_SUBJECT_H

#include "h2/pair.h"

/* Methods of test.T: Echo; Fail (NOT_FOUND with the message as text); Big (as many
 * bytes as the message says); Nap (60 s, shielded for "deep"); Doomed (fails in
 * its operation); Chat (streaming echo, "bye" ends it). */
struct subject_counts {
	int begun, released;	/* operations of Nap */
	int gone;		/* calls of Chat that were lost */
	int chats;		/* messages of Chat */
	int64_t deadline;	/* what the last Echo saw, */
	char header[64];	/* and its x-test */
};
extern struct subject_counts subject;

struct pair *start(const struct pair_options *opt);
/* Asserts that everything the test began has ended and released its memory. */
void stop(struct pair *p);

void assert_body(const struct stream *s, const char *text);
void assert_ok(const struct stream *s, const char *text);
/* Answered with an error in one header block, closed. */
void assert_failed(const struct stream *s, enum grpc_code code, const char *text);

#endif
