/* A growing byte buffer born with its maximum: what a peer feeds into it can
 * never take more memory than that. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

struct buf {
	char *data;	/* always NUL-terminated once something was added */
	size_t len;
	size_t cap;
	size_t max;	/* most bytes it may hold, the NUL aside */
	bool overflow;	/* an addition was refused; sticky until buf_reset */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
void buf_reset(struct buf *b);	/* empties, keeps the memory */

/* 0, or -1 when max would be passed: then nothing of it is added and
 * b->overflow is set. Writers may test b->overflow once at the end. */
int buf_add(struct buf *b, const void *p, size_t n);
int buf_addc(struct buf *b, char c);
int buf_adds(struct buf *b, const char *cstr);
int buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

void buf_consume(struct buf *b, size_t n);	/* drops n bytes at the front */
const char *buf_cstr(const struct buf *b);	/* "" when empty */
struct str buf_view(const struct buf *b);
char *buf_take(struct buf *b);	/* caller frees; b is empty again */

#endif
