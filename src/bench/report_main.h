/* The verbs of ebs-csi-bench that read results instead of making load:
 *
 *   show FILE                        the table again, or another form of it
 *   compare FILE FILE...             side by side
 *   table --markdown FILE...         rows for a document */
#ifndef BENCH_REPORT_MAIN_H
#define BENCH_REPORT_MAIN_H

#include <stdbool.h>
#include <stdio.h>

bool bench_report_is_verb(const char *word);
/* argv[0] is the verb. Prints to standard output, complains on standard error;
 * returns the exit status: 0, 1 for bad use or bad files. */
int bench_report_main(int argc, char **argv);
void bench_report_help(FILE *out);

#endif
