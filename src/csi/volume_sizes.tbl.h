/* Least and largest volume by type, GiB (EC2 CreateVolume). */
VOLUME_SIZE("gp3", 1, 65536)
VOLUME_SIZE("gp2", 1, 16384)
VOLUME_SIZE("io1", 4, 16384)
VOLUME_SIZE("io2", 4, 65536)
VOLUME_SIZE("st1", 125, 16384)
VOLUME_SIZE("sc1", 125, 16384)
VOLUME_SIZE("standard", 1, 1024)
