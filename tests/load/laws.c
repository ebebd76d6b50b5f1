/* Prints how the scheduler stands beside a perfect queue, for each plan of
 * traffic_plans.h. Linked with another ec2_bucket.c (law_*.c) it shows another
 * control law on the same plans. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/load/traffic_plans.h"

static void print(const char *line)
{
	puts(line);
}

int main(void)
{
	for (size_t i = 0; i < TRAFFIC_PLANS; i++) {
		const struct traffic_plan *p = &traffic_plans[i];
		struct traffic_result r;

		traffic_run(p, 1, &r);
		if (r.finished)
			traffic_print(p, &r, print);
		else
			printf("%-34s did not come to an end\n", p->name);
		free(r.dump);
	}
	return 0;
}
