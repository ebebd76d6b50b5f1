/* EBS volume types and their IOPS (EC2's published limits, August 2026).
 *
 * VOLUME_TYPE(name, least IOPS, most, most per GiB, multi-attach)
 * 0: not provisioned, no limit is applied. Some places enforce lower maxima;
 * EC2's refusal names them and is obeyed then. */
VOLUME_TYPE("gp3", 3000, 80000, 500, false)
VOLUME_TYPE("io1", 100, 64000, 50, false)
VOLUME_TYPE("io2", 100, 256000, 1000, true)
VOLUME_TYPE("gp2", 0, 0, 0, false)
VOLUME_TYPE("st1", 0, 0, 0, false)
VOLUME_TYPE("sc1", 0, 0, 0, false)
VOLUME_TYPE("standard", 0, 0, 0, false)
