#!/bin/sh
# Runs one test program. cmocka 1.1.5 prints a skipped test as "not ok N # SKIP",
# which a TAP reader counts as a failure; everything else passes unchanged.
exec 4>&1
rc=$({ { "$@"; echo $? >&3; } |
	sed 's/^not ok \([0-9]* # SKIP\)/ok \1/' >&4; } 3>&1)
exit "$rc"
