/* Any bytes as a result file of ebs-csi-bench. What is refused has a reason; what is
 * taken comes back from being written as the same document, and every report of it can
 * be made. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "bench/compare.h"
#include "bench/html.h"
#include "bench/markdown.h"
#include "bench/result_json.h"
#include "bench/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void reads_back(const struct bench_result *r, const struct buf *text)
{
	struct bench_result *back;
	struct err err = { 0 };
	struct buf again;

	back = bench_json_read(buf_view(text), &err);
	assert(back);
	buf_init(&again, BENCH_FILE_MAX);
	bench_json_write(&again, back);
	assert(again.len == text->len && memcmp(again.data, text->data, text->len) == 0);
	assert(back->nruns == r->nruns);
	buf_fini(&again);
	bench_result_free(back);
}

static void every_report(const struct bench_result *r)
{
	const struct bench_result *const both[] = { r, r };
	const char *const names[] = { "a", "b" };
	struct compare c;
	struct buf b;

	buf_init(&b, BENCH_FILE_MAX);
	bench_table_write(&b, r);
	html_result(&b, r);
	assert(markdown_write(&b, both, names, 2, NULL, 0, NULL) == 0);
	assert(compare_init(&c, both, names, 2, false, NULL) == 0);
	compare_write(&b, &c, true);
	html_compare(&b, &c, true);
	compare_fini(&c);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err err = { 0 };
	struct bench_result *r = bench_json_read(str_n((const char *)data, n), &err);
	struct buf text;

	assert(!r == err_is_set(&err));
	err_fini(&err);
	if (!r)
		return 0;
	buf_init(&text, BENCH_FILE_MAX);
	bench_json_write(&text, r);
	reads_back(r, &text);
	every_report(r);
	buf_fini(&text);
	bench_result_free(r);
	return 0;
}
