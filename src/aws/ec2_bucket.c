#include "aws/ec2_bucket.h"

#include <string.h>

#define DRIFT 0.01	/* we draw this much faster than we believe it refills */
#define CUSHION 2.0	/* tokens left to gather after a throttle, at least */
#define RAMP_MIN 0.02
#define RAMP_MAX 0.5
#define QUIET_MIN 10
#define QUIET_MAX 250
#define EVIDENCE 30	/* successes that make a measured rate trustworthy */
#define RAISE_MS 1000
#define WINDOW_MAX 128
#define UNTRIED 12.0	/* under way at least, while the published tokens last */
#define RATE_MAX 1000.0	/* more than the connection pool can send */
#define RATE_MIN 0.5	/* per second; random refusals must not starve us */
#define EDGE 2.0	/* level below which our own pace holds calls back */

static double max_d(double a, double b)
{
	return a > b ? a : b;
}

static double min_d(double a, double b)
{
	return a < b ? a : b;
}

/* Draws that were not throttled between two numbers. */
static double between(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) : 0;
}

void ec2_bucket_init(struct ec2_bucket *b, double burst, double rate, int64_t now)
{
	memset(b, 0, sizeof(*b));
	b->prior_burst = b->burst = b->most_burst = b->level = burst;
	b->full = true;
	b->prior_rate = b->rate = rate;
	b->at = b->full_at = now;
	b->window = 1;
	b->ramp = RAMP_MIN;
	b->cushion = CUSHION;
	b->latency_ms = 200;
}

static void refill(struct ec2_bucket *b, int64_t now)
{
	double ms = (double)(now - b->at);

	b->at = now;
	b->level += b->rate * (1 + DRIFT) * ms / 1000;
	if (b->level < b->burst) {
		b->full = false;
		return;
	}
	/* From full to full without a throttle: it may hold more again. */
	if (!b->full && b->kept_full && b->burst < b->most_burst)
		b->burst = min_d(b->burst * 1.05 + 0.5, b->most_burst);
	b->full = b->kept_full = true;
	b->level = b->burst;
	b->full_at = now;
	b->full_number = b->number;
	b->n_events = 0;	/* what came in while it was full is lost */
}

/* Calls that may be under way at once: what the pace needs with the latency
 * seen, twice over; and while tokens are plenty half of them, so that an edge
 * that comes too early meets few calls. */
static unsigned int most_in_flight(const struct ec2_bucket *b)
{
	double pace = 2 * b->rate * b->latency_ms / 1000 + 2;

	if (!b->throttled_once)
		pace = max_d(pace, UNTRIED) + b->beyond;
	return (unsigned int)max_d(pace, b->level / 2);
}

int64_t ec2_bucket_wait(struct ec2_bucket *b, int64_t now)
{
	refill(b, now);
	if (!b->throttled_once && b->level < 1 && b->beyond < b->window)
		return 0;
	if (b->level >= 1)
		return b->in_flight < most_in_flight(b) ? 0 : INT64_MAX;
	return (int64_t)((1 - b->level) / (b->rate * (1 + DRIFT)) * 1000) + 1;
}

void ec2_bucket_draw(struct ec2_bucket *b, struct ec2_draw *d, int64_t now)
{
	refill(b, now);
	d->at_edge = b->throttled_once && !b->full && b->level < EDGE;
	d->beyond = !b->throttled_once && b->level < 1;
	b->beyond += d->beyond;
	d->sent_at = now;
	d->number = b->number++;
	b->in_flight++;
	b->level -= 1;
	if (!b->throttled_once)
		b->level = max_d(b->level, 0);
}

static void widen_window(struct ec2_bucket *b)
{
	if (++b->window_ok < b->window)
		return;
	b->window_ok = 0;
	if (b->window < WINDOW_MAX)
		b->window *= 4;
}

/* No throttle for longer than the drift explains: the limit is higher. By
 * answers and not more than once a second, so that what is under way at one
 * rate is known before the next. */
static void raise_rate(struct ec2_bucket *b, int64_t now)
{
	if (++b->at_edge < b->quiet || now - b->raised_at < RAISE_MS)
		return;
	b->raised_at = now;
	b->rate = min_d(b->rate * (1 + b->ramp), RATE_MAX);
	b->burst = max_d(b->burst, b->rate);
	b->most_burst = max_d(b->most_burst, b->burst);
	b->ramp = min_d(b->ramp * 2, RAMP_MAX);
}

void ec2_bucket_answered(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now)
{
	b->in_flight--;
	b->beyond -= d->beyond;
	b->latency_ms += ((double)(now - d->sent_at) - b->latency_ms) / 8;
	if (d->beyond)
		widen_window(b);
	if (d->at_edge)
		raise_rate(b, now);
}

/* The first throttle: capacity and refill are usually raised together, so both
 * are what was published times how far we got. Far from what was published the
 * guess is worth little and is tested soon. */
static void learn_first(struct ec2_bucket *b, const struct ec2_draw *d)
{
	double s = (double)(d->sent_at - b->full_at) / 1000;
	double got = between(b->full_number, d->number);
	double k = got / (b->prior_burst + b->prior_rate * max_d(s, 0));

	b->burst = max_d(b->prior_burst * k, 1);
	b->most_burst = max_d(b->burst, b->prior_burst);
	b->rate = min_d(b->prior_rate * max_d(k, 0.3), RATE_MAX);
	b->quiet = k > 0.8 && k < 1.25 ? QUIET_MAX : QUIET_MIN;
	b->throttled_once = true;
}

/* The first throttle after it was full tells how much it held. */
static void learn_burst(struct ec2_bucket *b, const struct ec2_draw *d)
{
	double s = (double)(d->sent_at - b->full_at) / 1000;
	double held = between(b->full_number, d->number) - b->rate * s;

	if (s < 0)
		return;		/* sent before it was full */
	b->burst = max_d(max_d(held, b->burst * 0.7), 1);
}

/* At two throttles the bucket was empty: what it gave between them is what was
 * refilled, if we took all it gave. The nearest event far enough back to count. */
static void learn_rate(struct ec2_bucket *b, const struct ec2_draw *d)
{
	double last = between(b->events[b->n_events - 1].number, d->number);
	double n = 0, s = 0;

	if (b->at_edge < last / 2) {
		b->rate = max_d(b->rate * 0.9, RATE_MIN);	/* others draw, too */
		return;
	}
	for (unsigned int i = b->n_events; i-- > 0 && n < EVIDENCE;) {
		n = between(b->events[i].number, d->number);
		s = (double)(d->sent_at - b->events[i].at) / 1000;
	}
	if (s <= 0)
		return;
	b->rate = min_d(max_d(n / s, RATE_MIN), RATE_MAX);
	b->quiet = (unsigned int)min_d(max_d(2 * n, QUIET_MIN), QUIET_MAX);
}

static void remember(struct ec2_bucket *b, const struct ec2_draw *d)
{
	if (b->n_events == EC2_BUCKET_EVENTS)
		memmove(&b->events[0], &b->events[1],
			--b->n_events * sizeof(b->events[0]));
	b->events[b->n_events].at = d->sent_at;
	b->events[b->n_events++].number = d->number;
}

/* Was sent before the last event's call was: it met the same empty bucket and
 * only corrects the count. */
static bool belongs_to_last_event(struct ec2_bucket *b, const struct ec2_draw *d)
{
	unsigned int last = b->n_events - 1;

	if (b->n_events == 0 || d->sent_at > b->at_event)
		return false;
	if (d->number < b->events[last].number)
		b->events[last].number--;
	return true;
}

void ec2_bucket_throttled(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now)
{
	refill(b, now);
	b->in_flight--;
	b->beyond -= d->beyond;
	b->number--;
	if (belongs_to_last_event(b, d))
		return;
	if (!b->throttled_once)
		learn_first(b, d);
	else if (b->n_events == 0)
		learn_burst(b, d);
	else
		learn_rate(b, d);
	b->kept_full = false;
	b->cushion = b->at_edge < QUIET_MIN ? min_d(b->cushion * 2, 4 * CUSHION) : CUSHION;
	remember(b, d);
	b->at_event = now;
	b->level = -max_d(b->cushion, b->rate * b->latency_ms / 2000);
	b->at_edge = 0;
	b->ramp = RAMP_MIN;
}

void ec2_bucket_unsent(struct ec2_bucket *b, const struct ec2_draw *d)
{
	b->in_flight--;
	b->beyond -= d->beyond;
	b->number--;
	b->level += 1;
}
