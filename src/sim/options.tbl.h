/* Options of ebs-csi-sim.
 *
 * SIM_OPTION(member, "name", "VALUE", default, help) */
SIM_OPTION(listen, "listen", "ENDPOINT", "tcp://127.0.0.1:4566",
	   "where EC2 and /_sim/ are served; port 0 takes a free one")
SIM_OPTION(imds_listen, "imds-listen", "ENDPOINT", NULL,
	   "where the local instance's metadata service is served")
SIM_OPTION(region, "region", "NAME", "us-east-1", "the region simulated")
SIM_OPTION(zones, "zones", "NAME,...", NULL, "its zones; default: REGIONa, REGIONb, REGIONc")
SIM_OPTION(instances, "instances", "N | ID[:TYPE[:ZONE]],... | @FILE", "1",
	   "running instances at the start; a file has a line or a JSON object each")
SIM_OPTION(local_instance, "local-instance", "ID", NULL,
	   "the instance this machine plays: owner of the metadata service and of the "
	   "loop devices; default: the first one")
SIM_OPTION(disk_dir, "disk-dir", "DIR", NULL,
	   "back volumes by files there, and attached ones of the local instance by loop "
	   "devices (needs root)")
SIM_OPTION(profile, "profile", "FILE", NULL,
	   "latencies, state times, buckets and quotas in JSON; default: what sim-ec2.json "
	   "says")
SIM_OPTION(latency, "latency", "none | default | FACTOR", "default", "latency of the API: "
	   "the profile's times FACTOR")
SIM_OPTION(states, "states", "none | default | FACTOR", "default",
	   "time that creating, attaching, detaching and deleting take: the profile's times "
	   "FACTOR")
SIM_OPTION(buckets, "buckets", "off | default | FACTOR", "default",
	   "token buckets of the API, capacity and refill times FACTOR")
SIM_OPTION(max_volumes, "max-volumes", "N", NULL,
	   "quota of volumes; 0: none; default: the profile's, which is none")
SIM_OPTION(seed, "seed", "N", "1", "of everything random")
SIM_OPTION(state, "state", "FILE", NULL,
	   "go on from this state if the file is there, and save it there at the end and at "
	   "POST /_sim/save")
SIM_OPTION(faults, "faults", "FILE", NULL, "JSON as for POST /_sim/faults")
SIM_OPTION(access_key, "access-key", "ID", NULL, "the only key accepted; default: any")
SIM_OPTION(secret_key, "secret-key", "SECRET", NULL,
	   "verify signatures with it; default: they must only be there")
SIM_OPTION(session_token, "session-token", "TOKEN", NULL,
	   "the session token requests must carry; default: any or none")
SIM_OPTION(role, "role", "NAME", "ebs-csid", "role of the local instance; empty: none")
SIM_OPTION(role_life, "role-life", "DURATION", "6h", "life of its credentials")
SIM_OPTION(verbosity, "v", "LEVEL", "2", "0-3 little, 4-5 each call, 6 more")
