/* Messages to the service manager (sd_notify protocol); no-ops when
 * NOTIFY_SOCKET is not set. */
#ifndef REACTOR_NOTIFY_H
#define REACTOR_NOTIFY_H

void notify_ready(const char *status);
void notify_stopping(void);

#endif
