/* What is followed over time: one plot each.
 *
 * TIMELINE(id, KIND, title, unit, scale)
 *   KIND   what one point says of its stretch of time:
 *          MEAN   mean of the values put there
 *          PEAK   greatest of them
 *          EVENTS their sum by seconds: each put adds so many events
 *   scale  values are kept in base units and divided by this for people
 */
TIMELINE(states, MEAN, "Volumes by state", "volumes", 1)
TIMELINE(in_flight, PEAK, "RPCs in flight", "RPCs", 1)
TIMELINE(rpcs, EVENTS, "RPCs answered", "a second", 1)
TIMELINE(ec2_calls, EVENTS, "EC2 calls", "a second", 1)
TIMELINE(buckets, MEAN, "Tokens in EC2's buckets", "tokens", 1)
TIMELINE(memory, PEAK, "Memory of the driver", "MiB", 1048576)
TIMELINE(cpu, MEAN, "CPU of the driver", "% of one core", 1)
TIMELINE(lag, PEAK, "Loop lag", "ms", 1000)
