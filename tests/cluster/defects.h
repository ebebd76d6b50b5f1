/* The deliberate defects of base/defect.h, by name. */
#ifndef CLUSTER_DEFECTS_H
#define CLUSTER_DEFECTS_H

#include <stdbool.h>

bool defects_switch_on(const char *name);	/* false: none of this name is built in */
void defects_list(void);	/* prints a name and what it does a line */

#endif
