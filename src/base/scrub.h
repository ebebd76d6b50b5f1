/* Takes secrets out of texts that go to logs. */
#ifndef BASE_SCRUB_H
#define BASE_SCRUB_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* "clientSecret", "X-Amz-Security-Token", "password": a field whose value must
 * never be shown. */
bool scrub_key_is_secret(const char *key);
/* Appends text with AWS access key ids (AKIA…, ASIA…), Authorization headers and
 * the values of secret-named fields ("name: v", "name=v", "<name>v<", "\"name\":\"v\"")
 * replaced by "***". What does not fit into out is cut off. */
void scrub_text(struct buf *out, struct str text);

#endif
