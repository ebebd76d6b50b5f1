/* When each asynchronous operation was asked for and when it was done: what a
 * benchmark takes as EC2's own share of a life cycle. */
#include "sim/model_impl.h"

#include <string.h>

#define CHUNK 512
_Static_assert(SIM_TIMES_MAX % CHUNK == 0, "records come in whole chunks");

static const char *const kinds[] = {
#define SIM_TIMED(id, name) [SIM_TIMED_##id] = name,
#include "sim/timed.tbl.h"
#undef SIM_TIMED
};

const char *sim_timed_name(enum sim_timed kind)
{
	return kinds[kind];
}

/* Records are numbered from 1; the newest SIM_TIMES_MAX are kept. */
static struct sim_time *slot(struct sim_model *m, uint64_t n)
{
	struct sim_time **chunk = &m->times.chunks[n / CHUNK % (SIM_TIMES_MAX / CHUNK)];

	if (!*chunk)
		*chunk = xcalloc(CHUNK, sizeof(**chunk));
	return &(*chunk)[n % CHUNK];
}

static bool kept(const struct sim_model *m, uint64_t n)
{
	return n > m->times.first && n <= m->times.last && n + SIM_TIMES_MAX > m->times.last;
}

uint64_t sim_times_asked(struct sim_model *m, enum sim_timed kind, const struct sim_volume *v,
			 const struct sim_instance *i)
{
	struct sim_time *t;

	if (!m->times.chunks)
		m->times.chunks = xcalloc(SIM_TIMES_MAX / CHUNK, sizeof(*m->times.chunks));
	t = slot(m, ++m->times.last);
	*t = (struct sim_time){
		.n = m->times.last, .kind = kind, .asked_at = m->now, .done_at = SIM_NEVER,
		.instance_id = i ? i->id : NULL,
	};
	memcpy(t->volume_id, v->id, sizeof(t->volume_id));
	m->times.of_call = t->n;
	return t->n;
}

void sim_times_answered(struct sim_model *m, int64_t latency_ms)
{
	if (kept(m, m->times.of_call))
		slot(m, m->times.of_call)->api_ms = latency_ms;
	m->times.of_call = 0;
}

void sim_times_done(struct sim_model *m, uint64_t n, const char *end)
{
	struct sim_time *t = kept(m, n) ? slot(m, n) : NULL;

	if (!t || t->done_at != SIM_NEVER)
		return;
	t->done_at = m->now;
	t->end = end;
}

void sim_times_clear(struct sim_model *m)
{
	for (size_t i = 0; m->times.chunks && i < SIM_TIMES_MAX / CHUNK; i++)
		free(m->times.chunks[i]);
	free(m->times.chunks);
	m->times.chunks = NULL;
	m->times.first = m->times.last;
}

uint64_t sim_model_times_last(const struct sim_model *m)
{
	return m->times.last;
}

uint64_t sim_model_each_time(const struct sim_model *m, uint64_t after,
			     bool (*fn)(void *ctx, const struct sim_time *t), void *ctx)
{
	uint64_t n = after;

	if (n < m->times.first)
		n = m->times.first;
	if (m->times.last > SIM_TIMES_MAX && n < m->times.last - SIM_TIMES_MAX)
		n = m->times.last - SIM_TIMES_MAX;
	while (n < m->times.last) {
		n++;
		if (!fn(ctx, &m->times.chunks[n / CHUNK % (SIM_TIMES_MAX / CHUNK)][n % CHUNK]))
			break;
	}
	return n;
}
