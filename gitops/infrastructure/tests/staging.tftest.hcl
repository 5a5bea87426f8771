# The plan for staging.tfvars: like production, but smaller.

run "it_has_productions_zones_version_and_walls" {
  command = plan

  assert {
    condition     = length(scaleway_k8s_pool.functions) == 3 && length(scaleway_k8s_pool.data) == 3
    error_message = "Not the shape of production."
  }

  assert {
    condition     = scaleway_k8s_cluster.main.version == "1.36"
    error_message = "Not production's Kubernetes."
  }

  assert {
    condition     = alltrue([for pool in concat(values(scaleway_k8s_pool.functions), values(scaleway_k8s_pool.data)) : pool.public_ip_disabled])
    error_message = "A node has a public address."
  }

  assert {
    condition     = scaleway_object_bucket.backups.versioning[0].enabled
    error_message = "Backups are not versioned."
  }
}

run "it_can_be_torn_down_with_everything_in_it" {
  command = plan

  assert {
    condition     = scaleway_k8s_cluster.main.delete_additional_resources && yamldecode(output.storage_class).reclaimPolicy == "Delete"
    error_message = "Volumes would stay."
  }
}

run "a_managed_PostgreSQL_is_small_backed_up_all_the_same_and_allows_what_stagings_budget_counts_on" {
  command = plan

  variables {
    managed_postgresql  = true
    postgresql_password = "only-for-this-test"
  }

  assert {
    condition     = scaleway_rdb_instance.main[0].engine == "PostgreSQL-15" && !scaleway_rdb_instance.main[0].disable_backup
    error_message = "Not PostgreSQL 15 with backups."
  }

  assert {
    condition     = scaleway_rdb_instance.main[0].settings["max_connections"] == "300"
    error_message = "Not the 300 of gitops/overlays/staging/database.yaml."
  }
}
