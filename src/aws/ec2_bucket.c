#include "aws/ec2_bucket.h"

#include <string.h>

#define CUSHION 2.0	/* tokens left to gather after a throttle, at least */
#define QUIET_MIN 10	/* calls at the edge between two searches, when the rate is */
#define QUIET_MAX 200	/* a guess; when it is measured */
#define QUIET_SHARED 150	/* when somebody else seems to draw */
#define QUIET_MS 20000
#define EMPTIED 0.2	/* part of the published tokens that tells nothing */
#define EVIDENCE 10	/* successes that make a measured rate trustworthy */
#define FOUND_MUCH 10	/* tokens that a search finds when something has changed */
#define WINDOW_MAX 128
#define TRUST_MIN 4.0	/* under way at first, while tokens are plenty by the model, */
#define UNTRIED 16.0	/* and at last */
#define RATE_MAX 1000.0	/* more than the connection pool can send */
#define RATE_MIN 0.5	/* per second; random refusals must not starve us */
#define JUST_DRAWN 0.1	/* a search goes behind a call, not before one it would rob */
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
	b->trust = TRUST_MIN;
	b->cushion = CUSHION;
	b->latency_ms = 200;
}

static void refill(struct ec2_bucket *b, int64_t now)
{
	double ms = (double)(now - b->at);

	b->at = now;
	b->level += b->rate * ms / 1000;
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
 * seen, twice over; and while tokens are plenty one more for each that was
 * granted, up to half of them: an edge that comes too early meets few calls. */
static unsigned int most_in_flight(const struct ec2_bucket *b)
{
	double pace = 2 * b->rate * b->latency_ms / 1000 + 2;
	double plenty = min_d(b->trust, max_d(b->level / 2, UNTRIED));

	return (unsigned int)max_d(pace, plenty) + b->beyond;
}

int64_t ec2_bucket_wait(struct ec2_bucket *b, int64_t now)
{
	refill(b, now);
	if (b->beyond < b->window && b->level < (b->throttled_once ? JUST_DRAWN : 1))
		return 0;
	if (b->level >= 1)
		return b->in_flight < most_in_flight(b) ? 0 : INT64_MAX;
	return (int64_t)((1 - b->level) / b->rate * 1000) + 1;
}

void ec2_bucket_draw(struct ec2_bucket *b, struct ec2_draw *d, int64_t now)
{
	refill(b, now);
	d->at_edge = b->throttled_once && !b->full && b->level < EDGE;
	d->beyond = b->level < 1;
	b->beyond += d->beyond;
	d->sent_at = now;
	d->number = b->number++;
	b->in_flight++;
	if (!d->beyond)
		b->level -= 1;
}

/* A bucket never throttled is taken for without limit soon; one that is known
 * may hold some tokens more than we believe: of those found at most a sixth is
 * risked at once. */
static void widen_window(struct ec2_bucket *b)
{
	b->found++;
	if (b->throttled_once)
		b->window = b->found / 6;
	else if (++b->window_ok >= b->window) {
		b->window_ok = 0;
		b->window *= 4;
	}
	b->window = (unsigned int)min_d(max_d(b->window, 1), WINDOW_MAX);
}

/* The edge is to be found again: after so many calls, at a high rate also after
 * some time, unless the rate is a guess. */
static bool search_is_due(const struct ec2_bucket *b, int64_t now)
{
	return b->at_edge >= b->quiet &&
	       (b->quiet < QUIET_SHARED || now - b->at_event >= QUIET_MS);
}

static void search(struct ec2_bucket *b, int64_t now)
{
	b->window = 1;
	b->found = 0;
	b->search_at = now;
	b->search_number = b->number;
}

void ec2_bucket_answered(struct ec2_bucket *b, const struct ec2_draw *d, int64_t now)
{
	b->in_flight--;
	b->beyond -= d->beyond;
	b->latency_ms += ((double)(now - d->sent_at) - b->latency_ms) / 8;
	b->trust = min_d(b->trust + 1, WINDOW_MAX);
	if (d->beyond && b->window > 0 && d->sent_at >= b->search_at)
		widen_window(b);
	b->at_edge += d->at_edge;
	if (d->at_edge && b->window == 0 && search_is_due(b, now))
		search(b, now);
}

/* Below the published rate somebody else draws, who may stop. */
static double most_quiet(const struct ec2_bucket *b)
{
	return b->rate < 0.8 * b->prior_rate ? QUIET_SHARED : QUIET_MAX;
}

/* By how much more than the published bucket, full then, it has given since.
 * Capacity and refill are usually raised together. */
static double times_published(const struct ec2_bucket *b, const struct ec2_draw *d,
			      int64_t since, uint64_t number)
{
	double s = max_d((double)(d->sent_at - since) / 1000, 0);

	return between(number, d->number) / (b->prior_burst + b->prior_rate * s);
}

/* The first throttle. Next to nothing means that others have emptied it, as far
 * as we know. Far from what was published the guess is tested soon. */
static void learn_first(struct ec2_bucket *b, const struct ec2_draw *d)
{
	double k = times_published(b, d, b->full_at, b->full_number);

	b->quiet = k > 0.8 && k < 1.25 ? (unsigned int)most_quiet(b) : QUIET_MIN;
	if (k < EMPTIED)
		k = 1;
	b->burst = b->prior_burst * k;
	b->most_burst = max_d(b->burst, b->prior_burst);
	b->rate = min_d(b->prior_rate * k, RATE_MAX);
	b->throttled_once = true;
}

/* A search found far more tokens than what gathers between two: the limits are
 * higher, or somebody else has stopped. Both ways to tell from it what the bucket
 * gives are too low when it was not full. */
static bool learn_more(struct ec2_bucket *b, const struct ec2_draw *d)
{
	double n = between(b->events[b->n_events - 1].number, d->number);
	double s = (double)(d->sent_at - b->events[b->n_events - 1].at) / 1000;
	double k = times_published(b, d, b->search_at, b->search_number);

	if (b->window == 0 || b->found < FOUND_MUCH || s <= 0)
		return false;
	b->rate = min_d(max_d(b->rate, max_d(n / s, b->prior_rate * k)), RATE_MAX);
	b->burst = b->most_burst = max_d(b->burst, b->prior_burst * k);
	b->quiet = QUIET_MIN;
	b->n_events = 0;
	return true;
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

	if (learn_more(b, d))
		return;
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
	b->quiet = (unsigned int)min_d(max_d(2 * n, QUIET_MIN), most_quiet(b));
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
	b->window = 0;
	b->trust = TRUST_MIN;
}

void ec2_bucket_unsent(struct ec2_bucket *b, const struct ec2_draw *d)
{
	b->in_flight--;
	b->beyond -= d->beyond;
	b->number--;
	b->level += !d->beyond;
}
