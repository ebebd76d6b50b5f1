/* What takes EC2 time after its call was answered.
 *
 * SIM_TIMED(ID, name) */
SIM_TIMED(CREATE, "create")
SIM_TIMED(ATTACH, "attach")
SIM_TIMED(DETACH, "detach")
SIM_TIMED(DELETE, "delete")
