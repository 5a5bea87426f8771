# `operate database init` creates the databases and their three roles as this
# administrator.
resource "scaleway_rdb_instance" "main" {
  count = var.managed_postgresql ? 1 : 0

  name                = local.name
  engine              = "PostgreSQL-15"
  node_type           = var.postgresql.node_type
  volume_type         = "sbs_15k"
  volume_size_in_gb   = var.postgresql.volume_gb
  is_ha_cluster       = var.postgresql.standby
  encryption_at_rest  = true
  user_name           = "administrator"
  password_wo         = var.postgresql_password
  password_wo_version = var.postgresql_password_version
  tags                = local.tags

  disable_backup            = false
  backup_schedule_frequency = 24
  backup_schedule_retention = var.postgresql.retention_days
  backup_same_region        = false

  settings = {
    max_connections = local.max_connections
  }

  # Without a load_balancer block there is no public endpoint.
  private_network {
    pn_id       = scaleway_vpc_private_network.main.id
    enable_ipam = true
  }

  lifecycle {
    prevent_destroy = var.deletion_protection
  }
}

# Applies even if someone gives the instance a public endpoint.
resource "scaleway_rdb_acl" "main" {
  count = var.managed_postgresql ? 1 : 0

  instance_id = scaleway_rdb_instance.main[0].id

  acl_rules {
    ip          = var.subnet
    description = "cluster"
  }
}

locals {
  # The release command checks the connection budget against the same file.
  max_connections = yamldecode(file("${path.module}/../overlays/${var.environment}/database.yaml")).data["max-connections"]
}
