/* What a result says of the machine it was found on. */
#include "bench/result.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "base/str.h"

/* The value of the first "key<blanks>: value" line of a /proc file; the caller
 * frees. NULL when there is none. */
static char *proc_field(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	char line[512];
	char *found = NULL;

	while (f && !found && fgets(line, sizeof(line), f)) {
		struct str rest = str_c(line);
		struct str name = str_trim(str_cut(&rest, ':'));

		if (rest.p && str_eq_c(name, key)) {
			rest = str_trim(rest);
			found = xstrndup(rest.p, rest.n);
		}
	}
	if (f)
		fclose(f);
	return found;
}

void bench_result_this_machine(struct bench_result *r)
{
	auto_free char *model = proc_field("/proc/cpuinfo", "model name");
	auto_free char *memory = proc_field("/proc/meminfo", "MemTotal");
	struct utsname u;

	bench_texts_setf(&r->machine, "cpus", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	if (model)
		bench_texts_set(&r->machine, "model", model);
	if (memory)
		bench_texts_set(&r->machine, "memory", memory);
	if (uname(&u) == 0) {
		bench_texts_setf(&r->machine, "kernel", "%s %s", u.sysname, u.release);
		bench_texts_set(&r->machine, "arch", u.machine);
	}
}
