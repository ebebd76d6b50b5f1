#include "story.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sim/model.h"

static struct story_event *event(const struct story *s, unsigned int back)
{
	return &s->v[(s->n - back) % STORY_EVENTS];
}

static bool same(const struct story_event *a, const struct story_event *b)
{
	return a->what == b->what && a->node == b->node && a->code == b->code;
}

/* call, answer, call, the same answer: the first two tell it. */
static void fold(struct story *s)
{
	struct story_event *last;

	if (s->n < 4 || event(s, 1)->code <= 0 || !same(event(s, 1), event(s, 3)) ||
	    !same(event(s, 2), event(s, 4)))
		return;
	last = event(s, 3);
	last->again++;
	last->until = event(s, 1)->at;
	s->n -= 2;
}

void story_add(struct story *s, int64_t at, const char *what, const char *node, int code,
	       const char *text)
{
	struct story_event *e;

	if (!s->v)
		s->v = xcalloc(STORY_EVENTS, sizeof(*s->v));
	e = &s->v[s->n++ % STORY_EVENTS];
	e->at = at;
	e->what = what;
	e->node = node;
	e->code = code;
	e->text[0] = '\0';
	e->again = 0;
	if (!cstr_empty(text))
		snprintf(e->text, sizeof(e->text), "%s", text);
	fold(s);
}

void story_fini(struct story *s)
{
	free(s->v);
	*s = (struct story){0};
}

static void tell_event(const struct story_event *e, struct buf *out)
{
	buf_printf(out, "  %10.3f client %s%s%s", (double)e->at / 1000, e->what,
		   e->node ? " " : "", cstr_or(e->node, ""));
	if (e->code >= 0)
		buf_printf(out, " = %s", grpc_code_name((enum grpc_code)e->code));
	buf_printf(out, "%s%s\n", e->text[0] ? ": " : "", e->text);
	if (e->again)
		buf_printf(out, "  %10s        (%u times more, until %.3f)\n", "", e->again,
			   (double)e->until / 1000);
}

/* A line of the model's story begins with its time in ms. */
static bool next_line(struct str *rest, int64_t *at, struct str *text)
{
	struct str line = str_cut(rest, '\n'), first;
	char digits[24];

	if (line.n == 0)
		return false;
	*text = line;
	first = str_cut(text, ' ');
	snprintf(digits, sizeof(digits), "%.*s", STR(first));
	*at = strtoll(digits, NULL, 10);
	return true;
}

void story_tell(const struct story *s, const struct sim_model *m, const char *volume,
		struct buf *out)
{
	unsigned int i = s->n > STORY_EVENTS ? s->n - STORY_EVENTS : 0;
	struct str rest, text;
	struct buf ec2;
	int64_t at;
	bool more;

	buf_init(&ec2, 1 << 20);
	if (*volume)
		sim_model_story(m, volume, &ec2);
	rest = buf_view(&ec2);
	more = next_line(&rest, &at, &text);
	while (i < s->n || more) {
		if (more && (i == s->n || at < s->v[i % STORY_EVENTS].at)) {
			buf_printf(out, "  %10.3f EC2    %.*s\n", (double)at / 1000, STR(text));
			more = next_line(&rest, &at, &text);
		} else {
			tell_event(&s->v[i++ % STORY_EVENTS], out);
		}
	}
	buf_fini(&ec2);
}
