/* Metrics as people name and judge them. */
#include "bench/metrics.h"

#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "bench/text.h"

/* ---- names ---- */

void metric_title(struct buf *b, const struct metric *m)
{
	static const char *const words[][2] = {
		{ "rpc.", "" }, { "ec2.", "EC2 " }, { "over_ec2", "over EC2" },
		{ "lifecycle", "life cycle" }, { "p999", "p99.9" }, { "_", " " }, { ".", " " },
	};
	const char *p = m->path;
	size_t i;

	if (!strchr(p, '.')) {
		buf_adds(b, m->label);
		return;
	}
	while (*p) {	/* the first two only at the front */
		for (i = p == m->path ? 0 : 2; i < ARRAY_SIZE(words); i++) {
			if (str_starts(str_c(p), words[i][0]))
				break;
		}
		if (i == ARRAY_SIZE(words)) {
			buf_addc(b, *p++);
			continue;
		}
		buf_adds(b, words[i][1]);
		p += strlen(words[i][0]);
	}
}

/* "204 s - 204 s" */
static bool says_one_number(const struct buf *ends)
{
	size_t half = ends->len > 3 ? (ends->len - 3) / 2 : 0;

	return strncmp(buf_cstr(ends), buf_cstr(ends) + half + 3, half) == 0 &&
	       ends->len == 2 * half + 3;
}

void metric_text(struct buf *b, const struct metric *m)
{
	struct buf ends;

	text_number(b, m ? metric_median(m) : (struct fig){ 0 }, m ? m->unit : "");
	if (!m || m->n < 2)
		return;
	buf_init(&ends, 2048);
	text_number(&ends, metric_min(m), m->unit);
	buf_adds(&ends, " - ");
	text_number(&ends, metric_max(m), m->unit);
	if (!says_one_number(&ends))
		buf_printf(b, " (%s)", buf_cstr(&ends));
	buf_fini(&ends);
}

bool metric_is_main(const struct metric *m)
{
	static const char *const ends[] = {
		".response.p50", ".response.p99", ".response.max", ".over_ec2.p50", ".over_ec2.p99",
		".per_lifecycle", ".throttled_share", "lifecycle.p50", "lifecycle.p99",
		"lifecycle.max", "driver_lag.p99", "driver_lag.p999", "driver_lag.max",
		"generator_lag.p99",
	};

	if (!strchr(m->path, '.'))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (str_ends(str_c(m->path), ends[i]))
			return true;
	}
	return false;
}

/* ---- budgets ---- */

int metrics_parse_budget(struct bench_result *r, const char *text, struct err *err)
{
	const char *at = strpbrk(text, "<>");
	auto_free char *path = NULL;
	double limit;

	if (!at || at == text || at[1] != '=')
		return err_set(err, GRPC_INVALID_ARGUMENT,
			       "budget \"%s\": expected METRIC<=NUMBER or METRIC>=NUMBER", text);
	if (parse_double(str_c(at + 2), &limit) < 0)
		return err_set(err, GRPC_INVALID_ARGUMENT, "budget \"%s\": \"%s\" is not a number",
			       text, at + 2);
	path = xstrndup(text, (size_t)(at - text));
	bench_result_budget(r, path, *at == '>', limit);
	return 0;
}

enum budget_state metrics_judge(const struct metrics *m, const struct bench_budget *budget,
				struct fig *ret)
{
	*ret = metrics_median(m, budget->metric);
	if (!ret->known)
		return BUDGET_UNKNOWN;
	if (budget->at_least ? ret->v >= budget->limit : ret->v <= budget->limit)
		return BUDGET_MET;
	return BUDGET_MISSED;
}
