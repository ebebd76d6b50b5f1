#include "contract.h"

#include "faults.h"

enum condition { ALWAYS, REFUSED, QUOTA, MADE_BAD, MOVED, NODE_BAD, GONE };

static const struct clause {
	enum rpc_kind rpc;
	enum grpc_code code;
	enum condition when;
} clauses[] = {
#define CONTRACT(rpc, code, when) { RPC_##rpc, GRPC_##code, when },
#include "contract.tbl.h"
#undef CONTRACT
};

static bool node_bad(const struct want *w)
{
	return w->node && w->node->dead;
}

/* Another pod has it, is to have it or had it. */
static bool has_places(const struct life *l, const struct node *but)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->place); i++)
		if (l->place[i].state != PLACE_FREE && l->place[i].node != but)
			return true;
	return false;
}

#define FULL 20		/* volumes, on an instance that takes 27 */

static bool node_full(const struct want *w)
{
	const struct cluster *c = w->life->cluster;
	size_t n = 0;

	for (size_t i = 0; w->node && i < c->n_lives; i++)
		n += life_wants_place(&c->lives[i], w->node->id);
	return n >= FULL;
}

static bool holds(const struct want *w, enum condition when, bool lately)
{
	const struct cluster *c = w->life->cluster;

	switch (when) {
	case ALWAYS:
		return true;
	case REFUSED:
		return faults_refuse(c->faults);
	case QUOTA:
		return faults_limit(c->faults) || node_full(w);
	case MADE_BAD:
		return faults_fail_volumes(c->faults);
	case MOVED:
		return lately || has_places(w->life, w->node);
	case NODE_BAD:
		return node_bad(w);
	case GONE:
		return w->life->state == LIFE_DELETING || w->life->state == LIFE_OVER;
	}
	return false;
}

bool contract_allows(const struct want *w, enum grpc_code code, bool lately)
{
	for (size_t i = 0; i < ARRAY_SIZE(clauses); i++)
		if (clauses[i].rpc == w->kind && clauses[i].code == code &&
		    holds(w, clauses[i].when, lately))
			return true;
	return false;
}
