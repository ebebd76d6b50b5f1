/* Runs a fuzz target over its corpus where no fuzzer is linked in: each file as
 * it is, cut off after each byte, and with each byte changed. One TAP line a
 * file. FUZZ_CORPUS is the directory below tests/fuzz/corpus. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A copy of exactly n bytes, so that the sanitizer sees a read behind them. */
static void run(const uint8_t *data, size_t n)
{
	uint8_t *copy = xmalloc(n ? n : 1);

	memcpy(copy, data, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void run_variants(uint8_t *data, size_t n)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };

	run(data, n);
	for (size_t i = 0; i < n; i++)
		run(data, i);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(flips); k++) {
			data[i] ^= flips[k];
			run(data, n);
			data[i] ^= flips[k];
		}
	}
}

static int run_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return -1;
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	run_variants(data, n);
	return 0;
}

static int no_dots(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	auto_free char *dir = xasprintf("%s/tests/fuzz/corpus/" FUZZ_CORPUS, top ? top : ".");
	struct dirent **names;
	int n = scandir(dir, &names, no_dots, alphasort), bad = n <= 0;

	printf("1..%d\n", n > 0 ? n : 1);
	if (bad)
		printf("not ok 1 - no corpus in %s\n", dir);
	for (int i = 0; i < n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names[i]->d_name);
		int rc = run_file(path);

		printf("%sok %d - %s\n", rc ? "not " : "", i + 1, names[i]->d_name);
		fflush(stdout);
		bad |= rc != 0;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return bad;
}
