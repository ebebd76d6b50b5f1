#include "privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/str.h"

static int become(const char *name, struct err *err)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return err_set(err, GRPC_INVALID_ARGUMENT, "--user: there is no user \"%s\"", name);
	if (pw->pw_uid == geteuid())
		return 0;
	if (initgroups(name, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0)
		return err_set_errno(err, errno, "--user: cannot become \"%s\"", name);
	return 0;
}

/* Without CAP_SETPCAP the bounding set stays; no_new_privs makes it harmless. */
static void drop_bounding_set(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap);
}

static int drop_capabilities(struct err *err)
{
	cap_t none = cap_init();
	int rc = none ? cap_set_proc(none) : -1;

	if (rc < 0)
		err_set_errno(err, errno, "cannot drop capabilities");
	cap_free(none);
	return rc;
}

int privilege_drop(const char *user, struct err *err)
{
	drop_bounding_set();
	if (!cstr_empty(user) && become(user, err) < 0)
		return -1;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (drop_capabilities(err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set_errno(err, errno, "cannot set no_new_privs");
	return 0;
}
