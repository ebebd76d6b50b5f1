#include "defects.h"

#include "base/defect.h"

#ifdef EBS_DEFECTS

#include <stdio.h>
#include <string.h>

bool defects_on[DEFECT_COUNT];

static const struct {
	const char *name, *what;
} facts[] = {
#define EBS_DEFECT(name, what) { #name, what },
#include "base/defects.tbl.h"
#undef EBS_DEFECT
};

bool defects_switch_on(const char *name)
{
	for (int i = 0; i < DEFECT_COUNT; i++)
		if (strcmp(facts[i].name, name) == 0)
			return defects_on[i] = true;
	return false;
}

void defects_list(void)
{
	for (int i = 0; i < DEFECT_COUNT; i++)
		printf("%s %s\n", facts[i].name, facts[i].what);
}

#else

bool defects_switch_on(const char *name)
{
	(void)name;
	return false;
}

void defects_list(void)
{
}

#endif
