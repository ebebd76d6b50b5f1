/* The options, one a line: the only list of them. The parser, --help, the
 * environment, the file and the checks of man page and sample all go by it.
 *
 * OPTION(member, TYPE, default, min, max, MODES, EFFECT, "ARG", help)
 *   member   of struct config; its name with '-' for '_' is the option's
 *   TYPE     STRING, BOOL, INT, MS (a duration as Go writes it), LIST (items with
 *            commas between them; adds up when given again)
 *   default  as text; min and max bound INT and MS
 *   MODES    ANY, CONTROLLER or NODE; the mode "all" has both
 *   EFFECT   USED
 *            INERT    accepted for command lines written for the Go driver: what
 *                     it switches is always so here, or of no consequence
 *            REFUSED  only its default is accepted: a user who asks for what this
 *                     version does not have must hear of it
 *            ONCE     command line only
 */
OPTION(endpoint, STRING, "unix://tmp/csi.sock", 0, 0, ANY, USED, "URL",
       "where CSI is served: unix:///path or tcp://host:port")
OPTION(debug_endpoint, STRING, "", 0, 0, ANY, USED, "URL",
       "where /healthz and /debug/{ops,ec2,ebs,block} are served by HTTP: unix:///path, or tcp:// with a loopback address; empty: nowhere")
OPTION(config, STRING, "", 0, 0, ANY, ONCE, "FILE",
       "read options from FILE instead of the usual place")
OPTION(logging_format, STRING, "text", 0, 0, ANY, USED, "FORMAT",
       "text or json")
OPTION(v, INT, "0", 0, 10, ANY, USED, "N",
       "verbosity: 4 and 5 add debug, 6 and more trace records")
OPTION(drain_timeout, MS, "25s", 0, 3600000, ANY, USED, "TIME",
       "how long running calls may go on after SIGTERM")
OPTION(user, STRING, "", 0, 0, ANY, USED, "NAME",
       "user to become after the start; empty: stay. Privileges are dropped in either case")
OPTION(version, BOOL, "false", 0, 0, ANY, ONCE, "", "print the version as JSON and exit")
OPTION(help, BOOL, "false", 0, 0, ANY, ONCE, "", "print this and exit")

OPTION(extra_tags, LIST, "", 0, 0, CONTROLLER, USED, "K=V,...",
       "tags of every volume created")
OPTION(extra_volume_tags, LIST, "", 0, 0, CONTROLLER, USED, "K=V,...",
       "deprecated name of --extra-tags; both are added")
OPTION(k8s_tag_cluster_id, STRING, "", 0, 0, CONTROLLER, USED, "ID",
       "tags volumes as owned by this Kubernetes cluster")
OPTION(warn_on_invalid_tag, BOOL, "false", 0, 0, CONTROLLER, USED, "",
       "skip a bad tag of a StorageClass with a warning instead of failing the call")
OPTION(user_agent_extra, STRING, "", 0, 0, CONTROLLER, USED, "TEXT",
       "added to the user agent of AWS calls")
OPTION(batching, BOOL, "true", 0, 0, CONTROLLER, INERT, "",
       "accepted; look-ups are always joined")
OPTION(modify_volume_request_handler_timeout, MS, "2s", 1, 3600000, CONTROLLER, INERT, "TIME",
       "accepted; this version does not modify volumes")

OPTION(metadata_sources, LIST, "imds,kubernetes", 0, 0, NODE, USED, "LIST",
       "where the node learns about itself, tried in this order: imds, env (which stands in for kubernetes)")
OPTION(volume_attach_limit, INT, "-1", -1, 65535, NODE, USED, "N",
       "volumes a node may have; -1: by its instance type")
OPTION(reserved_volume_attachments, INT, "-1", -1, 65535, NODE, USED, "N",
       "attachments taken by system disks; -1: as at the instance's start")
OPTION(legacy_xfs, BOOL, "false", 0, 0, NODE, USED, "",
       "format xfs so that kernels up to 5.4 can mount it")
OPTION(helper, STRING, "", 0, 0, NODE, USED, "FILE",
       "the program that mounts and formats; empty: ebs-csid-helper, beside this program or as installed")
OPTION(allow_loop_devices, BOOL, "false", 0, 0, NODE, USED, "",
       "take a loop device for the volume that its backing file is named after (simulator)")
OPTION(csi_mount_point_prefix, STRING, "", 0, 0, NODE, INERT, "PATH",
       "accepted; selects devices for metrics, which this version does not have")

OPTION(logtostderr, BOOL, "false", 0, 0, ANY, INERT, "",
       "accepted; the log always goes to standard error")
OPTION(log_flush_frequency, MS, "5s", 0, 3600000, ANY, INERT, "TIME",
       "accepted; every record is written at once")
OPTION(vmodule, STRING, "", 0, 0, ANY, REFUSED, "LIST",
       "verbosity by file; use --v")
OPTION(http_endpoint, STRING, "", 0, 0, ANY, REFUSED, "ADDRESS",
       "metrics; see --debug-endpoint for health")
OPTION(metrics_cert_file, STRING, "", 0, 0, ANY, REFUSED, "FILE", "metrics")
OPTION(metrics_key_file, STRING, "", 0, 0, ANY, REFUSED, "FILE", "metrics")
OPTION(enable_otel_tracing, BOOL, "false", 0, 0, ANY, REFUSED, "", "tracing")
OPTION(kubeconfig, STRING, "", 0, 0, ANY, REFUSED, "FILE", "the Kubernetes API")
OPTION(aws_sdk_debug_log, BOOL, "false", 0, 0, CONTROLLER, REFUSED, "",
       "AWS calls with their bodies; --v=6 logs each call without")
OPTION(deprecated_metrics, BOOL, "false", 0, 0, CONTROLLER, REFUSED, "", "metrics")
OPTION(enable_node_local_volumes, BOOL, "false", 0, 0, CONTROLLER, REFUSED, "",
       "local-ebs:// volume handles")
OPTION(windows_host_process, BOOL, "false", 0, 0, NODE, REFUSED, "", "Windows")
