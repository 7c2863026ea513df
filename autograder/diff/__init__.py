"""Shows where a submission's behaviour leaves that of the reference, stage by stage."""
