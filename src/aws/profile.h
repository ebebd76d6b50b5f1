/* The shared AWS files, ~/.aws/credentials and ~/.aws/config: profiles and
 * their settings. Read by a reader of our own, since inih as Debian builds it
 * cuts lines at 200 bytes without a word, and a session token is longer. */
#ifndef AWS_PROFILE_H
#define AWS_PROFILE_H

#include <stdbool.h>

#include "base/buf.h"

#define AWS_FILE_MAX (1u << 20)	/* bytes of one file */

enum aws_file { AWS_FILE_CREDENTIALS, AWS_FILE_CONFIG };

struct aws_profiles;

/* Reads both files where the environment says they are. A file that is missing
 * or cannot be read is an empty one; aws_profiles_trouble tells why. Small local
 * files: read at once. Never NULL. */
struct aws_profiles *aws_profiles_load(void);
void aws_profiles_free(struct aws_profiles *p);

/* The profile in force: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". */
const char *aws_profile_name(void);
bool aws_profile_is_explicit(void);	/* named by the environment */

const char *aws_profiles_path(const struct aws_profiles *p, enum aws_file file);
/* NULL when the file could be read; else "cannot be opened: …". */
const char *aws_profiles_trouble(const struct aws_profiles *p, enum aws_file file);

/* Values belong to p. NULL: not set. */
bool aws_profile_exists(const struct aws_profiles *p, const char *profile);
const char *aws_profile_get_from(const struct aws_profiles *p, enum aws_file file,
				 const char *profile, const char *key);
/* From both files; the credentials file wins. */
const char *aws_profile_get(const struct aws_profiles *p, const char *profile,
			    const char *key);
/* Of the service in the [services NAME] section the profile names. */
const char *aws_profile_get_service(const struct aws_profiles *p, const char *profile,
				    const char *service, const char *key);

#endif
