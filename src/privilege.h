/* Giving up what the process was started with. */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include "base/err.h"

/* For good: becomes user (with its groups) if that is not empty, empties all
 * capability sets and as much of the bounding set as it may, and forbids to gain
 * any by an exec. Root without --user keeps its user id: it still owns root's
 * files but has no power over anything else. -1 and err: nothing may run on. */
int privilege_drop(const char *user, struct err *err);

#endif
