environment         = "staging"
project_id          = "00000000-0000-0000-0000-000000000000"
deletion_protection = false

region         = "nl-ams"
zones          = ["nl-ams-1", "nl-ams-2", "nl-ams-3"]
subnet         = "172.16.4.0/22"
administrators = { office = "198.51.100.0/24" }

kubernetes_version = "1.36"
control_plane      = "kapsule"

functions_pool = { node_type = "POP2-2C-8G", minimum = 1, maximum = 2 }
data_pool      = { node_type = "POP2-4C-16G", size = 1 }

postgresql = { node_type = "DB-POP2-2C-8G", volume_gb = 20, standby = false, retention_days = 7 }

backup_bucket        = "sequential-questioning-staging-backups"
snapshot_bucket      = "sequential-questioning-staging-snapshots"
backup_region        = "fr-par"
backup_undelete_days = 7

state_bucket = "sequential-questioning-state"
state_region = "fr-par"
