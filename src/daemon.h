/* The daemon: builds the long-lived objects, runs the loop, takes them down. */
#ifndef DAEMON_H
#define DAEMON_H

/* What main does; the process's exit status. */
int daemon_main(int argc, char **argv);

#endif
