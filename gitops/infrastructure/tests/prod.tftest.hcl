# The provider's plan for prod.tfvars. While nothing exists it needs no API.

run "the_cluster_is_a_supported_version_with_a_control_plane_of_its_own" {
  command = plan

  assert {
    condition     = scaleway_k8s_cluster.main.version == "1.36" && scaleway_k8s_cluster.main.auto_upgrade[0].enable
    error_message = "Not Kubernetes 1.36 with its patches."
  }

  assert {
    condition     = startswith(scaleway_k8s_cluster.main.type, "kapsule-dedicated-")
    error_message = "The control plane is shared."
  }

  assert {
    condition     = scaleway_k8s_cluster.main.cni == "cilium"
    error_message = "Not a network plugin that is known to enforce NetworkPolicies."
  }
}

run "functions_have_three_nodes_in_three_zones_and_the_autoscaler_adds_more" {
  command = plan

  assert {
    condition     = keys(scaleway_k8s_pool.functions) == ["nl-ams-1", "nl-ams-2", "nl-ams-3"]
    error_message = "Not a pool in each zone."
  }

  assert {
    condition     = alltrue([for pool in scaleway_k8s_pool.functions : pool.autoscaling && pool.autohealing && pool.max_size > pool.min_size])
    error_message = "A pool of functions does not scale or heal."
  }

  assert {
    condition     = sum([for pool in scaleway_k8s_pool.functions : pool.min_size]) >= 3
    error_message = "Fewer than three nodes."
  }
}

run "each_zone_has_a_node_that_holds_a_Qdrant_of_8_vCPU_and_32_GB_and_a_PostgreSQL_of_4_vCPU_and_16_GB" {
  command = plan

  assert {
    condition     = keys(scaleway_k8s_pool.data) == ["nl-ams-1", "nl-ams-2", "nl-ams-3"]
    error_message = "Not a pool in each zone."
  }

  # The name of a type has its size: POP2-16C-64G.
  assert {
    condition = alltrue([for pool in scaleway_k8s_pool.data :
      tonumber(regex("-([0-9]+)C-", pool.node_type)[0]) >= 8 + 4 + 1 && tonumber(regex("-([0-9]+)G$", pool.node_type)[0]) >= 32 + 16 + 8
    ])
    error_message = "A data node is too small for both and what every node runs."
  }

  assert {
    condition     = alltrue([for pool in scaleway_k8s_pool.data : !pool.autoscaling && pool.size >= 1 && pool.autohealing])
    error_message = "The number of data nodes moves."
  }

  # Only data pods may be bound to data nodes.
  assert {
    condition     = alltrue([for pool in scaleway_k8s_pool.data : one(pool.taints).effect == "PreferNoSchedule"])
    error_message = "Qdrant and PostgreSQL would need a toleration."
  }
}

run "a_volume_has_15000_operations_a_second_and_stays_when_its_claim_goes" {
  command = plan

  assert {
    condition     = yamldecode(output.storage_class).parameters.iops == "15000" && yamldecode(output.storage_class).reclaimPolicy == "Retain"
    error_message = "Slow volumes, or volumes that go with their claims."
  }

  assert {
    condition     = yamldecode(output.storage_class).volumeBindingMode == "WaitForFirstConsumer"
    error_message = "A volume could be made in a zone that its pod is not in."
  }

  assert {
    condition     = !scaleway_k8s_cluster.main.delete_additional_resources
    error_message = "Volumes go with the cluster."
  }
}

run "neither_nodes_nor_backups_are_public" {
  command = plan

  assert {
    condition     = alltrue([for pool in concat(values(scaleway_k8s_pool.functions), values(scaleway_k8s_pool.data)) : pool.public_ip_disabled])
    error_message = "A node has a public address."
  }

  assert {
    condition     = !scaleway_vpc_public_gateway.main.bastion_enabled
    error_message = "The gateway has a bastion."
  }

  assert {
    condition     = scaleway_object_bucket_acl.backups.acl == "private" && scaleway_object_bucket_acl.snapshots.acl == "private"
    error_message = "The backups are not private."
  }
}

run "backups_are_versioned_encrypted_and_can_be_brought_back_for_30_days" {
  command = plan

  assert {
    condition     = scaleway_object_bucket.backups.versioning[0].enabled && !scaleway_object_bucket.backups.force_destroy
    error_message = "A backup can be lost at once."
  }

  assert {
    condition     = one([for rule in scaleway_object_bucket.backups.lifecycle_rule : rule.noncurrent_version_expiration[0].noncurrent_days if rule.id == "removed"]) == 30
    error_message = "Not 30 days."
  }

  assert {
    condition     = alltrue([for rule in scaleway_object_bucket.backups.lifecycle_rule : alltrue([for expiration in rule.expiration : expiration.days == null && expiration.date == null])])
    error_message = "The bucket removes backups by age, and so could part a base backup from its WAL."
  }

  assert {
    condition     = one(one(scaleway_object_bucket_server_side_encryption_configuration.backups.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Not encrypted."
  }
}

run "snapshots_go_by_age" {
  command = plan

  assert {
    condition     = one(scaleway_object_bucket.snapshots.lifecycle_rule[0].expiration).days == 30
    error_message = "Snapshots stay for ever, or go too soon."
  }
}

run "who_writes_backups_cannot_change_the_bucket" {
  command = plan

  assert {
    condition     = alltrue([for name in one(scaleway_iam_policy.backups.rule).permission_set_names : startswith(name, "ObjectStorageObjects") || name == "ObjectStorageBucketsRead"])
    error_message = "More than objects."
  }

  assert {
    condition     = one(scaleway_iam_policy.backups.rule).project_ids == tolist([var.project_id])
    error_message = "Not of this project alone."
  }
}

run "PostgreSQL_is_CloudNativePGs_and_no_name_is_at_Scaleway_unless_said" {
  command = plan

  assert {
    condition     = length(scaleway_rdb_instance.main) == 0 && length(scaleway_rdb_acl.main) == 0 && output.postgresql == null
    error_message = "There is a managed PostgreSQL."
  }

  assert {
    condition     = length(scaleway_domain_record.gateway) == 0
    error_message = "There is a record."
  }
}

run "a_managed_PostgreSQL_15_has_4_vCPU_16_GB_100_GB_a_standby_and_the_connections_that_the_budget_counts_on" {
  command = plan

  variables {
    managed_postgresql  = true
    postgresql_password = "only-for-this-test"
  }

  assert {
    condition     = scaleway_rdb_instance.main[0].engine == "PostgreSQL-15"
    error_message = "Not PostgreSQL 15."
  }

  assert {
    condition     = endswith(scaleway_rdb_instance.main[0].node_type, "-4C-16G") && scaleway_rdb_instance.main[0].volume_size_in_gb == 100
    error_message = "Not the size of the plan."
  }

  assert {
    condition     = scaleway_rdb_instance.main[0].is_ha_cluster && scaleway_rdb_instance.main[0].encryption_at_rest
    error_message = "No standby, or not encrypted."
  }

  assert {
    condition     = scaleway_rdb_instance.main[0].settings["max_connections"] == "400"
    error_message = "Not the 400 of gitops/overlays/prod/database.yaml."
  }
}

run "a_managed_PostgreSQL_is_backed_up_daily_to_another_region_for_30_days" {
  command = plan

  variables {
    managed_postgresql  = true
    postgresql_password = "only-for-this-test"
  }

  assert {
    condition     = !scaleway_rdb_instance.main[0].disable_backup && scaleway_rdb_instance.main[0].backup_schedule_frequency == 24
    error_message = "No daily backup."
  }

  assert {
    condition     = scaleway_rdb_instance.main[0].backup_schedule_retention == 30 && !scaleway_rdb_instance.main[0].backup_same_region
    error_message = "Not for 30 days, or not in another region."
  }
}

run "a_managed_PostgreSQL_answers_only_the_clusters_network" {
  command = plan

  variables {
    managed_postgresql  = true
    postgresql_password = "only-for-this-test"
  }

  # Without a load_balancer block, and with a private endpoint, the provider creates no
  # public one.
  assert {
    condition     = length(scaleway_rdb_instance.main[0].private_network) == 1 && scaleway_rdb_instance.main[0].private_network[0].enable_ipam
    error_message = "No private endpoint."
  }

  assert {
    condition     = [for rule in scaleway_rdb_acl.main[0].acl_rules : rule.ip] == ["172.16.0.0/22"]
    error_message = "Others are let in."
  }
}

run "an_identity_provider_says_who_is_in_which_group" {
  command = plan

  variables {
    identity_provider = { issuer_url = "https://issuer.example.com", client_id = "kubernetes" }
  }

  assert {
    condition     = scaleway_k8s_cluster.main.open_id_connect_config[0].groups_claim == tolist(["groups"])
    error_message = "The groups of policies/rbac have no members."
  }
}

run "a_zone_at_Scaleway_gets_the_gateways_record" {
  command = plan

  variables {
    dns_zone = "example.com"
  }

  assert {
    condition     = scaleway_domain_record.gateway[0].name == "questions" && scaleway_domain_record.gateway[0].type == "A"
    error_message = "No record for questions.example.com."
  }
}
