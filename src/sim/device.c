#include "sim/model_impl.h"

#include <stdio.h>
#include <string.h>

/* a..z, or two letters of which the first is a-d (dx is the last one). */
static bool good_letters(const char *s, size_t n)
{
	if (n == 1)
		return true;
	return n == 2 && s[0] <= 'd' && (s[0] != 'd' || s[1] <= 'x');
}

/* What follows "sd" or "xvd": letters, then perhaps a partition number 1-15. */
static bool good_rest(const char *s)
{
	size_t letters = strspn(s, "abcdefghijklmnopqrstuvwxyz");
	size_t digits = strspn(s + letters, "0123456789");

	if (letters == 0 || s[letters + digits] || !good_letters(s, letters))
		return false;
	return digits == 0 || (digits <= 2 && s[letters] != '0' && atoi(s + letters) <= 15);
}

bool sim_device_slot(const char *name, char slot[SIM_DEVICE_SIZE])
{
	if (strncmp(name, "/dev/", 5) == 0)
		name += 5;
	if (strncmp(name, "xvd", 3) == 0)
		name += 3;
	else if (strncmp(name, "sd", 2) == 0)
		name += 2;
	else
		return false;
	if (!good_rest(name))
		return false;
	snprintf(slot, SIM_DEVICE_SIZE, "xvd%s", name);
	return true;
}
