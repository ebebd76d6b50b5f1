/* Deliberate defects, for the test that tests find them: a program built with
 * EBS_DEFECTS can switch one on at run time. Everywhere else DEFECT() is 0 and
 * costs nothing. The table says what each one breaks. */
#ifndef BASE_DEFECT_H
#define BASE_DEFECT_H

#ifdef EBS_DEFECTS

#include <stdbool.h>

enum defect {
#define EBS_DEFECT(name, what) DEFECT_##name,
#include "base/defects.tbl.h"
#undef EBS_DEFECT
	DEFECT_COUNT
};

/* Defined by the program. */
extern bool defects_on[DEFECT_COUNT];
#define DEFECT(name) (defects_on[DEFECT_##name])

#else
#define DEFECT(name) 0
#endif

#endif
