#include "reach.h"

#include <stdio.h>
#include <string.h>

#include "ebs/impl.h"

/* ---- steps ---- */

static const struct step {
	const char *job, *step, *phase;
	enum { USUAL, RARE, CHANCE } frequency;
} steps[] = {
#define STEP(job, step, phase, frequency) { #job "_job", #step, phase, frequency },
#include "reach.tbl.h"
#undef STEP
};

static uint64_t ended_at[ARRAY_SIZE(steps)][REACH_ENDS];
static char unknown[128];	/* a step that is in no line of the table */
static uint64_t hits[SIM_FAULT_COUNT][EC2_ACTION_COUNT];

/* An EC2 call waits in three ways. */
static const char *phase_of(const struct job *job)
{
	const struct ec2_call *call = &job->call;

	if (!op_active(&call->op))
		return "";
	return call->exchange && op_active(&call->exchange->op) ? "sent" :
	       op_active(&call->pause.op) ? "pause" : "queue";
}

static bool stands_at(const struct job *job, const struct step *s)
{
	return strcmp(s->step, job->op.step_name) == 0 &&
	       strcmp(s->job, job->cls->op_class.name) == 0 &&
	       strcmp(s->phase, phase_of(job)) == 0;
}

static void count(const struct job *job, enum reach_end end)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (stands_at(job, &steps[i])) {
			ended_at[i][end]++;
			return;
		}
	snprintf(unknown, sizeof(unknown), "%s, %s, \"%s\"", job->cls->op_class.name,
		 job->op.step_name, phase_of(job));
}

void reach_jobs(const struct cluster *c, enum reach_end end, const char *node)
{
	if (!c->ctl.up)
		return;
	list_for_each(l, &c->ctl.ebs->all_jobs) {
		const struct job *job = list_entry(l, struct job, link);

		if (!node || cstr_eq(job->node_id, node))
			count(job, end);
	}
}

/* Nodes matter to what works on them; what is rare must not be met by all. */
static bool demanded(const struct step *s, enum reach_end end)
{
	if (s->frequency == CHANCE || (s->frequency == RARE && end >= REACH_AIMS))
		return false;
	return end != REACH_NODE || strcmp(s->job, "attach_job") == 0 ||
	       strcmp(s->job, "detach_job") == 0;
}

static bool has_seat(const struct job *job, const struct op *root)
{
	list_for_each(l, &job->seats)
		if (list_entry(l, struct job_seat, link)->op == root)
			return true;
	return false;
}

void reach_client(const struct cluster *c, const struct op *root, enum reach_end end)
{
	if (!root || !c->ctl.up)
		return;
	list_for_each(l, &c->ctl.ebs->all_jobs) {
		const struct job *job = list_entry(l, struct job, link);

		if (has_seat(job, root)) {
			count(job, end);
			return;
		}
	}
}
size_t reach_draw(struct cluster *c)
{
	bool rare = cluster_chance(c, 0.7);
	size_t i;

	do
		i = (size_t)cluster_draw(c, 0, ARRAY_SIZE(steps) - 1);
	while (rare && steps[i].frequency != RARE);
	return i;
}

const struct job *reach_find(const struct cluster *c, size_t step)
{
	if (!c->ctl.up)
		return NULL;
	list_for_each(l, &c->ctl.ebs->all_jobs) {
		const struct job *job = list_entry(l, struct job, link);

		if (stands_at(job, &steps[step]))
			return job;
	}
	return NULL;
}

/* ---- faults ---- */

/* Calls the controller makes. */
static const enum ec2_action actions[] = {
	EC2_CREATE_VOLUME, EC2_DELETE_VOLUME, EC2_ATTACH_VOLUME, EC2_DETACH_VOLUME,
	EC2_DESCRIBE_VOLUMES, EC2_DESCRIBE_INSTANCES, EC2_DESCRIBE_AVAILABILITY_ZONES,
};

void reach_faults(const struct cluster *c)
{
	for (int k = 0; k < SIM_FAULT_COUNT; k++)
		for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
			hits[k][actions[i]] += sim_model_fault_hits_by(
				c->model, (enum sim_fault_kind)k, actions[i]);
}

/* ---- the report ---- */

static bool print_cell(uint64_t n, bool demanded)
{
	bool good = n || !demanded;

	printf(" %9llu%s", (unsigned long long)n, good ? " " : "!");
	return good;
}

static bool report_faults(void)
{
	bool all = true;

	printf("%-14s", "fault");
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		printf(" %10.10s", ec2_action_name(actions[i]) +
		       (strncmp(ec2_action_name(actions[i]), "Describe", 8) ? 0 : 8));
	for (int k = 0; k < SIM_FAULT_COUNT; k++) {
		printf("\n%-14s", sim_fault_name((enum sim_fault_kind)k));
		for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
			if (sim_fault_applies((enum sim_fault_kind)k, actions[i]))
				all &= print_cell(hits[k][actions[i]], true);
			else
				printf(" %9s ", "-");
	}
	printf("\n\n");
	return all;
}

static bool report_steps(void)
{
	bool all = true;

	printf("%-36s %9s  %9s  %9s  %9s  %9s\n", "step", "crash", "hang-up", "deadline",
	       "node lost", "clock jump");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		printf("%-11s %-16s %-7s", steps[i].job, steps[i].step, steps[i].phase);
		for (int end = 0; end < REACH_ENDS; end++)
			all &= print_cell(ended_at[i][end],
					  demanded(&steps[i], (enum reach_end)end));
		putchar('\n');
	}
	return all;
}

bool reach_report(void)
{
	bool faults = report_faults(), ends = report_steps();

	if (unknown[0])
		printf("a step that reach.tbl.h does not have: %s\n", unknown);
	if (!faults || !ends)
		printf("what is marked ! was never reached\n");
	return faults && ends && !unknown[0];
}
