environment = "prod"
project_id  = "00000000-0000-0000-0000-000000000000"

region         = "nl-ams"
zones          = ["nl-ams-1", "nl-ams-2", "nl-ams-3"]
subnet         = "172.16.0.0/22"
administrators = { office = "198.51.100.0/24" }

kubernetes_version = "1.36"
control_plane      = "kapsule-dedicated-4"

# 3 to 12 nodes of 4 vCPU and 16 GB.
functions_pool = { node_type = "POP2-4C-16G", minimum = 1, maximum = 4 }

# 3 nodes of 16 vCPU and 64 GB. Each holds one Qdrant (8 vCPU, 32 GB) and one
# PostgreSQL (4 vCPU, 16 GB), and has room for what every node runs.
data_pool = { node_type = "POP2-16C-64G", size = 1 }

# 4 vCPU and 16 GB.
postgresql = { node_type = "DB-POP2-4C-16G", volume_gb = 100, standby = true, retention_days = 30 }

backup_bucket   = "sequential-questioning-backups"
snapshot_bucket = "sequential-questioning-snapshots"
backup_region   = "fr-par"

state_bucket = "sequential-questioning-state"
state_region = "fr-par"
