/* Token bucket in virtual or real time; no timers of its own. */
#ifndef REACTOR_BUCKET_H
#define REACTOR_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	double level;	/* tokens now (as of `at`) */
	double burst;	/* capacity */
	double rate;	/* tokens per second */
	int64_t at;	/* ms */
};

void bucket_init(struct bucket *b, double burst, double rate, int64_t now);	/* full */
double bucket_level(struct bucket *b, int64_t now);
bool bucket_take(struct bucket *b, double n, int64_t now);	/* false: takes nothing */

#endif
