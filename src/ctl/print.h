/* JSON values as tables for people. */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <jansson.h>
#include <stdio.h>

/* One "name  value" line per scalar, names of nested objects joined by dots; a
 * list of objects as a table of its own. Fields that say nothing (empty text,
 * list or object, 0, false) are left out. */
void print_table(FILE *out, const json_t *object);
/* One line of JSON. */
void print_json(FILE *out, const json_t *value);

#endif
