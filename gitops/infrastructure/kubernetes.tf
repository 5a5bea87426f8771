resource "scaleway_k8s_cluster" "main" {
  name               = local.name
  type               = var.control_plane
  version            = var.kubernetes_version
  cni                = "cilium" # enforces policies/network
  private_network_id = scaleway_vpc_private_network.main.id
  tags               = local.tags

  # Delete volumes with the cluster only in environments that may be destroyed.
  delete_additional_resources = !var.deletion_protection

  auto_upgrade {
    enable                        = true
    maintenance_window_day        = "tuesday"
    maintenance_window_start_hour = 3
  }

  autoscaler_config {
    balance_similar_node_groups   = true
    expander                      = "least_waste"
    ignore_daemonsets_utilization = true
    scale_down_unneeded_time      = "10m"
  }

  dynamic "open_id_connect_config" {
    for_each = var.identity_provider[*]

    content {
      issuer_url   = open_id_connect_config.value.issuer_url
      client_id    = open_id_connect_config.value.client_id
      groups_claim = [open_id_connect_config.value.groups_claim]
    }
  }

  lifecycle {
    prevent_destroy = var.deletion_protection
  }
}

# Until this exists, a new cluster's API is open to the whole internet.
resource "scaleway_k8s_acl" "main" {
  cluster_id = scaleway_k8s_cluster.main.id

  acl_rules {
    ip          = "${scaleway_vpc_public_gateway_ip.main.address}/32"
    description = "nodes"
  }

  dynamic "acl_rules" {
    for_each = var.administrators

    content {
      ip          = acl_rules.value
      description = acl_rules.key
    }
  }
}

# A pool for each zone, because a volume is in one zone and its pod cannot leave it.
resource "scaleway_k8s_pool" "functions" {
  for_each = toset(var.zones)

  cluster_id             = scaleway_k8s_cluster.main.id
  name                   = "functions-${each.key}"
  zone                   = each.key
  node_type              = var.functions_pool.node_type
  size                   = var.functions_pool.minimum
  min_size               = var.functions_pool.minimum
  max_size               = var.functions_pool.maximum
  autoscaling            = true
  autohealing            = true
  public_ip_disabled     = true
  root_volume_type       = "sbs_5k"
  root_volume_size_in_gb = 50
  labels                 = { "sequential-questioning/pool" = "functions" }
  tags                   = local.tags

  upgrade_policy {
    max_surge       = 1
    max_unavailable = 0
  }

  depends_on = [scaleway_vpc_gateway_network.main]
}

resource "scaleway_k8s_pool" "data" {
  for_each = toset(var.zones)

  cluster_id             = scaleway_k8s_cluster.main.id
  name                   = "data-${each.key}"
  zone                   = each.key
  node_type              = var.data_pool.node_type
  size                   = var.data_pool.size
  min_size               = var.data_pool.size
  max_size               = var.data_pool.size
  autoscaling            = false
  autohealing            = true
  public_ip_disabled     = true
  root_volume_type       = "sbs_5k"
  root_volume_size_in_gb = 50
  labels                 = { "sequential-questioning/pool" = "data" }
  tags                   = local.tags

  # Preferred, not required: pods that fit elsewhere are scheduled elsewhere. Qdrant and
  # PostgreSQL only fit here and need no toleration.
  taints {
    key    = "sequential-questioning/pool"
    value  = "data"
    effect = "PreferNoSchedule"
  }

  upgrade_policy {
    max_surge       = 0
    max_unavailable = 1
  }

  depends_on = [scaleway_vpc_gateway_network.main]

  lifecycle {
    prevent_destroy = var.deletion_protection
  }
}
