/* Drives the block layer from a script: one command a line on standard input,
 * every act is started at once and ends with one line
 *
 *   verb volume CODE ms=N details
 *
 *   find VOL [HINT]
 *   stage VOL FS TARGET [OPTIONS] [grow] [bs=N] [inodes=N]
 *   stageat VOL FS TARGET DEVICE   (as if VOL had been found there)
 *   unstage VOL TARGET          unpublish VOL TARGET
 *   publish VOL STAGING TARGET [OPTIONS] [ro]
 *   publishdev VOL TARGET [ro]
 *   stats VOL PATH
 *   deadline MS (of the acts that follow, 0 = none)   cancel (all that run)
 *   wait (for all)   kill-helper SIGNAL   dump
 *   until TEXT   until-not TEXT (in the dump; then prints "reached: TEXT")
 *   drop (privileges: a helper that dies now is lost)
 *
 * Arguments: [-l] (no loop devices) [-c N] (children) [-w N] (writers)
 * [-f MS] (find) HELPER. Exit status 0 unless a command is none. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "block/block.h"
#include "base/list.h"
#include "base/log.h"

#define WORDS_MAX 8
#define UNTIL_STEP_MS 10

struct job {
	struct op op;
	struct list link;
	char *line;		/* words point into it */
	char *words[WORDS_MAX];
	int n;
	int64_t begun_us;
	struct block_find find;
	struct block_stage stage;
	struct block_unmount unmount;
	struct block_publish_fs fs;
	struct block_publish_device dev;
	struct block_stats stats;
};

static struct reactor *reactor;
static struct block *block;
static struct block_helper *helper;
static struct list jobs = LIST_INIT(jobs);
static int64_t deadline;
static bool all_done;

static bool has_word(const struct job *j, const char *word)
{
	for (int i = 2; i < j->n; i++)
		if (strcmp(j->words[i], word) == 0)
			return true;
	return false;
}

static const char *value_of(const struct job *j, const char *key)
{
	for (int i = 2; i < j->n; i++)
		if (strncmp(j->words[i], key, strlen(key)) == 0)
			return j->words[i] + strlen(key);
	return NULL;
}

/* A word at place i that is not one of the marks. */
static const char *options_at(const struct job *j, int i)
{
	bool ro_is_mark = strcmp(j->words[0], "stage") != 0;

	if (i >= j->n || strcmp(j->words[i], "grow") == 0 ||
	    (ro_is_mark && strcmp(j->words[i], "ro") == 0) ||
	    strncmp(j->words[i], "bs=", 3) == 0 || strncmp(j->words[i], "inodes=", 7) == 0)
		return NULL;
	return j->words[i];
}

/* ---- output ---- */

static void print_done(uint32_t done)
{
	static const char *const names[] = { "already", "formatted", "checked", "mounted",
					     "grown", "cleaned", "unmounted", "removed" };

	printf(" done=");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (done & 1u << i)
			printf("%s,", names[i]);
}

static void print_result(const struct job *j)
{
	const char *verb = j->words[0];

	if (j->find.dev.path[0])
		printf(" dev=%s", j->find.dev.path);
	if (strncmp(verb, "stage", 5) == 0) {
		print_done(j->stage.done);
		printf(" fs=%s mount_us=%" PRIu64 " child_us=%" PRIu64, j->stage.fs_found,
		       j->stage.mount_us, j->stage.child_us);
	} else if (strcmp(verb, "publish") == 0) {
		print_done(j->fs.done);
	} else if (strcmp(verb, "publishdev") == 0) {
		print_done(j->dev.done);
	} else if (strcmp(verb, "stats") == 0) {
		printf(" device=%d total=%" PRIu64 " used=%" PRIu64 " avail=%" PRIu64
		       " inodes=%" PRIu64, j->stats.is_device, j->stats.bytes_total,
		       j->stats.bytes_used, j->stats.bytes_available, j->stats.inodes_total);
	} else if (strncmp(verb, "un", 2) == 0) {
		print_done(j->unmount.done);
	}
}

static void on_job_end(struct op *op)
{
	struct job *j = container_of(op, struct job, op);
	double ms = (double)(reactor_now_us(reactor) - j->begun_us) / 1000.0;

	printf("%s %s %s ms=%.1f", j->words[0], j->words[1], grpc_code_name(op->err.code), ms);
	if (op->err.code == GRPC_OK)
		print_result(j);
	else
		printf(" reason=%s %s", cstr_or(op->err.reason, "-"), err_msg(&op->err));
	printf("\n");
	fflush(stdout);
	list_del(&j->link);
	all_done = list_empty(&jobs);
	op_fini(op);
	free(j->line);
	free(j);
}

/* ---- jobs ---- */

static enum op_verdict job_done(struct op *op)
{
	struct op *child = list_entry(op->children.prev, struct op, sibling);

	return err_is_set(&child->err) ? op_fail_as(op, child, NULL) : OP_DONE;
}

static enum op_verdict job_stage(struct job *j)
{
	struct block_stage *s = &j->stage;

	block_stage_init(s, block);
	s->act.volume_id = j->words[1];
	s->dev = &j->find.dev;
	s->fs_type = j->words[2];
	s->target = j->words[3];
	s->options = options_at(j, 4);
	s->grow = has_word(j, "grow");
	s->mkfs.block_size = value_of(j, "bs=");
	s->mkfs.number_of_inodes = value_of(j, "inodes=");
	return op_await(&j->op, &s->act.op, job_done);
}

static enum op_verdict job_publish_device(struct job *j)
{
	struct block_publish_device *p = &j->dev;

	block_publish_device_init(p, block);
	p->act.volume_id = j->words[1];
	p->dev = &j->find.dev;
	p->target = j->words[2];
	p->ro = has_word(j, "ro");
	return op_await(&j->op, &p->act.op, job_done);
}

static enum op_verdict job_found(struct op *op)
{
	struct job *j = container_of(op, struct job, op);

	if (err_is_set(&j->find.op.err))
		return op_fail_as(op, &j->find.op, NULL);
	if (strcmp(j->words[0], "stage") == 0)
		return job_stage(j);
	if (strcmp(j->words[0], "publishdev") == 0)
		return job_publish_device(j);
	return OP_DONE;
}

static enum op_verdict job_find(struct job *j)
{
	block_find_init(&j->find, block);
	j->find.volume_id = j->words[1];
	if (strcmp(j->words[0], "find") == 0)
		j->find.hint = options_at(j, 2);
	return op_await(&j->op, &j->find.op, job_found);
}

static enum op_verdict job_unmount(struct job *j)
{
	if (strcmp(j->words[0], "unstage") == 0)
		block_unstage_init(&j->unmount, block);
	else
		block_unpublish_init(&j->unmount, block);
	j->unmount.act.volume_id = j->words[1];
	j->unmount.target = j->words[2];
	return op_await(&j->op, &j->unmount.act.op, job_done);
}

static enum op_verdict job_publish(struct job *j)
{
	struct block_publish_fs *p = &j->fs;

	block_publish_fs_init(p, block);
	p->act.volume_id = j->words[1];
	p->staging = j->words[2];
	p->target = j->words[3];
	p->options = options_at(j, 4);
	p->ro = has_word(j, "ro");
	return op_await(&j->op, &p->act.op, job_done);
}

static enum op_verdict job_stats(struct job *j)
{
	block_stats_init(&j->stats, block);
	j->stats.act.volume_id = j->words[1];
	j->stats.path = j->words[2];
	return op_await(&j->op, &j->stats.act.op, job_done);
}

/* What a device that changed hands between find and stage looks like. */
static enum op_verdict job_stage_at(struct job *j)
{
	struct block_device *d = &j->find.dev;
	struct stat st;

	if (j->n < 5 || stat(j->words[4], &st) < 0)
		return op_fail(&j->op, GRPC_INTERNAL, "no such device");
	snprintf(d->path, sizeof(d->path), "%s", j->words[4]);
	d->major = major(st.st_rdev);
	d->minor = minor(st.st_rdev);
	j->n = 4;
	return job_stage(j);
}

static const struct verb {
	const char *name;
	int words;
	enum op_verdict (*run)(struct job *j);
} verbs[] = {
	{ "find", 2, job_find }, { "stage", 4, job_find }, { "unstage", 3, job_unmount },
	{ "unpublish", 3, job_unmount }, { "publish", 4, job_publish },
	{ "publishdev", 3, job_find }, { "stageat", 4, job_stage_at }, { "stats", 3, job_stats },
};

static const struct verb *find_verb(const struct job *j)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, j->words[0]) == 0 && j->n >= verbs[i].words)
			return &verbs[i];
	return NULL;
}

static enum op_verdict job_start(struct op *op)
{
	struct job *j = container_of(op, struct job, op);

	return find_verb(j)->run(j);
}

static const struct op_class job_class = { .name = "job" };

static int start_job(struct job *j)
{
	if (!find_verb(j))
		return -1;
	op_init(&j->op, &job_class, reactor, job_start);
	j->begun_us = reactor_now_us(reactor);
	list_add_tail(&jobs, &j->link);
	all_done = false;
	op_start(&j->op, on_job_end);
	if (deadline)
		op_set_deadline(&j->op, deadline);
	return 0;
}

/* ---- commands ---- */

static void cancel_all(void)
{
	list_for_each(l, &jobs)
		op_cancel(&list_entry(l, struct job, link)->op, GRPC_CANCELLED,
			  "the client has gone");
}

static void drop_privileges(void)
{
	cap_t none = cap_init();

	cap_set_proc(none);
	cap_free(none);
}

static void dump_to(struct buf *out)
{
	buf_init(out, 65536);
	block_dump(block, out);
	op_dump_text(reactor, out);
}

static void dump(void)
{
	struct buf out;

	dump_to(&out);
	printf("%s", buf_cstr(&out));
	fflush(stdout);
	buf_fini(&out);
}

static bool dump_has(const char *text)
{
	struct buf out;
	bool found;

	dump_to(&out);
	found = strstr(buf_cstr(&out), text);
	buf_fini(&out);
	return found;
}

/* Runs the loop, one short round at least, until the dump has text or has it no
 * more; a script that waits in vain sees "never". */
static void until(const char *text, bool wanted)
{
	int rounds = 3000;

	do
		reactor_advance(reactor, UNTIL_STEP_MS);
	while (dump_has(text) != wanted && --rounds > 0);
	printf("%s: %s\n", rounds > 0 ? "reached" : "never", text);
	fflush(stdout);
}

static void on_lost(void *ctx, const char *text)
{
	(void)ctx;
	printf("lost: %s\n", text);
	fflush(stdout);
}

/* Commands that are no acts. False: not one of them. */
static bool control(const struct job *j)
{
	const char *verb = j->words[0];
	int64_t arg = j->n > 1 ? atoll(j->words[1]) : 0;

	if (strcmp(verb, "wait") == 0)
		reactor_run_until(reactor, &all_done, 120000);
	else if (strcmp(verb, "until") == 0 || strcmp(verb, "until-not") == 0)
		until(j->n > 1 ? j->words[1] : "", strcmp(verb, "until") == 0);
	else if (strcmp(verb, "deadline") == 0)
		deadline = arg;
	else if (strcmp(verb, "cancel") == 0)
		cancel_all();
	else if (strcmp(verb, "kill-helper") == 0)
		kill(block_helper_pid(helper), (int)arg);
	else if (strcmp(verb, "drop") == 0)
		drop_privileges();
	else if (strcmp(verb, "dump") == 0)
		dump();
	else
		return false;
	return true;
}

static int command(char *line)
{
	struct job *j = xcalloc(1, sizeof(*j));
	char *save = NULL;
	int rc = 0;

	j->line = xstrdup(line);
	for (char *w = strtok_r(j->line, " \n", &save); w && j->n < WORDS_MAX;
	     w = strtok_r(NULL, " \n", &save))
		j->words[j->n++] = w;
	if (j->n && !control(j)) {
		rc = j->n > 1 ? start_job(j) : -1;
		if (rc == 0)
			return 0;
		fprintf(stderr, "blockctl: no command: %s", line);
	}
	free(j->line);
	free(j);
	return rc;
}

int main(int argc, char **argv)
{
	struct block_options opt = { .allow_loop = true, .on_helper_lost = on_lost,
				     .find_ms = 1000 };
	struct err err = { 0 };
	char line[8192];
	int c, rc = 0;

	while ((c = getopt(argc, argv, "lc:w:f:")) != -1) {
		if (c == 'l')
			opt.allow_loop = false;
		else if (c == 'c')
			opt.max_children = (uint32_t)atoi(optarg);
		else if (c == 'w')
			opt.max_writers = (uint32_t)atoi(optarg);
		else if (c == 'f')
			opt.find_ms = atoi(optarg);
		else
			return 2;
	}
	helper = block_helper_start(argv[optind], &err);
	if (!helper) {
		fprintf(stderr, "blockctl: %s\n", err_msg(&err));
		err_fini(&err);
		return 1;
	}
	reactor = reactor_new();
	block = block_new(reactor, helper, &opt);
	all_done = true;
	while (rc == 0 && fgets(line, sizeof(line), stdin))
		rc = command(line);
	reactor_run_until(reactor, &all_done, 120000);
	block_free(block);
	reactor_free(reactor);
	return rc ? 2 : 0;
}
