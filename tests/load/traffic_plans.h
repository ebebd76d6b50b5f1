/* What the scheduler is put to, in virtual time (tests/lib/traffic.h). */
#ifndef TESTS_LOAD_TRAFFIC_PLANS_H
#define TESTS_LOAD_TRAFFIC_PLANS_H

#include "tests/lib/traffic.h"

enum traffic_plan_id {
	PLAN_5000_AT_ONCE,
	PLAN_5000_MIXED,
	PLAN_BELOW,
	PLAN_ABOVE,
	PLAN_EMPTY,
	PLAN_OTHER,
	PLAN_TENFOLD,
	PLAN_CUT,
	PLAN_RAISED,
	PLAN_NO_BUCKET,
	TRAFFIC_PLANS
};

static const struct traffic_plan traffic_plans[] = {
	[PLAN_5000_AT_ONCE] = { "5,000 at once", 50, 5, .at_once = 5000, .rate_from_s = 150 },
	[PLAN_5000_MIXED] = { "5,000 at once, 40 % detach", 50, 5, .at_once = 5000,
			      .detach_percent = 40, .rate_from_s = 150 },
	[PLAN_BELOW] = { "Poisson at 4/s, below the bucket", 50, 5, .arrivals = 4,
			 .until_s = 1800, .detach_percent = 50 },
	[PLAN_ABOVE] = { "Poisson at 6/s, above the bucket", 50, 5, .arrivals = 6,
			 .until_s = 1200, .detach_percent = 50, .rate_from_s = 200 },
	[PLAN_EMPTY] = { "1,000, the bucket empty at first", 50, 5, .at_once = 1000,
			 .first_empty = true },
	[PLAN_OTHER] = { "another takes half for ten minutes", 50, 5, .at_once = 5000,
			 .other = 2.5, .other_from_s = 200, .other_until_s = 800,
			 .rate_from_s = 300, .rate_until_s = 790 },
	[PLAN_TENFOLD] = { "limits raised tenfold in mid-run", 50, 5, .at_once = 8000,
			   .change_s = 200, .new_burst = 500, .new_rate = 50 },
	[PLAN_CUT] = { "limits cut to two fifths in mid-run", 50, 5, .at_once = 2000,
		       .change_s = 200, .new_burst = 20, .new_rate = 2 },
	[PLAN_RAISED] = { "limits ten times the published", 500, 50, .at_once = 8000,
			  .rate_from_s = 60 },
	[PLAN_NO_BUCKET] = { "no bucket", .at_once = 5000 },
};

#endif
