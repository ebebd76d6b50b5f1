/* Small files of sysfs. These never touch the device and are safe in the loop. */
#ifndef BLOCK_SYSFS_H
#define BLOCK_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* First line of a file, blanks at both ends removed, NUL-terminated. 0, or a
 * negative errno (-ENAMETOOLONG: longer than n - 1 bytes); then ret is "". */
int sysfs_read(char *ret, size_t n, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A decimal number, or 0 when the file is absent or holds none. */
uint64_t sysfs_number(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Last component of where a link points. 0 or a negative errno. */
int sysfs_link_name(char *ret, size_t n, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool sysfs_exists(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
