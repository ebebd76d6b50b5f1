/* Text encodings. All append to a buf (whose limit applies). */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

void encode_hex(struct buf *b, const void *p, size_t n);	/* lower case */
int decode_hex(struct str s, void *ret, size_t n);	/* exactly n bytes, or -1 */
void encode_base64(struct buf *b, const void *p, size_t n);	/* padded */
/* Accepts padded and unpadded; 0 or -1. */
int decode_base64(struct buf *b, struct str s);

/* RFC 3986: unreserved bytes and those of `keep` literal, %XX upper case else. */
void encode_percent(struct buf *b, struct str s, const char *keep);
/* '+' is a space when form is set; 0, or -1 on a broken escape. */
int decode_percent(struct buf *b, struct str s, int form);
/* & < > " ' as entities; control bytes XML 1.0 forbids are dropped. */
void encode_xml(struct buf *b, struct str s);
/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
void encode_json(struct buf *b, struct str s);
/* ms since 1970 as 2026-01-02T03:04:05.678Z. */
void encode_time(struct buf *b, int64_t ms);

#endif
